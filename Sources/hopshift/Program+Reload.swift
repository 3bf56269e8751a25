// The verbs `reload` and `config`: another configuration, and what it would change.

import Configuration
import Console
import Control
import Engine
import Linux
import Metrics
import Model
import YAML

extension Program {
  /// A file with errors is answered as `check` answers it.
  mutating func reload(
    _ command: ReloadCommand, _ socket: String
  ) throws(Trouble) -> ExitCode {
    var records: [Record] = []
    var client = try Client(socket: socket, verb: .reload, words: command.words)
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if command.json { write(answers) }
    }
    let report = ReloadReport(records)
    if !command.json {
      output.writeErrors(report.problems)
      output.write(report.text)
    }
    try Program.accept(client.end)
    return .ok
  }

  /// Compares a file with what the daemon follows.
  mutating func compare(
    _ command: ConfigCommand, _ socket: String
  ) throws(Trouble) -> ExitCode {
    let file: String
    if let named = command.file { file = named } else { file = try followedFile(socket) }
    let (_, read, code) = examine(file, json: command.json, for: "config")
    guard let plan = read else { return code }
    let followed = try ask(.configuration, [], false, socket)
      .compactMap { $0.string("text") }.joined()
    guard let running = Program.report(Array(followed.utf8)).plan else {
      throw .garbled("a configuration that this version does not understand")
    }
    let differences = Configuration.differences(from: running, to: plan)
    let consequences = Consequences(from: running, to: plan)
    if command.json {
      write(differences, consequences)
    } else if differences.isEmpty {
      output.write("nothing would change\n")
    } else {
      for difference in differences { output.write(Program.line(difference)) }
      output.write("\n" + consequences.text)
    }
    return .ok
  }

  /// The file that a reload would read.
  private mutating func followedFile(_ socket: String) throws(Trouble) -> String {
    let file = DaemonMetrics(try ask(.metrics, [], false, socket)).configuration
    guard let file, file.hasPrefix("/") else {
      throw .garbled("no word of where the file is that the daemon reads")
    }
    return file
  }

  private mutating func write(_ differences: [Difference], _ consequences: Consequences) {
    for difference in differences {
      var record = JSONLine(id: "config", type: "difference")
      record.add("path", difference.path)
      record.add("before", difference.before)
      record.add("after", difference.after)
      write(record)
    }
    for sentence in consequences.lines where !differences.isEmpty {
      var record = JSONLine(id: "config", type: "consequence")
      record.add("sentence", sentence)
      write(record)
    }
  }

  private static func line(_ difference: Difference) -> String {
    let path = Printable.clean(difference.path)
    switch (difference.before, difference.after) {
    case (let before?, let after?): return "  \(path): \(before) -> \(after)\n"
    case (nil, let after?): return "+ \(path): \(after)\n"
    case (let before, nil): return "- \(path): \(before ?? "")\n"
    }
  }
}

/// What a reload would do, for people.
struct Consequences {
  private(set) var lines: [String] = []

  init(from old: Plan, to new: Plan) {
    let obstacles = Succession.obstacles(from: old, to: new)
    for obstacle in obstacles {
      lines.append("it cannot be reloaded: \(obstacle.sentence)")
    }
    let succession = Succession(from: old, to: new)
    sessions(old, new, succession)
    for place in old.vips.indices where !succession.vips.contains(place) {
      let prefixes = old.vips[place].prefixes.filter { prefix in
        !new.vips.contains { $0.prefixes.contains(prefix) }
      }
      let fate = prefixes.isEmpty ? "its prefixes are another's" : "its routes are withdrawn"
      lines.append("VIP \(old.vips[place].name) goes: \(fate)")
    }
    for (place, former) in succession.vips.enumerated() {
      let name = new.vips[place].name
      guard let former else {
        lines.append("VIP \(name) comes: it is announced as after a start")
        continue
      }
      change(old.vips[former], new.vips[place], name)
    }
    if lines.isEmpty { lines.append("no session ends, and nothing is announced in another way") }
  }

  var text: String { lines.map { $0 + "\n" }.joined() }

  private mutating func sessions(_ old: Plan, _ new: Plan, _ succession: Succession) {
    let kept = Engine.sessionsKept(from: old, to: new)
    for (place, address) in new.routeServers.peers.enumerated() where kept[place] == nil {
      let what = succession.peers[place] == nil ? "a new session" : "the session begins anew"
      lines.append("route server \(address): \(what)")
    }
    for (place, address) in old.routeServers.peers.enumerated()
    where !succession.peers.contains(place) {
      lines.append("route server \(address): the session ends")
    }
  }

  private mutating func change(_ before: Plan.VIP, _ after: Plan.VIP, _ name: String) {
    let (old, new) = (Set(before.prefixes), Set(after.prefixes))
    let gone = old.subtracting(new).sorted().map(\.description)
    let added = new.subtracting(old).sorted().map(\.description)
    if !gone.isEmpty {
      lines.append("VIP \(name): withdrawn: \(gone.joined(separator: ", "))")
    }
    if !added.isEmpty {
      lines.append("VIP \(name): announced as well: \(added.joined(separator: ", "))")
    }
    if before.attributes != after.attributes {
      lines.append("VIP \(name): announced again with other attributes")
    }
  }
}
