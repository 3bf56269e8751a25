// hopshiftd asks real neighbours: each kind of probe, a silent death, forgers, and its own absence.

import Control
import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ProbeTests {
  private static let isLong = Environment.has("HOPSHIFT_LONG")
  private static let everyKind = """
    ws1: {address: 10.0.2.11, probes: [arp: {interface: eth0, interval: 20ms}, \
    icmp: {interval: 20ms}, tcp: {port: \(Neighbourhood.port), interval: 20ms}, \
    http: {url: 'http://10.0.2.11:\(Neighbourhood.port)/', text: ready, interval: 50ms}]}
    """

  @Test func `each kind sees life, a silent death, and the return`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.allowPing()
    let web = try lan.startWebServer(on: "ws1")
    try lan.startDaemon([Self.everyKind])
    try lan.wait(for: ["up", "up", "up", "up"])
    let mac = try lan.mac(of: "ws1")
    #expect(try lan.targets().first?.string("mac") == mac)
    try lan.lab.unplug("ws1")
    try lan.wait(for: ["down", "down", "down", "down"])
    try lan.lab.plugIn("ws1")
    try lan.wait(for: ["up", "up", "up", "up"])
    // The machine lives and its service does not.
    try lan.end(web)
    try lan.wait(for: ["up", "up", "down", "down"])
    #expect(try lan.targets()[2].string("reason") == "connection refused")
    let before = try lan.targets().map { $0.integer("lost") ?? 0 }
    try lan.pass(.seconds(1))
    let after = try lan.targets().map { $0.integer("lost") ?? 0 }
    #expect(before[..<2] == after[..<2], "nothing is lost on a LAN that is well")
    try lan.daemon?.stop()
  }

  /// The capability is in force while a socket is opened, and at no other time.
  @Test func `without the capability one error is told and the rest works`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.allowPing()
    _ = try lan.startWebServer(on: "ws1")
    try lan.startDaemon([Self.everyKind], withRawSockets: false)
    try lan.wait(for: ["unknown", "up", "up", "up"])
    let errors = try lan.log().filter { $0.contains("arp on eth0 is not possible") }
    #expect(errors.count == 1 && errors[0].contains("CAP_NET_RAW"), "\(errors)")
    let with = try Neighbourhood()
    defer { with.tearDown() }
    // Ping sockets are not allowed here: a raw one takes their place.
    try with.startDaemon([
      "ws1: {address: 10.0.2.11, probes: [icmp: {interval: 20ms}, arp: {interface: eth0}]}"
    ])
    try with.wait(for: ["up", "up"])
    let rights = try #require(try with.daemon?.rights())
    #expect(rights.capabilities == 1 << 13 && rights.hasNoNewPrivileges)
    let status = try with.lab.shell.run(
      ["cat", "/proc/\(with.daemon?.processes().first ?? 0)/status"])
    #expect(status.contains("CapEff:\t0000000000000000"), "\(status)")
    #expect(status.contains("CapPrm:\t0000000000002000"))
  }

  @Test func `without capability and ping group icmp tells one error`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.startDaemon(
      [
        "ws1: {address: 10.0.2.11, probes: [icmp: {interval: 20ms}]}",
        "ws2: {address: 10.0.2.12, probes: [icmp: {interval: 20ms}]}",
      ], withRawSockets: false)
    try lan.wait(forLine: ["icmp is not possible"])
    try lan.wait(for: ["unknown", "unknown"])
    let errors = try lan.log().filter { $0.contains("is not possible") }
    #expect(errors.count == 1 && errors[0].contains("CAP_NET_RAW"), "\(errors)")
    #expect(try lan.deaths() == [])
  }

  /// The probe asks another address than the entry is of, so that nothing but the entry changes.
  @Test func `a neighbour that failed is gone, and one that answers proves nothing`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.allowPing()
    try lan.startDaemon([
      "ws1: {address: 10.0.2.11, probes: [icmp: {address: 10.0.2.12, interval: 20ms}, "
        + "neighbour: {}]}"
    ])
    try lan.wait(for: ["up", "neutral"])
    func set(_ words: String...) throws {
      try lan.lab.run(
        ["ip", "neighbour", "replace", "10.0.2.11", "dev", "eth0"] + words, on: "a")
    }
    try set("lladdr", "02:00:00:00:00:77", "nud", "reachable")
    try set("nud", "failed")
    try lan.wait(for: ["up", "down"])
    try lan.wait(forLine: ["host ws1 is down"])
    // Its probe is not well either, and no entry raises it.
    try lan.lab.unplug("ws2")
    try lan.wait(for: ["down", "down"])
    try set("lladdr", "02:00:00:00:00:77", "nud", "reachable")
    try lan.wait(for: ["down", "neutral"])
    try lan.lab.plugIn("ws2")
    try lan.wait(for: ["up", "neutral"])
    #expect(try lan.deaths().count { $0.contains("host ws1 is down") } == 1)
  }

  @Test func `the link of a target that does not run makes nobody dead`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.startDaemon([
      "ws1: {address: 10.0.2.11, probes: [arp: {interface: eth0, interval: 20ms}]}"
    ])
    try lan.wait(for: ["up"])
    try lan.lab.run(["ip", "link", "set", "eth0", "down"], on: "a")
    try lan.wait(for: ["unknown"])
    try lan.lab.run(["ip", "link", "set", "eth0", "up"], on: "a")
    try lan.wait(for: ["up"])
    // Another interface of the same name: the socket follows.
    try lan.lab.run(["ip", "link", "set", "eth0", "down"], on: "a")
    try lan.lab.run(["ip", "link", "set", "eth0", "name", "old0"], on: "a")
    try lan.wait(for: ["unknown"])
    try lan.lab.run(["ip", "link", "set", "old0", "name", "eth0"], on: "a")
    try lan.lab.run(["ip", "link", "set", "eth0", "up"], on: "a")
    try lan.wait(for: ["up"])
    #expect(try lan.deaths() == [])
  }

  // MARK: Forgers

  @Test(arguments: [false, true])
  func `a flood of forged replies makes nobody healthy and disturbs nobody`(gratuitous: Bool) throws
  {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    let probes = "[arp: {interface: eth0, interval: 20ms}]"
    // Nobody has this address.
    try lan.startDaemon([
      "ws1: {address: 10.0.2.11, probes: \(probes)}",
      "none: {address: 10.0.2.99, probes: \(probes)}",
    ])
    try lan.wait(for: ["up", "down"])
    for (victim, owner) in [("10.0.2.99", "forger"), ("10.0.2.11", "forger"), ("10.0.2.11", "ws1")]
    {
      let forger = try lan.startForger(
        victim: victim, mac: try lan.mac(of: owner), gratuitous: gratuitous)
      try lan.pass(.seconds(2))
      let states = try lan.targets().map { $0.string("state") ?? "" }
      #expect(states[1] == "down", "\(victim) by \(owner)")
      #expect(["up", "failing"].contains(states[0]), "\(victim) by \(owner)")
      try lan.end(forger)
      try lan.wait(for: ["up", "down"])
    }
    let lines = try lan.log()
    #expect(!lines.contains { $0.contains("none") && $0.contains("is up") }, "\(lines)")
    #expect(try lan.deaths().filter { $0.contains("host ws1:") } == [])
    #expect(!lines.contains { $0.contains("answers now, not") })
    // Dead, it does not come back because its MAC answers out of turn.
    let mac = try lan.mac(of: "ws1")
    try lan.lab.unplug("ws1")
    try lan.wait(for: ["down", "down"])
    let forger = try lan.startForger(victim: "10.0.2.11", mac: mac, gratuitous: gratuitous)
    try lan.pass(.seconds(2))
    try lan.wait(for: ["down", "down"], within: .seconds(1))
    try lan.end(forger)
  }

  @Test func `another MAC is told, and a network that answers for all is recognised`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    let probes = "[arp: {interface: eth0, interval: 20ms}]"
    try lan.startDaemon([
      "ws1: {address: 10.0.2.11, probes: \(probes)}",
      "ws2: {address: 10.0.2.12, probes: \(probes)}",
    ])
    try lan.wait(for: ["up", "up"])
    try lan.lab.run(
      ["ip", "link", "set", "eth0", "address", "02:00:00:00:00:77"], on: "ws1")
    try lan.wait(forLine: ["ws1", "02:00:00:00:00:77 answers now"])
    try lan.wait(for: ["up", "up"])
    // The fabric takes both addresses over.
    for host in ["ws1", "ws2"] { try lan.lab.unplug(host) }
    for last in [11, 12] {
      try lan.lab.run(
        ["ip", "address", "add", "10.0.2.\(last)/32", "dev", "lo"], on: Topology.fabric)
    }
    try lan.wait(for: ["neutral", "neutral"])
    try lan.wait(forLine: ["ws2", "local fabric only"])
    #expect(try lan.targets()[0].string("reason") == "local fabric only")
  }

  /// Three hundred questions a second: their answers are read when the next are asked.
  @Test func `many who are asked are told apart as few are`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.allowPing()
    let probes =
      "[arp: {interface: eth0, interval: 10ms, timeout: 40ms, fall: 10}, "
      + "icmp: {interval: 20ms, timeout: 40ms, fall: 10}]"
    try lan.startDaemon([
      "ws1: {address: 10.0.2.11, probes: \(probes)}",
      "ws2: {address: 10.0.2.12, probes: \(probes)}",
    ])
    try lan.wait(for: ["up", "up", "up", "up"])
    let mac = try lan.mac(of: "ws1")
    try lan.lab.unplug("ws1")
    try lan.wait(for: ["down", "down", "up", "up"])
    let forger = try lan.startForger(victim: "10.0.2.11", mac: mac, gratuitous: true)
    try lan.pass(.seconds(1))
    try lan.wait(for: ["down", "down", "up", "up"], within: .seconds(1))
    try lan.end(forger)
    try lan.lab.plugIn("ws1")
    try lan.wait(for: ["up", "up", "up", "up"])
    #expect(try lan.deaths().filter { $0.contains("host ws2:") } == [])
  }

  // MARK: Our own absence

  @Test func `stopped for a while it blames nobody, and sees who died meanwhile`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.allowPing()
    _ = try lan.startWebServer(on: "ws1")
    try lan.startDaemon([
      Self.everyKind, "ws2: {address: 10.0.2.12, probes: [icmp: {interval: 20ms}]}",
    ])
    try lan.wait(for: ["up", "up", "up", "up", "up"])
    let lengths: [Int64] = [200, 1_000, 5_000] + (ProbeTests.isLong ? [60_000] : [])
    for length in lengths + [200, 200, 500, 200] {
      try lan.freeze(.milliseconds(length))
      try lan.pass(.milliseconds(300))
    }
    let deaths = try lan.deaths()
    #expect(deaths == [])
    for length in lengths {
      guard let daemon = lan.daemon else { return }
      try daemon.freeze()
      try lan.lab.unplug("ws1")
      try lan.pass(.milliseconds(length))
      try daemon.thaw()
      try lan.wait(for: ["down", "down", "down", "down", "up"])
      try lan.lab.plugIn("ws1")
      try lan.wait(for: ["up", "up", "up", "up", "up"])
    }
    #expect(try lan.deaths().filter { $0.contains("host ws2:") } == [])
  }

  /// 5 % of a core, in pieces of 5 ms: it is late at nearly every turn.
  @Test(.enabled(if: Diet.isPossible, "there is no control group for processor time"))
  func `starved it blames nobody, and still sees a death`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try lan.allowPing()
    try lan.startDaemon([
      "ws1: {address: 10.0.2.11, probes: [icmp: {interval: 20ms}, arp: {interface: eth0}]}",
      "ws2: {address: 10.0.2.12, probes: [icmp: {interval: 20ms}, arp: {interface: eth0}]}",
    ])
    try lan.wait(for: ["up", "up", "up", "up"])
    let diet = try Diet(lan, percent: 5)
    defer { diet.end() }
    try lan.pass(.seconds(5))
    #expect(try lan.deaths() == [])
    try lan.lab.unplug("ws1")
    try lan.wait(for: ["down", "down", "up", "up"])
    #expect(try lan.deaths().filter { $0.contains("host ws2:") } == [])
  }
}
