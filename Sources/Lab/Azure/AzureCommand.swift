// The verbs of hopshift-lab that the lab itself starts, each a process of the simulated platform.

import Linux
import Model
import Platform

/// `route-server`, `fabric`, `relay` and `rest`. People have no use for them: they run inside
/// namespaces that a lab has made.
enum AzureCommand {
  static let verbs = ["route-server", "fabric", "relay", "rest"]

  /// Nil when the words are not understood; else it has run to its end.
  static func run(_ verb: String, _ words: [String]) throws(LabError) -> Int32? {
    var words = words
    guard let control = take("--control", from: &words) else { return nil }
    if verb == "rest" { return try rest(&words, control) }
    do throws(Errno) {
      switch verb {
      case "route-server": return try routeServer(&words, control)
      case "fabric":
        guard let wiring = FabricWiring.read(&words), words.isEmpty else { return nil }
        try FabricLoop(wiring, control: control).run()
        return 0
      case "relay": return try relay(&words, control)
      default: return nil
      }
    } catch {
      throw .system(error, doing: verb)
    }
  }

  private static func routeServer(_ words: inout [String], _ control: String) throws(Errno)
    -> Int32?
  {
    let fabric = take("--fabric", from: &words)
    guard let settings = ServerWords.settings(from: &words), words.isEmpty else { return nil }
    try RouteServerLoop(settings, control: control, fabric: fabric).run()
    return 0
  }

  private static func rest(_ words: inout [String], _ control: String) throws(LabError) -> Int32? {
    let fabric = take("--fabric", from: &words)
    guard let authority = take("--authority", from: &words),
      let settings = RestSettings.read(&words), words.isEmpty
    else { return nil }
    try RestLoop(settings, control: control, authority: authority, fabric: fabric).run()
    return 0
  }

  private static func relay(_ words: inout [String], _ control: String) throws(Errno) -> Int32? {
    let namespace = take("--tap-in", from: &words)
    guard let host = take("--host", from: &words),
      let network = take("--network", from: &words),
      let seed = take("--seed", from: &words).flatMap({ UInt64($0) }), words.isEmpty
    else { return nil }
    try RelayLoop(
      host: host, tapIn: namespace, network: network, seed: seed, control: control
    ).run()
    return 0
  }

  /// The value behind a word, both taken out.
  private static func take(_ name: String, from words: inout [String]) -> String? {
    guard let place = words.firstIndex(of: name), place + 1 < words.count else { return nil }
    let value = words[place + 1]
    words.removeSubrange(place...(place + 1))
    return value
  }
}
