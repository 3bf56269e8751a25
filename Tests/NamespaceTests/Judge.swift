// The other BGP speakers that judge ours, each with the configuration and the questions it takes.

import Lab
import Linux
import Model

/// A speaker that is not BIRD. It runs on `judge` of a duel and both connects and listens.
enum Judge: String, CaseIterable {
  case frr
  case gobgp
  case openbgpd
  case exabgp

  /// The program whose presence says that it is installed.
  var program: String {
    switch self {
    case .frr: "vtysh"
    case .gobgp: "gobgpd"
    case .openbgpd: "bgpctl"
    case .exabgp: "exabgp"
    }
  }

  private static let server = "\(VirtualNetwork.serverASN)"
  private static let appliance = "\(VirtualNetwork.applianceASN)"

  /// Starts it; the session comes up by itself.
  func start(_ duel: Duel) throws(LabError) -> RunningProgram {
    let lab = duel.lab
    let path = try lab.write("judge.conf", configuration(lab), mode: 0o600)
    try lab.shell.run(["chmod", "0777", lab.directory])
    if self == .openbgpd {
      // Where its processes lock themselves up; its service would make it.
      try lab.shell.run(["sh", "-c", "mkdir -p \"$(getent passwd _openbgpd | cut -d: -f6)\""])
    }
    return try lab.start("judge.\(rawValue)", words(lab, path), on: "judge")
  }

  private func words(_ lab: Lab, _ path: String) -> [String] {
    switch self {
    case .frr:
      [
        "/usr/lib/frr/bgpd", "-n", "-S", "-f", path, "-i", "\(lab.directory)/bgpd.pid",
        "--vty_socket", lab.directory, "-z", "\(lab.directory)/no-zebra", "-P", "0",
      ]
    case .gobgp: ["gobgpd", "-f", path, "--api-hosts", "127.0.0.1:50051"]
    case .openbgpd: ["/usr/sbin/bgpd", "-d", "-f", path]
    case .exabgp:
      [
        "env", "exabgp.daemon.user=root", "exabgp.api.cli=false", "exabgp.api.ack=false",
        "exabgp.log.level=ERR", "exabgp", path,
      ]
    }
  }

  private static let gobgpText = """
    [global.config]
      as = \(server)
      router-id = "\(Duel.judge)"
    [[neighbors]]
      [neighbors.config]
        neighbor-address = "\(Duel.appliance)"
        peer-as = \(appliance)
      [neighbors.ebgp-multihop.config]
        enabled = true
        multihop-ttl = 5
      [neighbors.timers.config]
        hold-time = 9
        keepalive-interval = 3
        connect-retry = 2
      [[neighbors.afi-safis]]
        [neighbors.afi-safis.config]
          afi-safi-name = "ipv4-unicast"
      [[neighbors.afi-safis]]
        [neighbors.afi-safis.config]
          afi-safi-name = "ipv6-unicast"

    """

  private func configuration(_ lab: Lab) -> String {
    let (server, appliance) = (Judge.server, Judge.appliance)
    switch self {
    case .frr:
      return """
        hostname judge
        router bgp \(server)
         bgp router-id \(Duel.judge)
         no bgp ebgp-requires-policy
         neighbor \(Duel.appliance) remote-as \(appliance)
         neighbor \(Duel.appliance) ebgp-multihop 5
         neighbor \(Duel.appliance) timers 3 9
         neighbor \(Duel.appliance) timers connect 2
         address-family ipv6 unicast
          neighbor \(Duel.appliance) activate
         exit-address-family

        """
    case .gobgp: return Judge.gobgpText
    case .openbgpd:
      return """
        AS \(server)
        router-id \(Duel.judge)
        listen on \(Duel.judge)
        fib-update no
        socket "\(lab.directory)/bgpd.sock"
        neighbor \(Duel.appliance) {
          remote-as \(appliance)
          multihop 5
          holdtime 9
          announce IPv4 unicast
          announce IPv6 unicast
        }
        allow from any

        """
    case .exabgp:
      return """
        process watch {
          run /usr/bin/tee \(lab.directory)/heard.json;
          encoder json;
        }
        neighbor \(Duel.appliance) {
          router-id \(Duel.judge);
          local-address \(Duel.judge);
          local-as \(server);
          peer-as \(appliance);
          hold-time 9;
          family { ipv4 unicast; ipv6 unicast; }
          api { processes [ watch ]; receive { parsed; update; } }
        }

        """
    }
  }

  /// How long the path of our route is in its table of a family; nil when it has none, or does not
  /// answer yet.
  func pathLength(_ duel: Duel, ipv6: Bool = false) throws(LabError) -> Int? {
    guard let answer = try table(duel, ipv6: ipv6) else { return nil }
    // Every judge writes the path as its numbers; ours is nowhere else in the lines chosen.
    let lines = answer.split(separator: "\n").filter {
      $0.contains(" \(Judge.appliance)") && (self != .exabgp || $0.contains("as-path"))
    }
    guard let line = lines.last else { return nil }
    let numbers = line.split { !$0.isNumber }.filter { $0 == Judge.appliance }.count
    // ExaBGP names the neighbour's number beside the path.
    return self == .exabgp ? numbers - 1 : numbers
  }

  /// What it says of its table of a family; nil when it does not answer yet.
  func table(_ duel: Duel, ipv6: Bool) throws(LabError) -> String? {
    let answer = try duel.lab.shell.attempt(
      ["ip", "netns", "exec", duel.lab.namespace(of: "judge")] + question(duel.lab, ipv6))
    guard answer.status == 0 else { return nil }
    guard self == .exabgp else { return answer.output }
    // It tells what it heard as it came, one family a line.
    let family = ipv6 ? "ipv6 unicast" : "ipv4 unicast"
    return answer.output.split(separator: "\n").filter { $0.contains(family) }
      .joined(separator: "\n")
  }

  private func question(_ lab: Lab, _ ipv6: Bool) -> [String] {
    switch self {
    case .frr:
      [
        "vtysh", "--vty_socket", lab.directory, "-c",
        "show bgp \(ipv6 ? "ipv6" : "ipv4") unicast",
      ]
    case .gobgp: ["gobgp", "-p", "50051", "global", "rib", "-a", ipv6 ? "ipv6" : "ipv4"]
    case .openbgpd:
      ["bgpctl", "-s", "\(lab.directory)/bgpd.sock", "show", "rib", ipv6 ? "inet6" : "inet"]
    case .exabgp: ["cat", "\(lab.directory)/heard.json"]
    }
  }

  /// Makes it ask for all routes again; false when it cannot.
  func askAgain(_ duel: Duel, ipv6: Bool = false) throws(LabError) -> Bool {
    let lab = duel.lab
    switch self {
    case .frr:
      try lab.run(
        [
          "vtysh", "--vty_socket", lab.directory, "-c",
          "clear bgp \(ipv6 ? "ipv6" : "ipv4") unicast * soft in",
        ], on: "judge")
    case .openbgpd:
      try lab.run(
        [
          "bgpctl", "-s", "\(lab.directory)/bgpd.sock", "neighbor", "\(Duel.appliance)", "refresh",
        ], on: "judge")
    // GoBGP keeps what it heard and asks itself; ExaBGP has no word for it.
    case .gobgp, .exabgp: return false
    }
    return true
  }
}
