// What one class of kernel news gets in a wake-up, and what is left for the next one.

import Linux
import Testing

@testable import Daemon

struct KernelTurnTests {
  /// A socket that has these answers to give, and what reading it turn by turn leads to.
  private struct Reading {
    var waiting: [NetlinkSocket.Received]
    var isUnfinished = false

    /// One wake-up; nothing is read in one that nobody asked for, as the loop does it.
    mutating func turn(
      reads: Int, bytes: Int = .max, size: Int = 100, isReady: Bool = false
    ) -> [KernelTurn.Step] {
      guard isReady || isUnfinished else { return [] }
      var turn = KernelTurn(reads: reads, bytes: bytes)
      var steps: [KernelTurn.Step] = []
      while turn.goesOn {
        let received = waiting.isEmpty ? .empty : waiting.removeFirst()
        steps.append(turn.step(received, size))
      }
      isUnfinished = turn.isUnfinished
      return steps
    }
  }

  /// The kernel says ENOBUFS once and takes it back by saying it: nothing is readable any more, and
  /// the dump that heals the class waits for the empty read.
  @Test func aLossThatEndsATurnIsFollowedByTheEmptyRead() {
    var reading = Reading(waiting: [.datagram, .datagram, .overrun])
    #expect(reading.turn(reads: 3, isReady: true) == [.news, .news, .lost])
    #expect(reading.isUnfinished, "epoll will not tell")
    #expect(reading.turn(reads: 3) == [.drained])
    #expect(!reading.isUnfinished)
    #expect(reading.turn(reads: 3) == [], "nothing is left to do")
  }

  @Test func aTurnThatEndsWithTheLastDatagramIsUnfinishedToo() {
    var reading = Reading(waiting: [.datagram, .foreign])
    #expect(reading.turn(reads: 2, isReady: true) == [.news, .nothing])
    #expect(reading.turn(reads: 2) == [.drained])
  }

  @Test func lossesInEveryTurnNeverEndOne() {
    var reading = Reading(waiting: Array(repeating: .overrun, count: 10))
    for _ in 0..<5 {
      #expect(reading.turn(reads: 2, isReady: !reading.isUnfinished) == [.lost, .lost])
    }
    #expect(reading.turn(reads: 2) == [.drained])
  }

  @Test func bytesEndATurnAsReadsDo() {
    var reading = Reading(waiting: Array(repeating: .datagram, count: 5))
    #expect(reading.turn(reads: 8, bytes: 150, isReady: true) == [.news, .news])
    #expect(reading.turn(reads: 8, bytes: 150) == [.news, .news])
    #expect(reading.turn(reads: 8, bytes: 150) == [.news, .drained])
    #expect(!reading.isUnfinished)
  }
}
