// The allowance of log lines for each route server: what it lets through, counts and tells.

import Model
import Testing

@testable import Daemon

struct SessionLinesTests {
  private static let start: Int64 = 1_000

  /// A class, because the test macros cannot look at what changes by being asked.
  private final class Log {
    private var lines = SessionLines(peers: 2)

    /// How many of so many lines are let through, `seconds` after the start.
    func write(_ count: Int, _ peer: Int?, at seconds: Int64) -> Int {
      (0..<count).count { _ in
        lines.allows(peer.map { PeerSlot($0) }, at: .zero + .seconds(start + seconds))
      }
    }

    func withheld(at seconds: Int64) -> [UInt64]? {
      let told = lines.nextWithheld(at: .zero + .seconds(start + seconds))
      return told.map { [UInt64($0.index), $0.count] }
    }
  }

  private let refill = SessionLines.refill.seconds

  @Test func aFloodIsCutAndCounted() {
    let log = Log()
    #expect(log.write(1_000, 0, at: 0) == SessionLines.burst)
    // Nobody else pays for it, and nothing is told before there is a line for it.
    #expect(log.write(1, 1, at: 0) == 1)
    #expect(log.write(1, nil, at: 0) == 1)
    #expect(log.withheld(at: 0) == nil)
    #expect(log.withheld(at: refill) == [0, UInt64(1_000 - SessionLines.burst)])
    // That took the line, and there is nothing more to tell.
    #expect(log.withheld(at: 2 * refill) == nil)
    #expect(log.write(2, 0, at: 2 * refill) == 1)
  }

  @Test func theAllowanceRefillsToTheBurstAndNotBeyond() {
    let log = Log()
    #expect(log.write(SessionLines.burst, 0, at: 0) == SessionLines.burst)
    #expect(log.write(1, 0, at: refill - 1) == 0)
    #expect(log.write(2, 0, at: refill) == 1)
    #expect(log.write(100, 0, at: 1_000_000) == SessionLines.burst)
  }

  @Test func linesAboutNobodyStandBehindTheRouteServers() {
    let log = Log()
    #expect(log.write(SessionLines.burst + 1, nil, at: 0) == SessionLines.burst)
    #expect(log.withheld(at: 60) == [2, 1])
    #expect(log.withheld(at: 60) == nil)
  }
}
