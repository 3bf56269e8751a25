// The other BGP speakers that judge ours: how each is started and what it answers.

import Lab
import Linux
import Model

/// A speaker on `judge` of a duel; unless its manner says otherwise it both connects and listens.
enum Judge: String, CaseIterable {
  case bird
  case frr
  case gobgp
  case openbgpd
  case exabgp

  /// The program whose presence says that it is installed.
  var program: String {
    switch self {
    case .bird: "birdc"
    case .frr: "vtysh"
    case .gobgp: "gobgpd"
    case .openbgpd: "bgpctl"
    case .exabgp: "exabgp"
    }
  }

  /// Starts it; the session comes up by itself.
  func start(_ duel: Duel, _ manner: Manner = Manner()) throws(LabError) -> RunningProgram {
    let lab = duel.lab
    let path = try lab.write("judge.conf", configuration(lab, manner), mode: 0o600)
    try lab.shell.run(["chmod", "0777", lab.directory])
    if self == .openbgpd {
      // Where its processes lock themselves up; its service would make it.
      try lab.shell.run(["sh", "-c", "mkdir -p \"$(getent passwd _openbgpd | cut -d: -f6)\""])
    }
    return try lab.start("judge.\(rawValue)", words(lab, path, manner), on: "judge")
  }

  private func words(_ lab: Lab, _ path: String, _ manner: Manner) -> [String] {
    switch self {
    case .bird: ["bird", "-f", "-c", path, "-s", "\(lab.directory)/judge.ctl"]
    case .frr:
      [
        "/usr/lib/frr/bgpd", "-n", "-S", "-f", path, "-i", "\(lab.directory)/bgpd.pid",
        "--vty_socket", lab.directory, "-z", "\(lab.directory)/no-zebra", "-P", "0", "-p",
        "\(manner.port)",
      ] + (manner.hasSmallBuffers ? ["-s", "8192"] : [])
    case .gobgp: ["gobgpd", "-f", path, "--api-hosts", "127.0.0.1:50051"]
    case .openbgpd: ["/usr/sbin/bgpd", "-d", "-f", path]
    case .exabgp:
      [
        "env", "exabgp.daemon.user=root", "exabgp.api.cli=false", "exabgp.api.ack=false",
        "exabgp.log.level=ERR", "exabgp.tcp.port=179",
        // It listens when it is told where.
        manner.way == .weConnect ? "exabgp.tcp.bind=\(Duel.judge)" : "exabgp.tcp.once=false",
        "exabgp", path,
      ]
    }
  }

  /// The path of our route in its table of a family, as numbers; nil when it has none, or does not
  /// answer yet.
  func path(
    _ duel: Duel, _ manner: Manner = Manner(), ipv6: Bool = false
  ) throws(LabError) -> [UInt32]? {
    guard let answer = try table(duel, ipv6: ipv6) else { return nil }
    // Every judge writes the path as its numbers; ours is nowhere else in the lines chosen.
    let lines = answer.split(separator: "\n").filter {
      $0.contains(" \(manner.peerASN)") && (self != .exabgp || $0.contains("as-path"))
        && (self != .bird || $0.contains("BGP.as_path"))
    }
    guard let line = lines.last else { return nil }
    let numbers = line.split { !$0.isNumber }.compactMap { UInt32($0) }.filter {
      $0 == manner.peerASN.value
    }
    // ExaBGP names the neighbour's number beside the path.
    return self == .exabgp ? Array(numbers.dropFirst()) : numbers
  }

  /// How many routes of a test's many it has; nil when it does not answer, or cannot count.
  func routes(_ duel: Duel) throws(LabError) -> Int? {
    guard self != .exabgp, let answer = try table(duel) else { return nil }
    return answer.split(separator: "\n").count {
      $0.contains("100.64.") || $0.contains("\(VirtualNetwork.vipPrefix)")
    }
  }

  /// What it says of its table of a family; nil when it does not answer yet.
  func table(_ duel: Duel, ipv6: Bool = false) throws(LabError) -> String? {
    let answer = try duel.lab.shell.attempt(
      ["ip", "netns", "exec", duel.lab.namespace(of: "judge")] + question(duel.lab, ipv6))
    guard answer.status == 0 else { return nil }
    guard self == .exabgp else { return answer.output }
    // It tells what it heard as it came, one family a line.
    let family = ipv6 ? "ipv6 unicast" : "ipv4 unicast"
    return answer.output.split(separator: "\n").filter { $0.contains(family) }
      .joined(separator: "\n")
  }

  /// Whether a prefix is no longer in its table.
  func hasLost(_ prefix: String, _ table: String) -> Bool {
    guard self == .exabgp else { return !table.contains(prefix) }
    // The last that it heard of it counts.
    let last = table.split(separator: "\n").last { $0.contains(prefix) }
    return last?.contains("withdraw") ?? false
  }

  private func question(_ lab: Lab, _ ipv6: Bool) -> [String] {
    switch self {
    case .bird:
      [
        "birdc", "-s", "\(lab.directory)/judge.ctl", "show", "route", "table",
        ipv6 ? "master6" : "master4", "all",
      ]
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
    case .bird:
      // It asks for each of its channels.
      try lab.run(
        ["birdc", "-s", "\(lab.directory)/judge.ctl", "reload", "in", "a"], on: "judge")
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
