// Each judge in trouble: its connection reset, its window shut, its word against ours.

import Control
import Lab
import Linux
import Model
import Platform
import Testing

/// The five judges stand side by side, each with a daemon and a network of its own: what is waited
/// for is waited for once.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct TroubleTests {
  private struct Court {
    var judge: Judge
    var duel: Duel
    var tap: Wiretap

    /// UPDATEs of ours that take something back.
    func withdrawals() throws -> Int {
      try tap.judge().updates(from: [Duel.appliance]).count { $0.update.withdraws }
    }
  }

  private func courts(
    _ manner: Manner = Manner(), servers: String = "", prefixes: [Prefix] = [],
    prepare: (Duel) throws -> Void = { _ in }, until ready: (Court) throws -> Void
  ) throws -> [Court] {
    for judge in Judge.allCases { try judge.require() }
    var courts: [Court] = []
    do {
      for judge in Judge.allCases {
        let duel = try Duel()
        do {
          try prepare(duel)
          let tap = try Wiretap(duel.lab, on: "judge")
          courts.append(Court(judge: judge, duel: duel, tap: tap))
        } catch {
          duel.tearDown()
          throw error
        }
        _ = try judge.start(duel, manner)
        try duel.startDaemon(servers: servers, prefixes: prefixes)
      }
      for court in courts { try ready(court) }
    } catch {
      end(courts)
      throw error
    }
    return courts
  }

  private func end(_ courts: [Court]) { for court in courts { court.duel.tearDown() } }

  private func established(_ court: Court) throws {
    try court.duel.wait(
      for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
    try court.judge.wait(court.duel, for: .standby)
  }

  /// The kernel of the judge's machine ends the connection under both with an RST, and while it is
  /// gone the address comes.
  @Test func `a connection that is reset`() throws {
    let courts = try courts(until: established)
    defer { end(courts) }
    for court in courts {
      try court.duel.lab.run(["ss", "-K", "dst", "\(Duel.appliance)"], on: "judge")
      try court.duel.wait(for: Duel.judge, toShow: ["ECONNRESET"])
      _ = try court.duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    }
    for court in courts {
      try court.duel.wait(
        for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
      try court.judge.wait(court.duel, for: .firstTakeover)
      #expect(try court.withdrawals() == 0, "\(court.judge)")
    }
  }

  /// A judge that stands still reads nothing: its window shuts, what follows waits with us, and
  /// what was overtaken meanwhile never leaves. Thawed, it has the newest, and the session was
  /// never lost.
  @Test func `a window that is shut`() throws {
    let many = (0..<4_000).compactMap {
      Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32($0))), length: 32)
    }
    var manner = Manner(holdTime: 180)
    manner.hasSmallBuffers = true
    let courts = try courts(
      manner,
      servers: "  platform: generic\n  asn: \(VirtualNetwork.serverASN)\n  hold-time: 180s",
      prefixes: many,
      prepare: { duel in
        // So little that a few shifts fill it.
        try duel.lab.run(["sysctl", "-qw", "net.ipv4.tcp_rmem=4096 8192 16384"], on: "judge")
        try duel.lab.run(["sysctl", "-qw", "net.ipv4.tcp_wmem=4096 8192 16384"], on: "a")
      }, until: established)
    defer { end(courts) }
    let start = Clock.monotonic()
    for court in courts {
      let duel = court.duel
      try duel.freezeJudge()
      for _ in 0..<4 {
        _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
        _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
      }
      _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
      try Waiting.until("the window of \(court.judge) to be shut", within: .seconds(20)) {
        () throws(LabError) in
        let sockets = try duel.lab.run(["ss", "-Htno", "dst", "\(Duel.judge)"], on: "a")
        return sockets.contains("persist") ? nil : sockets
      }
      // TCP has what the judge's machine did not take, and we have the rest.
      let status = try Record(line: Array(try duel.line(of: Duel.judge).utf8).span)
      #expect((status.integer("unacknowledged") ?? 0) > 0, "\(court.judge): \(status)")
    }
    for court in courts {
      try court.duel.thawJudge()
      try court.judge.wait(court.duel, for: TroubleTests.fifth)
      try court.duel.wait(
        for: Duel.judge, toBeUpFor: Clock.monotonic() - start, within: .seconds(1))
      #expect(try court.withdrawals() == 0, "\(court.judge)")
    }
  }

  /// What a machine claims that got the address for the fifth time.
  private static let fifth = (0..<8).reduce(Rung.firstTakeover) { rung, _ in rung.next ?? .last }

  /// A judge that knows us by another number refuses each OPEN with a NOTIFICATION; it is asked
  /// less and less often, the reason is in status, and corrected it gets everything.
  @Test func `a judge that refuses us`() throws {
    var wrong = Manner()
    wrong.peerASN = ASNumber(64_999)
    let courts = try courts(wrong) { court in
      try court.duel.wait(for: Duel.judge, toShow: ["NOTIFICATION 2/2"], within: .seconds(40))
    }
    defer { end(courts) }
    for court in courts {
      let log = try court.duel.log()
      #expect(log.count < 40, "\(court.judge): \(log.count) lines")
      _ = try court.duel.lab.addAddress(VirtualNetwork.vip, on: "a")
      try court.duel.killJudge()
      _ = try court.judge.start(court.duel)
    }
    for court in courts {
      try court.duel.wait(
        for: Duel.judge, toShow: [Duel.established], within: .seconds(60))
      try court.judge.wait(court.duel, for: .firstTakeover)
      #expect(try court.withdrawals() == 0, "\(court.judge)")
    }
  }
}
