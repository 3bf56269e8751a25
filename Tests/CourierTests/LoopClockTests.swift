// Standing still is noticed wherever the stop hit: while the loop waited, or in the midst of a turn.

import Linux
import Model
import Testing

@testable import Courier

@Suite struct LoopClockTests {
  let start = Clock.monotonic()

  @Test func whoWakesInTimeWasThere() {
    var clock = LoopClock(at: start)
    clock.promise(start + .seconds(1), at: start + .milliseconds(100))
    #expect(clock.woke(at: start + .milliseconds(1_001)) == nil)
  }

  @Test func whoIsStoppedWhileItWaitsIsLate() {
    var clock = LoopClock(at: start)
    clock.promise(start + .seconds(1), at: start)
    #expect(clock.woke(at: start + .seconds(3)) == .seconds(2))
  }

  /// The promise is made after the stop, and is kept: only the turn's length tells.
  @Test func whoIsStoppedInATurnIsLateToo() {
    var clock = LoopClock(at: start)
    clock.promise(start + .seconds(3), at: start + .seconds(2))
    #expect(clock.woke(at: start + .seconds(2) + .milliseconds(1)) == .seconds(2))
    clock.promise(start + .seconds(4), at: start + .seconds(2) + .milliseconds(2))
    #expect(clock.woke(at: start + .seconds(2) + .milliseconds(3)) == nil, "told once")
  }
}
