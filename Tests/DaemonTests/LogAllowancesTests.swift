// The allowance of log lines for each thing: what it lets through, counts and tells.

import Model
import Testing

@testable import Daemon

struct LogAllowancesTests {
  private static let start: Int64 = 1_000

  /// A class, because the test macros cannot look at what changes by being asked.
  private final class Log {
    private var lines = LogAllowances(peers: 2, hosts: 1, targets: 3, fellows: 2, vips: 2)

    /// How many of so many lines are let through, `seconds` after the start.
    func write(_ count: Int, _ subject: LogSubject, at seconds: Int64) -> Int {
      (0..<count).count { _ in
        lines.allows(subject, at: .zero + .seconds(start + seconds))
      }
    }

    func withheld(at seconds: Int64) -> (subject: LogSubject, count: UInt64)? {
      lines.nextWithheld(at: .zero + .seconds(start + seconds))
    }
  }

  private let first = LogSubject.routeServer(PeerSlot(0))
  private let refill = LogAllowances.refill.seconds

  @Test func aFloodIsCutAndCounted() {
    let log = Log()
    #expect(log.write(1_000, first, at: 0) == LogAllowances.burst)
    // Nobody else pays for it, and nothing is told before there is a line for it.
    #expect(log.write(1, .routeServer(PeerSlot(1)), at: 0) == 1)
    #expect(log.write(1, .strangers, at: 0) == 1)
    #expect(log.withheld(at: 0) == nil)
    let told = log.withheld(at: refill)
    #expect(told?.subject == first)
    #expect(told?.count == UInt64(1_000 - LogAllowances.burst))
    // That took the line, and there is nothing more to tell.
    #expect(log.withheld(at: 2 * refill) == nil)
    #expect(log.write(2, first, at: 2 * refill) == 1)
  }

  @Test func theAllowanceRefillsToTheBurstAndNotBeyond() {
    let log = Log()
    #expect(log.write(LogAllowances.burst, first, at: 0) == LogAllowances.burst)
    #expect(log.write(1, first, at: refill - 1) == 0)
    #expect(log.write(2, first, at: refill) == 1)
    #expect(log.write(100, first, at: 1_000_000) == LogAllowances.burst)
  }

  /// Whatever is withheld is told as what it is about, and each has an allowance of its own.
  @Test func everySubjectHasItsOwn() {
    let subjects: [LogSubject] = [
      .routeServer(PeerSlot(1)), .strangers, .host(HostSlot(0)), .target(TargetSlot(0)),
      .target(TargetSlot(2)), .speaker(FellowSlot(0)), .speaker(FellowSlot(1)),
      .routes(VIPSlot(0)), .routes(VIPSlot(1)),
    ]
    let log = Log()
    for subject in subjects {
      #expect(log.write(LogAllowances.burst + 1, subject, at: 0) == LogAllowances.burst)
    }
    for subject in subjects {
      let told = log.withheld(at: 60)
      #expect(told?.subject == subject)
      #expect(told?.count == 1)
    }
    #expect(log.withheld(at: 60) == nil)
  }
}
