// When it is said that the traffic has left: not before it had the time, and of which events.

import Model
import Testing

@testable import Daemon

/// The macros of the tests change nothing, so what changes is behind a reference.
private final class Leaving {
  private var departure = Departure()

  func turn(_ events: [String], isEmpty: Bool, at now: Instant) -> Bool {
    departure.turn(events, isEmpty: isEmpty, at: now)
  }

  var told: [String] { departure.told }
  var deadline: Instant? { departure.deadline }
}

struct DepartureTests {
  private static let start = Instant(nanoseconds: 1_000_000_000)

  @Test func itIsSaidOnceAndNotBeforeItsTime() {
    let departure = Leaving()
    let start = DepartureTests.start
    #expect(!departure.turn(["E-1"], isEmpty: false, at: start))
    #expect(departure.deadline == nil)
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start))
    #expect(departure.deadline == start + Departure.rest)
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start + Departure.rest - .milliseconds(1)))
    #expect(departure.told == [])
    #expect(departure.turn(["E-1"], isEmpty: true, at: start + Departure.rest))
    #expect(departure.told == ["E-1"])
    #expect(departure.deadline == nil)
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start + Departure.rest * 2))
  }

  @Test func whatComesBackMeanwhileBeginsTheTimeAnew() {
    let departure = Leaving()
    let start = DepartureTests.start
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start))
    #expect(!departure.turn(["E-1"], isEmpty: false, at: start + .seconds(9)))
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start + .seconds(10)))
    #expect(departure.deadline == start + .seconds(20))
    #expect(departure.turn(["E-1"], isEmpty: true, at: start + .seconds(20)))
    // The other machine has died, and this one carries everything again.
    #expect(departure.turn(["E-1"], isEmpty: false, at: start + .seconds(21)))
    #expect(departure.told == [])
  }

  @Test func aSecondEventIsToldOfAtOnce() {
    let departure = Leaving()
    let start = DepartureTests.start
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start))
    #expect(departure.turn(["E-1"], isEmpty: true, at: start + Departure.rest))
    #expect(departure.turn(["E-1", "E-2"], isEmpty: true, at: start + .seconds(12)))
    #expect(departure.told == ["E-1", "E-2"])
  }

  /// Without an event nobody leaves, however empty it is here.
  @Test func whatWasNotAnnouncedIsNotLeft() {
    let departure = Leaving()
    let start = DepartureTests.start
    #expect(!departure.turn([], isEmpty: true, at: start))
    #expect(!departure.turn([], isEmpty: true, at: start + .seconds(60)))
    #expect(departure.deadline == nil)
    #expect(!departure.turn(["E-1"], isEmpty: true, at: start + .seconds(60)))
    #expect(departure.turn(["E-1"], isEmpty: true, at: start + .seconds(70)))
    #expect(departure.turn([], isEmpty: true, at: start + .seconds(71)))
    #expect(departure.told == [])
  }
}
