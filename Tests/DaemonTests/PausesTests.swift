// Which of our own pauses get a line in the log, and what is told of the others.

import Model
import Testing

@testable import Daemon

struct PausesTests {
  /// A class, because the test macros cannot look at what changes by being asked.
  private final class Book {
    private(set) var pauses = Pauses()

    private func moment(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    func isTold(_ length: Int64, at milliseconds: Int64) -> Bool {
      pauses.allows(.milliseconds(length), at: moment(milliseconds))
    }

    func withheld(at milliseconds: Int64) -> [Int64]? {
      let told = pauses.nextWithheld(at: moment(milliseconds))
      return told.map { [Int64($0.count), $0.longest.milliseconds] }
    }
  }

  private let quiet = Pauses.quiet.milliseconds

  @Test func theFirstIsToldAtOnceAndTheRestTogether() {
    let book = Book()
    #expect(book.isTold(60, at: 1_000))
    #expect(book.withheld(at: 1_000) == nil)
    for turn: Int64 in 1...100 { #expect(!book.isTold(60 + turn, at: 1_000 + turn * 50)) }
    #expect(book.withheld(at: 1_000 + quiet - 1) == nil)
    #expect(book.withheld(at: 1_000 + quiet) == [100, 160])
    #expect(book.withheld(at: 1_000 + quiet) == nil)
    // That line counts as one: the next pause waits for its turn.
    #expect(!book.isTold(70, at: 1_001 + quiet))
    #expect(book.withheld(at: 1_000 + 2 * quiet) == [1, 70])
    #expect(book.pauses.count == 102)
    #expect(book.pauses.longest == .milliseconds(160))
    #expect(book.pauses.last == .zero + .milliseconds(1_001 + quiet))
  }

  @Test func aRarePauseIsAlwaysTold() {
    let book = Book()
    for turn: Int64 in 1...5 {
      #expect(book.isTold(200, at: turn * quiet))
      #expect(book.withheld(at: turn * quiet) == nil)
    }
  }
}
