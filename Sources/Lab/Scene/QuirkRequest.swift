// A quirk of the route servers that is changed while they run, and how a scene does it.

import Model
import Platform

/// `NAME VALUE [INSTANCE]`, as the command line and scenarios have it.
package struct QuirkRequest: Equatable, Sendable {
  package var name: String
  package var value: String
  /// One route server; nil: all.
  package var instance: String?

  package init(_ words: [String]) throws(LabError) {
    guard words.count == 2 || words.count == 3 else {
      throw .unsuitable("quirk NAME VALUE [INSTANCE]")
    }
    var quirks = Quirks()
    try quirks.change(words[0], words[1])
    name = words[0]
    value = words[1]
    instance = words.count == 3 ? words[2] : nil
  }
}

extension Quirks {
  /// `set`, with an error for a person.
  mutating func change(_ name: String, _ value: String) throws(LabError) {
    guard Quirks.names.contains(name) else {
      throw .unsuitable(
        "'\(name)' is no quirk; there are: \(Quirks.names.joined(separator: " "))")
    }
    guard set(name, value) else { throw .unsuitable("'\(value)' is no value of \(name)") }
  }
}

extension Scene {
  /// What the platform adds to whoever plays the route servers.
  private static let collected = ["programming", "damping"]

  /// Changes a quirk of one route server or of all, as it runs.
  package func change(_ quirk: QuirkRequest) throws(LabError) {
    guard let platform = network.platform, !platform.instances.isEmpty else {
      throw .unsuitable("quirks are those of the simulated platform's route servers")
    }
    if let collector = platform.collector {
      guard Scene.collected.contains(quirk.name), quirk.instance == nil else {
        let names = Scene.collected.joined(separator: " and ")
        throw .unsuitable("with real speakers only \(names) can be changed, and of all at once")
      }
      return try collector.set(quirk.name, quirk.value)
    }
    let chosen = platform.simulated.filter { quirk.instance ?? $0.name == $0.name }
    if chosen.isEmpty {
      let names = platform.simulated.map(\.name).joined(separator: " ")
      throw .unsuitable("'\(quirk.instance ?? "")' is no route server; there are: \(names)")
    }
    for server in chosen { try server.set(quirk.name, quirk.value) }
  }
}
