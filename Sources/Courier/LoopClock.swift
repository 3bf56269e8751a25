// Whether this process ran when it should have: judged before anything else of a turn.

import Linux
import Model

struct LoopClock {
  private var promised: Instant?
  private var turned: Instant
  /// How long the turn took that was before the promise: a process can be stopped in its midst.
  private var busy = Nanoseconds.zero
  /// What the day's clock and the suspended time are ahead of the monotonic clock.
  private var wall: Nanoseconds
  private var asleep: Nanoseconds

  init(at now: Instant) {
    turned = now
    wall = Clock.wall() - now
    asleep = Clock.boot() - now
  }

  /// The turn is done; from now on the loop waits, until then at most.
  mutating func promise(_ deadline: Instant, at now: Instant) {
    busy = now - turned
    promised = deadline
  }

  /// How long it was away, when that is long enough to matter. A clock of the day that was set
  /// forward counts too: it may be all that tells of a machine that was stopped from outside.
  mutating func woke(at now: Instant) -> Nanoseconds? {
    let late = promised.map { now - $0 } ?? .zero
    let wall = Clock.wall() - now
    let asleep = Clock.boot() - now
    let away = max(max(late, busy), max(wall - self.wall, asleep - self.asleep))
    self.wall = wall
    self.asleep = asleep
    busy = .zero
    promised = nil
    turned = now
    return away >= Loop.lateness ? away : nil
  }
}
