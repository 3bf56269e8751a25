// One hopshiftd that connects and listens, and a judge: another BGP speaker that has its word on it.

import Lab
import Linux
import Model
import Testing

///      judge 10.0.1.4 --- fabric --- a 10.0.2.10 (hopshiftd), VIP 10.1.0.5/32
///      stranger 10.0.1.9 ---'
final class Duel {
  static let judge = IPv4Address(10, 0, 1, 4)
  static let appliance = IPv4Address(10, 0, 2, 10)

  let lab: Lab
  private(set) var daemon: PlainAppliance?

  init() throws(LabError) {
    lab = try Lab { topology in
      topology.subnet("servers", "10.0.1.0/24")
      topology.subnet("pair", "10.0.2.0/24")
      topology.host("judge", "10.0.1.4")
      topology.host("stranger", "10.0.1.9")
      topology.host("a", "10.0.2.10")
    }
  }

  /// `servers` are the lines under `route-servers`, `vip` those under the VIP, indented as there.
  func startDaemon(identifier: String = "10.0.2.10", servers: String = "", vip: String = "")
    throws(LabError)
  {
    let text = """
      local:
        asn: \(VirtualNetwork.applianceASN)
        address: \(Duel.appliance)
        identifier: \(identifier)
      route-servers:
        peers: [\(Duel.judge)]
      \(servers)
      vips:
        web:
          prefixes: [\(VirtualNetwork.vipPrefix)]
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
  func startBird(port: Int = 179, extra: String = "") throws(LabError) -> Bird {
    try Bird(
      lab, on: "judge",
      configuration: """
        log stderr all;
        router id \(Duel.judge);
        timeformat route iso long us;
        timeformat protocol iso long us;
        protocol device { }
        protocol static underlay { ipv4; route 10.0.2.0/24 via 10.0.1.1; }
        protocol bgp a {
          local \(Duel.judge) port \(port) as \(VirtualNetwork.serverASN);
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

  /// Waits until the daemon's status holds all these pieces of JSON.
  func wait(forStatus pieces: [String], within limit: Nanoseconds = .seconds(20)) throws(LabError) {
    try Waiting.until("status to hold \(pieces)", within: limit) { () throws(LabError) in
      try daemon?.checkRunning()
      let answer = try lab.shell.attempt(
        ["ip", "netns", "exec", lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
          + ["--socket", daemon?.control ?? "", "status", "--json"]
      ).output
      return pieces.allSatisfy { answer.contains($0) } ? nil : answer
    }
  }

  static let established = #""state":"Established""#

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

  /// Stops every BIRD in the judge's namespace where it stands.
  func freezeBird() throws(LabError) { try signalBird("STOP") }
  func thawBird() throws(LabError) { try signalBird("CONT") }

  private func signalBird(_ signal: String) throws(LabError) {
    let pids = try lab.shell.run(["ip", "netns", "pids", lab.namespace(of: "judge")])
    try lab.shell.run(["kill", "-\(signal)"] + pids.split(separator: "\n").map(String.init))
  }

  func tearDown() { lab.tearDown() }
}
