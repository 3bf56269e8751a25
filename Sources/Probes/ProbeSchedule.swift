// When each target is asked next: in slots, so that one wake-up asks several.

package import Model

/// Targets start at slots of a few milliseconds, spread over their interval, and keep their pace
/// from there: being late once does not move what comes after.
package struct ProbeSchedule: Sendable {
  /// We chose it: 256 targets at ten probes a second then cost 200 wake-ups a second, not 2,560.
  package static var slot: Nanoseconds { .milliseconds(5) }
  /// Whoever is due within this time is asked in the same wake-up: intervals need not be multiples
  /// of a slot.
  package static var slack: Nanoseconds { .milliseconds(1) }
  /// No deadline.
  package static var never: Instant { Instant(nanoseconds: .max) }

  private let intervals: [Nanoseconds]
  private(set) var due: DueTimes

  /// One entry a target; nil: it is never asked.
  package init(_ intervals: [Nanoseconds?]) {
    self.intervals = intervals.map { $0 ?? .zero }
    due = DueTimes(count: intervals.count)
  }

  /// Gives every target its first slot, the first of them at `now`.
  package mutating func start(at now: Instant) {
    var ordinal: Int64 = 0
    for index in intervals.indices where intervals[index] > .zero {
      let interval = intervals[index].count
      let slots = max(interval / ProbeSchedule.slot.count, 1)
      due[index] = now + ProbeSchedule.slot * (ordinal % slots)
      ordinal += 1
    }
  }

  package var earliest: Instant { due.earliest }

  package func isDue(_ index: Int, at now: Instant) -> Bool {
    let instant = due[index]
    return instant != ProbeSchedule.never && instant <= now + ProbeSchedule.slack
  }

  /// The target was asked, or could have been: its next time on its own grid.
  package mutating func advance(_ index: Int, at now: Instant) {
    let interval = intervals[index]
    guard due[index] != ProbeSchedule.never else { return }
    var next = due[index] + interval
    if next <= now {
      let missed = (now - next).count / interval.count + 1
      next = next + interval * missed
    }
    due[index] = next
  }

  /// A target that is asked as often as before keeps its pace.
  mutating func succeed(_ old: ProbeSchedule, _ before: Int, at index: Int) {
    guard intervals[index] == old.intervals[before] else { return }
    due[index] = old.due[before]
  }

  package mutating func stop() { due.removeAll() }
}

extension ProbeSchedule {
  mutating func keep(in keeper: inout Keeper) { due.keep(in: &keeper) }
}
