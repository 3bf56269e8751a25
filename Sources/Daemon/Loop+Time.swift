// When the loop judges what is overdue, and what it does after it was away itself.

import Engine
import Linux
import Model
import Probes

extension Loop {
  /// A process that ran much later than it had meant to tells the engine before anything is read.
  mutating func noteLateness(at now: Instant) {
    // A suspended machine's monotonic clock stands still, so the other one has to tell.
    let asleep = Nanoseconds(Clock.boot().nanoseconds - now.nanoseconds)
    let slept = asleep - (self.asleep ?? asleep)
    self.asleep = asleep
    let late = max(slept, promised.map { now - $0 } ?? .zero)
    if late > Loop.lateness { feed(.paused(late), at: now) }
  }

  /// Judges timers, unless the process stood still between reading and now: what came meanwhile is
  /// read first. Only once in a row, so that a machine that is always late still judges.
  mutating func judgeTimers(since woken: Instant, at now: Instant) {
    guard let deadline = engine.deadline, now >= deadline else {
      timersWerePutOff = false
      return
    }
    if now - woken > Loop.standstill && !timersWerePutOff {
      timersWerePutOff = true
      return
    }
    timersWerePutOff = false
    feed(.probe(.heard(until: probeSockets.heard)), at: now)
    feed(.turn, at: now)
  }
}
