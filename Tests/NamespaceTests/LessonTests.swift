// What other speakers got wrong, asked of ours: each test names the report it comes from.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct LessonTests {
  /// exabgp#661: a withdrawal and an announcement within milliseconds lost the announcement;
  /// anycast_healthchecker#30: of changes in quick succession some were never told. Here the
  /// address comes and goes as fast as the kernel takes it, and what stands in the end is told.
  @Test(arguments: [true, false])
  func `there and back as fast as can be`(endsHeld: Bool) throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    for _ in 0..<4 {
      _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
      _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    }
    if endsHeld { _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a") }
    try duel.wait(forStatus: [#""held":\#(endsHeld)"#])
    // The daemon's own word on what stands, and the route server's.
    try Waiting.until("the last claim to be told", within: .seconds(10)) { () throws(LabError) in
      let status = try duel.ask(["status", "--json"])
      let word = status.split(separator: #""rung":""#).last?.prefix { $0 != "\"" } ?? ""
      let path = try bird.routes(to: VirtualNetwork.vipPrefix).first?.path.count
      let rung = (0...Rung.last.value).compactMap { Rung($0) }.first { $0.description == word }
      return rung != nil && path == rung?.pathLength
        ? nil : "\(word), path of \(path.map { "\($0)" } ?? "none")"
    }
    let updates = try tap.judge().updates(from: [Duel.appliance])
    #expect(updates.allSatisfy { !$0.update.withdraws })
    // Nothing is said twice.
    let paths = updates.map(\.update.path.count)
    #expect(zip(paths, paths.dropFirst()).allSatisfy { $0 != $1 }, "\(paths)")
  }

  /// exabgp#29 and #934: many announcements kept the KEEPALIVEs from leaving. 60,000 routes told
  /// again and again, for longer than the hold time, must not cost the session.
  @Test func `announcements starve no KEEPALIVE`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let many = (0..<60_000).compactMap {
      Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32($0))), length: 32)
    }
    let bird = try duel.startBird()
    try duel.startDaemon(
      servers: "  platform: generic\n  asn: \(VirtualNetwork.serverASN)\n  hold-time: 3s",
      prefixes: many)
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let before = try duel.line(of: Duel.judge)
    #expect(before.contains(#""hold-ms":3000"#), "\(before)")
    var refreshes = 0
    try Waiting.until("three hold times to pass", within: .seconds(40)) { () throws(LabError) in
      _ = try bird.ask(["reload", "in", "a"])
      refreshes += 1
      let line = try duel.line(of: Duel.judge)
      let since = line.split(separator: "\"since-ms\":").last?.prefix { $0.isNumber }
      guard line.contains(Duel.established), let since, let age = Int64(since) else {
        throw LabError.unsuitable("after \(refreshes) refreshes: \(line)")
      }
      return age >= 9_000 ? nil : line
    }
    #expect(refreshes >= 10)
    #expect(try bird.isEstablished("a"))
  }

  /// exabgp#304 and #1383: routes stayed when the process that announced them was gone. A daemon
  /// that is killed or stopped leaves no route behind, long before any hold timer.
  @Test(arguments: [true, false])
  func `who is gone announces nothing`(isKilled: Bool) throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let daemon = try #require(duel.daemon)
    if isKilled {
      try duel.lab.shell.run(["kill", "-KILL", "\(daemon.processes()[0])"])
    } else {
      try daemon.stop()
    }
    try Waiting.until("BIRD to have no route", within: .seconds(5)) { () throws(LabError) in
      let routes = try bird.routes(to: VirtualNetwork.vipPrefix)
      return routes.isEmpty ? nil : "\(routes)"
    }
  }
}
