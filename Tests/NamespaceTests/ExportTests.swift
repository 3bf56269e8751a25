// Routes of a real kernel, announced to a real BIRD: bursts, replacements, grace, limits.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ExportTests {
  /// Routes that no rule matches, beside those that one does: a million in `make test-long`.
  private static let others = Environment.has("HOPSHIFT_LONG") ? 1_000_000 : 100_000
  /// What `ip` calls the protocols of the rules below.
  private static let bird = "12"
  private static let fixed = "4"
  /// Routes of nobody's rule.
  private static let foreign = "99"

  func configuration(_ rules: String, platform: String = "generic") -> String {
    """
    local:
      asn: \(VirtualNetwork.applianceASN)
      address: \(Duel.appliance)
    route-servers:
      platform: \(platform)
      \(platform == "generic" ? "asn: \(VirtualNetwork.serverASN)" : "#")
      peers: [\(Duel.judge)]
    vips:
      web:
        prefixes: [\(VirtualNetwork.vipPrefix)]
        owner: {when: address, settle: 0s}
    redistribute:
    \(rules)

    """
  }

  /// A cable for routes to lead into, both ends of which are here.
  func addCable(_ duel: Duel) throws(LabError) {
    try duel.lab.run(["ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1"], on: "a")
    for name in ["n0", "n1"] {
      try duel.lab.run(["ip", "link", "set", name, "addrgenmode", "none", "up"], on: "a")
    }
  }

  /// Gives `ip` all these lines at once.
  func change(_ duel: Duel, _ lines: [String]) throws(LabError) {
    let path = try duel.lab.write("routes.batch", lines.joined(separator: "\n") + "\n")
    try duel.lab.run(["ip", "-batch", path], on: "a")
  }

  static func routes(
    _ verb: String, _ count: Int, block: UInt32 = 0x0a40_0000, proto: String = bird
  ) -> [String] {
    (0..<UInt32(count)).map { number in
      "route \(verb) \(IPv4Address(bits: block + number << 4))/28 dev n0 proto \(proto)"
    }
  }

  /// Waits until BIRD has so many routes of 10.64.0.0/12 from us.
  func wait(
    _ bird: Bird, for count: Int, within limit: Nanoseconds = .seconds(30)
  ) throws(LabError) {
    try Waiting.until("BIRD to have \(count) routes", within: limit) { () throws(LabError) in
      let answer = try bird.ask(["show", "route", "protocol", "a", "where", "net", "~", within])
      let found = answer.split(separator: "\n").count { $0.hasPrefix("10.") }
      return found == count ? nil : "\(found)"
    }
  }

  private var within: String { "10.64.0.0/12" }

  func wait(_ duel: Duel, toShow pieces: [String]) throws(LabError) {
    try Waiting.until("routes to show \(pieces)", within: .seconds(20)) { () throws(LabError) in
      try duel.daemon?.checkRunning()
      let answer = try duel.ask(["routes", "--json"])
      return pieces.allSatisfy { answer.contains($0) } ? nil : String(answer.prefix(2_000))
    }
  }

  func updates(_ tap: Wiretap) throws(LabError) -> [WireUpdate] {
    try tap.judge().updates(from: [Duel.appliance]).map(\.update)
  }

  /// Four thousand that match stand among many others when the daemon starts; then
  /// they go and come, in bursts.
  @Test func `bursts are few UPDATEs`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    try change(duel, Self.routes("add", 4_000))
    try change(
      duel, Self.routes("add", Self.others, block: 0x1400_0000, proto: Self.foreign))
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try duel.startDaemon(
      configuration: configuration(
        "  branches: {protocols: [bird], allow: [10.64.0.0/12 le 28], limit: 5000}"))
    try wait(bird, for: 4_000)
    try wait(duel, toShow: [#""announced":4000,"left-out":0"#, #""told":4000,"owed":0"#])
    let first = try updates(tap).filter { !$0.announced.isEmpty }
    // 4,000 prefixes of five octets are five messages of 4,096, and one is the VIP's.
    #expect(first.count <= 12, "\(first.count) UPDATEs")

    var known = try updates(tap).count
    try change(duel, Self.routes("del", 1_000))
    try wait(bird, for: 3_000)
    let gone = try updates(tap).dropFirst(known)
    #expect(gone.allSatisfy { $0.announced.isEmpty })
    #expect(gone.reduce(0) { $0 + $1.withdrawn.count } == 1_000)

    known = try updates(tap).count
    try change(duel, Self.routes("add", 1_000))
    try wait(bird, for: 4_000)
    let back = try updates(tap).dropFirst(known)
    #expect(back.reduce(0) { $0 + $1.announced.count } == 1_000)

    // A VIP shifts all the same, and what BIRD asks for again it gets.
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    known = try updates(tap).count
    _ = try bird.ask(["reload", "in", "a"])
    try Waiting.until("everything again", within: .seconds(10)) { () throws(LabError) in
      let again = try updates(tap).dropFirst(known).reduce(0) { $0 + $1.announced.count }
      return again == 4_001 ? nil : "\(again)"
    }
    try wait(bird, for: 4_000)
    let faults = try tap.judge().faultsOfWholeRun(
      speakers: [Duel.appliance], until: Moment(nanoseconds: Clock.wall().nanoseconds))
    #expect(faults.filter { !$0.contains("withdr") }.isEmpty, "\(faults.prefix(5))")
  }

  /// A routing daemon's routes vanish and return; another one's word is a replacement.
  @Test func `grace keeps them and a replacement is one`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try duel.startDaemon(
      configuration: configuration(
        """
          fixed: {protocols: [static], allow: [10.64.0.0/12 le 28], prepend: 2}
          branches:
            protocols: [bird]
            allow: [10.64.0.0/12 le 28]
            deny: [10.64.0.0/28]
            grace: 120s
            limit: 1000
        """))
    try change(duel, Self.routes("add", 500))
    try wait(bird, for: 499)
    var known = try updates(tap).count
    try change(duel, Self.routes("del", 500))
    try wait(duel, toShow: [#""state":"leaving""#])
    try change(duel, Self.routes("add", 500))
    try Waiting.until("all of them to be back", within: .seconds(20)) { () throws(LabError) in
      let answer = try duel.ask(["routes", "--held", "--json"])
      return answer.contains(#""type":"export","#) ? answer : nil
    }
    #expect(try updates(tap).count == known)

    known = try updates(tap).count
    let prefix = try #require(Prefix("10.64.0.16/28"))
    try change(duel, ["route replace \(prefix) dev n1 proto \(Self.fixed)"])
    try Waiting.until("the other rule's path", within: .seconds(10)) { () throws(LabError) in
      let found = try bird.routes(to: prefix)
      return found.first?.path.count == 3 && found.first?.nextHop == Duel.appliance
        ? nil : "\(found)"
    }
    let told = try updates(tap).dropFirst(known)
    #expect(told.map(\.announced) == [[prefix]])
    #expect(told.allSatisfy { !$0.withdraws })

    // All of it plays again to the same bytes.
    let file = "\(duel.lab.directory)/past.journal"
    _ = try duel.ask(["record", "--past", file])
    let answer = try duel.lab.shell.attempt([BuiltPrograms.path("hopshift"), "replay", file])
    #expect(answer.status == 0, "\(answer.output)")
    #expect(answer.output.contains("outputs, identical\n"), "\(answer.output)")
  }

  /// BIRD takes its routes out of the kernel when it ends, and brings them back when it starts.
  @Test func `a routing daemon may be restarted`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    let tap = try Wiretap(duel.lab, on: "judge")
    let judge = try duel.startBird()
    let blocks = (0..<UInt32(1_000)).map { "\(IPv4Address(bits: 0x0a40_0000 + $0 << 4))/28" }
    let source = try Bird(
      duel.lab, on: "a",
      configuration: """
        log stderr all;
        router id \(Duel.appliance);
        protocol device { }
        protocol kernel { ipv4 { export all; import none; }; }
        protocol static branches {
          ipv4;
        \(blocks.map { "  route \($0) via \"n0\";" }.joined(separator: "\n"))
        }

        """)
    try duel.startDaemon(
      configuration: configuration(
        "  all: {protocols: [bird], allow: [10.64.0.0/12 le 28], limit: 1500, grace: 120s}"))
    try wait(judge, for: 1_000)
    let known = try updates(tap).count
    try source.endAsked()
    try wait(duel, toShow: [#""state":"leaving""#])
    try source.startAgain()
    try Waiting.until("all of them to be back", within: .seconds(20)) { () throws(LabError) in
      let answer = try duel.ask(["routes", "--held", "--json"])
      return answer.contains(#""type":"export","#) ? String(answer.prefix(2_000)) : nil
    }
    #expect(try updates(tap).count == known)
    try wait(judge, for: 1_000)
  }

  /// The same with FRR: its staticd ends, and zebra takes the routes away.
  @Test(.enabled(if: Judge.frr.isInstalled, "FRR is not installed"))
  func `a daemon of FRR may be restarted`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    let tap = try Wiretap(duel.lab, on: "judge")
    let judge = try duel.startBird()
    try duel.lab.shell.run(["chmod", "0777", duel.lab.directory])
    let routes = (0..<UInt32(300)).map {
      "ip route \(IPv4Address(bits: 0x0a40_0000 + $0 << 4))/28 n0"
    }
    _ = try startFRR("zebra", [], duel)
    // staticd that finds no zebra tries again after ten seconds.
    try Waiting.until("zebra to listen", within: .seconds(10)) { () throws(LabError) in
      let answer = try duel.lab.shell.attempt(["test", "-S", "\(duel.lab.directory)/zserv.api"])
      return answer.status == 0 ? nil : "no socket"
    }
    let source = try startFRR("staticd", routes, duel)
    // RTPROT_ZSTATIC (zebra/rt_netlink.h); its routes name next hop objects.
    try duel.startDaemon(
      configuration: configuration(
        "  all: {protocols: [196], allow: [10.64.0.0/12 le 28], grace: 120s}"))
    try wait(judge, for: 300)
    let known = try updates(tap).count
    try duel.lab.shell.run(["kill", "-KILL", "\(source.pid)"])
    try wait(duel, toShow: [#""state":"leaving""#])
    _ = try startFRR("staticd", routes, duel)
    try Waiting.until("all of them to be back", within: .seconds(20)) { () throws(LabError) in
      let answer = try duel.ask(["routes", "--held", "--json"])
      return answer.contains(#""type":"export","#) ? String(answer.prefix(2_000)) : nil
    }
    #expect(try updates(tap).count == known)
    try wait(judge, for: 300)
  }

  private func startFRR(
    _ name: String, _ lines: [String], _ duel: Duel
  ) throws(LabError) -> RunningProgram {
    let directory = duel.lab.directory
    let path = try duel.lab.write(
      "\(name).conf", lines.joined(separator: "\n") + "\n", mode: 0o644)
    return try duel.lab.start(
      "a.\(name)",
      [
        "/usr/lib/frr/\(name)", "-f", path, "-i", "\(directory)/\(name).pid",
        "--vty_socket", directory, "-z", "\(directory)/zserv.api", "-P", "0",
      ], on: "a")
  }

  /// The kernel does not say a word of IPv4 routes that go with their interface.
  @Test func `an interface takes a thousand along`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    try change(duel, Self.routes("add", 1_000))
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try duel.startDaemon(
      configuration: configuration("  all: {allow: [10.64.0.0/12 le 28], limit: 1500}"))
    try wait(bird, for: 1_000)
    let known = try updates(tap).count
    try duel.lab.run(["ip", "link", "set", "n0", "down"], on: "a")
    try wait(bird, for: 0)
    let gone = try updates(tap).dropFirst(known)
    #expect(gone.reduce(0) { $0 + $1.withdrawn.count } == 1_000)
    #expect(gone.count <= 4, "\(gone.count) UPDATEs")
  }

  /// Half of what Azure takes, less the VIP: the rest is left out, aloud, and the session stays.
  @Test func `a limit leaves out and tells`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    let bird = try duel.startBird()
    try duel.startDaemon(
      configuration: configuration(
        "  all: {allow: [10.64.0.0/12 le 28], limit: 3000}", platform: "azure"))
    try duel.wait(forStatus: [Duel.established])
    try change(duel, Self.routes("add", 2_500))
    try wait(bird, for: 1_999)
    try wait(duel, toShow: [#""announced":1999,"left-out":501"#])
    let highest = try #require(Prefix(.v4(IPv4Address(bits: 0x0a40_0000 + 2_499 << 4)), length: 28))
    let held = try duel.ask(["routes", "--held"])
    let line = held.split(separator: "\n").first { $0.hasPrefix("\(highest) ") }
    #expect(line?.hasSuffix("all   left out: no room") == true, "\(held.prefix(600))")
    #expect(!held.contains("10.64.0.0/28"))
    try Waiting.until("the alarm", within: .seconds(10)) { () throws(LabError) in
      let log = try duel.log()
      return log.contains { $0.contains("redistribute all: there is no room for") } ? nil : "none"
    }
    // When some go, others take their places.
    try change(duel, Self.routes("del", 600))
    try wait(duel, toShow: [#""announced":1900,"left-out":0"#])
    try wait(bird, for: 1_900)
    #expect(try duel.line(of: Duel.judge).contains(Duel.established))
  }
}
