// Each judge in each manner: who connects, passwords, narrow AS numbers, long messages, frozen.

import Lab
import Linux
import Model
import Platform
import Testing

extension Judge {
  /// Ends a test, aloud, when this judge is not installed.
  func require() throws {
    guard Programs.has(program) else { try Test.cancel("\(program) is not installed") }
  }

  /// Waits until it has the VIP with the path of a rung.
  func wait(_ duel: Duel, for rung: Rung, _ manner: Manner = Manner()) throws(LabError) {
    try Waiting.until("\(self) to have a path of \(rung.pathLength)", within: .seconds(20)) {
      () throws(LabError) in
      let found = try path(duel, manner)
      if found?.count == rung.pathLength { return nil }
      return "\(found.map { "\($0)" } ?? "no route"): \(try table(duel)?.suffix(400) ?? "silence")"
    }
  }
}

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct MannerTests {
  private static let isLong = Environment.has("HOPSHIFT_LONG")
  /// Azure knows neither AS numbers of four octets nor so many prefixes.
  private static let generic = "  platform: generic\n  asn: \(VirtualNetwork.serverASN)"

  /// A duel whose judge has our standby route.
  private func begin(
    _ judge: Judge, _ manner: Manner, asn: ASNumber = VirtualNetwork.applianceASN,
    servers: String = "", prefixes: [Prefix] = [], prepare: (Duel) throws -> Void = { _ in }
  ) throws -> Duel {
    try judge.require()
    let duel = try Duel()
    do {
      try prepare(duel)
      // Who is refused waits for long, some judges for two minutes: the side that listens is first.
      if manner.way != .judgeConnects { _ = try judge.start(duel, manner) }
      try duel.startDaemon(asn: asn, servers: servers, prefixes: prefixes)
      if manner.way == .judgeConnects {
        try duel.wait(forStatus: [#""listening":1"#])
        _ = try judge.start(duel, manner)
      }
      try duel.wait(for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
      try judge.wait(duel, for: .standby, manner)
    } catch {
      duel.tearDown()
      throw error
    }
    return duel
  }

  @Test(arguments: Judge.allCases, [Manner.Way.weConnect, .judgeConnects])
  func `one side alone connects`(judge: Judge, way: Manner.Way) throws {
    let duel = try begin(judge, Manner(way: way))
    defer { duel.tearDown() }
    let opener = way == .weConnect ? "us" : "peer"
    try duel.wait(forStatus: [#""opened-by":"\#(opener)""#])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try judge.wait(duel, for: .firstTakeover)
    #expect(try duel.connections() == 1)
  }

  /// Signed segments both ways, whoever connects. Another password: `OptionTests`.
  @Test(arguments: Judge.allCases)
  func `a password`(judge: Judge) throws {
    try judge.require()
    let manner = Manner(password: "correct-horse")
    let duel = try Duel()
    defer { duel.tearDown() }
    let file = try duel.lab.write("password", "correct-horse\n")
    _ = try judge.start(duel, manner)
    try duel.startDaemon(servers: "  password-file: \(file)")
    try duel.wait(for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
    try judge.wait(duel, for: .standby, manner)
  }

  /// A number of two octets goes as it is; a longer one hides behind AS_TRANS and stands in
  /// AS4_PATH (RFC 6793), which OpenBGPD alone accepts without having offered four octets.
  @Test(arguments: [
    (Judge.bird, ASNumber(65001)), (.frr, ASNumber(65001)), (.openbgpd, ASNumber(65001)),
    (.exabgp, ASNumber(65001)), (.openbgpd, ASNumber(4_200_000_001)),
  ])
  func `a peer that knows two octets`(judge: Judge, asn: ASNumber) throws {
    var manner = Manner()
    manner.isNarrow = true
    manner.peerASN = asn
    let duel = try begin(judge, manner, asn: asn, servers: MannerTests.generic)
    defer { duel.tearDown() }
    try duel.wait(forStatus: [#""four-octet-as":false"#])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try judge.wait(duel, for: .firstTakeover, manner)
  }

  /// One UPDATE of 10 KB where both offer it, three where they do not; the judge has every route.
  @Test(arguments: Judge.allCases)
  func `many prefixes in long and in short messages`(judge: Judge) throws {
    let many = (0..<2_000).compactMap {
      Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32($0))), length: 32)
    }
    var manner = Manner()
    manner.isExtended = true
    manner.isExtended = judge.can(manner)
    // It must have seen the OPENs to know how long a message may be.
    var tapped: Wiretap?
    let duel = try begin(judge, manner, servers: MannerTests.generic, prefixes: many) { duel in
      tapped = try Wiretap(duel.lab, on: "judge")
    }
    defer { duel.tearDown() }
    let tap = try #require(tapped)
    let before = try tap.judge().updates(from: [Duel.appliance]).count
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try judge.wait(duel, for: .firstTakeover)
    let isExtended = try duel.line(of: Duel.judge).contains(#""extended-messages":true"#)
    #expect(isExtended || !manner.isExtended || judge == .frr)
    let updates = try tap.judge().updates(from: [Duel.appliance]).dropFirst(before)
    #expect(updates.count == (isExtended ? 1 : 3))
    #expect(updates.flatMap(\.update.announced).count == many.count + 1)
    try duel.wait(for: Duel.judge, toShow: [#""prefixes-announced":2001"#])
    let armed = try duel.ask(["volleys", "web", "--json"])
    let stands = armed.split(separator: "\n").first { $0.contains(#""stands":true"#) } ?? ""
    let sizes = try #require(stands.firstMatch(of: /"update-bytes":\[([0-9,]+)\]/)).output.1
      .split(separator: ",").compactMap { Int($0) }
    #expect(sizes.count == updates.count, "\(stands.prefix(600))")
    #expect(sizes.allSatisfy { $0 <= (isExtended ? 65_535 : 4_096) } && sizes.reduce(0, +) > 10_000)
    if judge != .exabgp {
      try Waiting.until("\(judge) to have them all", within: .seconds(10)) {
        () throws(LabError) in
        let count = try judge.routes(duel)
        return count == many.count + 1 ? nil : "\(count.map { "\($0)" } ?? "no answer")"
      }
    }
  }

  /// The hold time is the judge's, ours is longer. A judge that stands still is given up after it,
  /// not before, and has everything again when it thaws. All of them wait at the same time, since
  /// three minutes are long.
  @Test(arguments: isLong ? [3, 9, 180] : [3])
  func `frozen judges`(holdTime: Int) throws {
    let judges = Judge.allCases
    for judge in judges { try judge.require() }
    var duels: [Duel] = []
    defer { for duel in duels { duel.tearDown() } }
    for judge in judges {
      duels.append(
        try begin(
          judge, Manner(holdTime: holdTime),
          servers: "  hold-time: \(holdTime == 180 ? 180 : 60)s"))
    }
    for duel in duels { try duel.wait(forStatus: [#""hold-ms":\#(holdTime * 1_000)"#]) }
    if MannerTests.isLong {
      // Up for longer than the hold time: our KEEPALIVEs are enough for them.
      for duel in duels {
        try duel.wait(
          for: Duel.judge, toBeUpFor: .seconds(Int64(2 * holdTime)),
          within: .seconds(Int64(2 * holdTime + 10)))
      }
    }
    let starts = try duels.map { duel in
      let start = Clock.monotonic()
      try duel.freezeJudge()
      return start
    }
    for (judge, (duel, start)) in zip(judges, zip(duels, starts)) {
      try Waiting.until("\(judge) to be given up", within: .seconds(Int64(holdTime + 3))) {
        () throws(LabError) in
        let lines = try duel.log()
        return lines.contains { $0.contains("hold timer expired") } ? nil : "\(lines.suffix(2))"
      }
      // The last KEEPALIVE was at most a third of the hold time old.
      #expect(Clock.monotonic() - start >= .milliseconds(Int64(holdTime) * 600), "\(judge)")
    }
    for (judge, duel) in zip(judges, duels) {
      _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
      try duel.thawJudge()
      try duel.wait(forStatus: [Duel.established], within: .seconds(60))
      try judge.wait(duel, for: .firstTakeover)
    }
  }
}
