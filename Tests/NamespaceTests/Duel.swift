// One hopshiftd that connects and listens, and a judge: another BGP speaker that has its word on it.

import Lab
import Linux
import Model
import Testing

///      judge 10.0.1.4 --- fabric --- a 10.0.2.10 (hopshiftd), VIP 10.1.0.5/32
///      other 10.0.1.5 ------+
///      stranger 10.0.1.9 ---'
final class Duel {
  static let judge = IPv4Address(10, 0, 1, 4)
  static let other = IPv4Address(10, 0, 1, 5)
  static let appliance = IPv4Address(10, 0, 2, 10)

  let lab: Lab
  private(set) var daemon: PlainAppliance?

  init() throws(LabError) {
    lab = try Lab { topology in
      topology.subnet("servers", "10.0.1.0/24")
      topology.subnet("pair", "10.0.2.0/24")
      topology.host("judge", "10.0.1.4")
      topology.host("other", "10.0.1.5")
      topology.host("stranger", "10.0.1.9")
      topology.host("a", "10.0.2.10")
    }
  }

  /// `servers` are the lines under `route-servers`, `vip` those under the VIP, indented as there;
  /// `prefixes` come beside the VIP's own.
  func startDaemon(
    identifier: String = "10.0.2.10", asn: ASNumber = VirtualNetwork.applianceASN,
    ipv6: String? = nil, peers: [IPv4Address] = [Duel.judge], servers: String = "",
    vip: String = "", prefixes: [Prefix] = []
  ) throws(LabError) {
    let prefixes = ([VirtualNetwork.vipPrefix] + prefixes).map(\.description)
    let text = """
      local:
        asn: \(asn)
        address: \(Duel.appliance)
        identifier: \(identifier)
      \(ipv6.map { "  address6: \($0)" } ?? "")
      route-servers:
        peers: [\(peers.map(\.description).joined(separator: ", "))]
      \(servers)
      vips:
        web:
          prefixes: [\(prefixes.joined(separator: ","))]
          owner: {when: address, settle: 0s}
      \(vip)

      """
    try startDaemon(configuration: text)
  }

  /// With a configuration of the test's own.
  func startDaemon(configuration text: String) throws(LabError) {
    daemon = try PlainAppliance(
      lab, host: "a", binary: BuiltPrograms.daemon, servers: [Duel.judge], listening: true,
      configuration: text)
  }

  /// A BIRD as judge; `extra` stands in its BGP protocol.
  func startBird(
    on host: String = "judge", port: Int = 179, extra: String = ""
  ) throws(LabError) -> Bird {
    let address = host == "judge" ? Duel.judge : Duel.other
    return try Bird(
      lab, on: host,
      configuration: """
        log stderr all;
        router id \(address);
        timeformat route iso long us;
        timeformat protocol iso long us;
        protocol device { }
        protocol static underlay { ipv4; route 10.0.2.0/24 via 10.0.1.1; }
        protocol bgp a {
          local \(address) port \(port) as \(VirtualNetwork.serverASN);
          neighbor \(Duel.appliance) as \(VirtualNetwork.applianceASN);
          multihop;
          hold time 30;
          connect delay time 1;
          connect retry time 2;
          error wait time 1, 2;
          \(extra)
          ipv4 { import all; export none; };
        }

        """)
  }

  /// What `hopshift` answers, `words` behind the socket.
  func ask(_ words: [String]) throws(LabError) -> String {
    guard let daemon else { return "no daemon" }
    return try lab.run(
      [BuiltPrograms.path("hopshift"), "--socket", daemon.control] + words, on: "a")
  }

  /// The same, also while it does not answer yet.
  private func attempt(_ words: [String]) throws(LabError) -> String {
    try lab.shell.attempt(
      ["ip", "netns", "exec", lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
        + ["--socket", daemon?.control ?? ""] + words
    ).output
  }

  /// Waits until the daemon's status holds all these pieces of JSON.
  func wait(forStatus pieces: [String], within limit: Nanoseconds = .seconds(20)) throws(LabError) {
    try Waiting.until("status to hold \(pieces)", within: limit) { () throws(LabError) in
      try daemon?.checkRunning()
      let answer = try attempt(["status", "--json"])
      return pieces.allSatisfy { answer.contains($0) } ? nil : answer
    }
  }

  static let established = #""state":"Established""#

  /// Waits until what is said of one route server holds all these pieces of JSON.
  func wait(
    for server: IPv4Address, toShow pieces: [String], within limit: Nanoseconds = .seconds(20)
  ) throws(LabError) {
    try Waiting.until("\(server) to show \(pieces)", within: limit) { () throws(LabError) in
      try daemon?.checkRunning()
      let line = try self.line(of: server)
      return pieces.allSatisfy { line.contains($0) } ? nil : line
    }
  }

  /// Waits until the session has been established for so long.
  func wait(
    for server: IPv4Address, toBeUpFor length: Nanoseconds, within limit: Nanoseconds
  ) throws(LabError) {
    try Waiting.until("the session to last", within: limit) { () throws(LabError) in
      let line = try self.line(of: server)
      let since = line.split(separator: "\"since-ms\":").last?.prefix { $0.isNumber }
      guard line.contains(Duel.established), let since, let age = Int64(since) else { return line }
      return .milliseconds(age) >= length ? nil : line
    }
  }

  /// What `status --json` says of one route server.
  func line(of server: IPv4Address) throws(LabError) -> String {
    let answer = try attempt(["status", "--json"])
    let line = answer.split(separator: "\n").first { $0.contains("\"\(server)\"") }
    return line.map(String.init) ?? answer
  }

  /// What the daemon has written to its log so far.
  func log() throws(LabError) -> [Substring] {
    try lab.shell.run(["cat", "\(lab.directory)/a.hopshiftd.log"]).split(separator: "\n")
  }

  /// Waits until this BIRD has the VIP from us, with a path of so many numbers.
  func wait(for bird: Bird, toHavePathOf length: Int) throws(LabError) {
    try Waiting.until("BIRD to have the VIP", within: .seconds(10)) { () throws(LabError) in
      let routes = try bird.routes(to: VirtualNetwork.vipPrefix)
      return routes.first?.path.count == length ? nil : "\(routes)"
    }
  }

  /// TCP connections of BGP that the judge has with us.
  func connections() throws(LabError) -> Int {
    let lines = try lab.run(["ss", "-Htn", "state", "established"], on: "judge").split(
      separator: "\n")
    return lines.count { $0.contains("\(Duel.appliance)") }
  }

  /// Stops every process of the judge where it stands.
  func freezeJudge() throws(LabError) { try signalJudge("STOP") }
  func thawJudge() throws(LabError) { try signalJudge("CONT") }

  private func signalJudge(_ signal: String) throws(LabError) {
    let pids = try lab.shell.run(["ip", "netns", "pids", lab.namespace(of: "judge")])
    try lab.shell.run(["kill", "-\(signal)"] + pids.split(separator: "\n").map(String.init))
  }

  /// Ends every process of the judge.
  func killJudge() throws(LabError) {
    let namespace = lab.namespace(of: "judge")
    try Waiting.until("the judge's processes to be gone", within: .seconds(5)) {
      () throws(LabError) in
      let pids = try lab.shell.run(["ip", "netns", "pids", namespace]).trimmed
      if pids.isEmpty { return nil }
      _ = try lab.shell.attempt(["kill", "-KILL"] + pids.split(separator: "\n").map(String.init))
      return pids
    }
  }

  func tearDown() { lab.tearDown() }
}
