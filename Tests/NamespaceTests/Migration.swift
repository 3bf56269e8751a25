// The shipped files of a migration at work in a lab: the old program, and hopshift beside it.

import Lab
import Linux
import Model
import Platform
import Testing

/// A virtual network, the daemons in it, and what the route servers have of the VIP.
final class Migration {
  let network: VirtualNetwork
  private(set) var daemons: [String: PlainAppliance] = [:]
  var lab: Lab { network.lab }

  /// How long anything may take: health checks that ask every five seconds decide in twenty.
  static let limit = Nanoseconds.seconds(60)

  init(_ layout: Layout = .pair, cast: VirtualNetwork.Cast? = nil) throws {
    network = try VirtualNetwork(layout, cast: cast, program: BuiltPrograms.path("hopshift-lab"))
  }

  func tearDown() { network.lab.tearDown() }

  // MARK: Files

  /// A text that stands in a shipped file, and what the lab needs in its place.
  typealias Change = (old: String, new: String)

  /// The first of two machines becomes the second.
  static let exchange: [Change] = [
    ("10.0.2.20", "OTHER"), ("10.0.2.10", "10.0.2.20"), ("OTHER", "10.0.2.10"),
  ]
  /// The last step but one of the page.
  static let live: Change = ("mode: shadow\n", "")

  /// A shipped file, changed; a change that finds nothing fails.
  static func file(_ name: String, _ changes: [Change] = []) throws -> String {
    let path = BuiltPrograms.source("packaging/migrate/\(name)")
    var text = String(decoding: try Files.read(path: path, limit: 1 << 16), as: UTF8.self)
    for change in changes {
      try #require(text.contains(change.old), "\(name) does not say '\(change.old)'")
      text = text.replacing(change.old, with: change.new)
    }
    return text
  }

  /// The group's key, where the daemons of the lab may read it.
  func key() throws -> Change {
    let digits = Company.key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let path = try lab.write("group.key", digits + "\n", mode: 0o640)
    try lab.shell.run(["chown", "0:65534", path])
    return ("/etc/hopshift/group.key", path)
  }

  // MARK: Daemons

  /// Starts a daemon, in the place of the one before.
  func start(_ host: String, _ configuration: String) throws {
    try daemons[host]?.stop()
    daemons[host] = try PlainAppliance(
      lab, host: host, binary: BuiltPrograms.daemon, servers: [], answering: nil,
      configuration: configuration)
    try wait(for: host, ["status", "--json"], toSay: [#""kernel":"current""#])
  }

  /// What `hopshift` answers on a host, whatever its exit code.
  func ask(_ host: String, _ words: [String]) throws(LabError) -> String {
    try lab.shell.attempt(
      [BuiltPrograms.path("hopshift"), "--socket", daemons[host]?.control ?? ""] + words,
      in: lab.namespace(of: host)
    ).output
  }

  func wait(
    for host: String, _ words: [String], toSay pieces: [String], and missing: [String] = []
  ) throws(LabError) {
    try Waiting.until("\(words) of \(host) to say \(pieces)", within: Migration.limit) {
      () throws(LabError) in
      try daemons[host]?.checkRunning()
      let answer = try ask(host, words)
      let isThere = pieces.allSatisfy { answer.contains($0) }
      return isThere && !missing.contains { answer.contains($0) }
        ? nil : "\(answer)\n\(daemons[host]?.diagnosis() ?? "")"
    }
  }

  /// It has told no route server anything, and has a session with none.
  func expectSilence(of host: String, _ servers: Int = 2) throws {
    let lines = try ask(host, ["status", "--json"]).split(separator: "\n")
    #expect(lines.count { $0.contains(#""updates-sent":0"#) } == servers, "\(lines)")
    #expect(!lines.contains { $0.contains(Duel.established) }, "\(lines)")
  }

  // MARK: The old programs

  func end(_ program: RunningProgram, by signal: Processes.Signal = .terminate) throws {
    try Processes.signal(program.pid, signal)
    try Waiting.until("\(program.name) to end", within: Migration.limit) { () throws(LabError) in
      ProcessTable.isAlive(program.pid) ? "it runs" : nil
    }
  }

  func hasAddress(_ host: String) throws(LabError) -> Bool {
    try lab.run(["ip", "-o", "address", "show"], on: host).contains("\(VirtualNetwork.vip)/")
  }

  func wait(for host: String, toHaveAddress isWanted: Bool) throws(LabError) {
    try Waiting.until("the address to be on \(host): \(isWanted)", within: Migration.limit) {
      () throws(LabError) in try hasAddress(host) == isWanted ? nil : "it is not so"
    }
  }

  // MARK: Route servers

  /// Waits until what each route server has of the VIP is so.
  func wait(_ what: String, _ isRight: ([BirdRoute]) -> Bool) throws(LabError) {
    try Waiting.until(what, within: Migration.limit) { () throws(LabError) in
      for daemon in daemons.values { try daemon.checkRunning() }
      for (instance, routes) in try network.routes() where !isRight(routes) {
        return "\(instance.name): \(routes)"
      }
      return nil
    }
  }

  func wait(forBest hop: IPv4Address) throws(LabError) {
    try wait("the route servers to prefer \(hop)") { routes in
      routes.filter(\.isBest).map(\.nextHop) == [hop]
    }
  }

  /// What these have said to the route servers, by the order of each.
  func updates(from speakers: [IPv4Address]) throws(LabError) -> [WireUpdate] {
    var found: [WireUpdate] = []
    for tap in network.taps {
      found += try tap.judge().updates(from: speakers).map(\.update)
    }
    return found
  }
}
