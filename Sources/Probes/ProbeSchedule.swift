// When each target is asked next: in slots, so that one wake-up asks several.

package import Model

/// Targets start at slots of a few milliseconds, spread over their interval, and keep their pace
/// from there: being late once does not move what comes after.
package struct ProbeSchedule: Sendable {
  /// The slot of a few targets. We chose it: fine enough that they are asked one by one.
  package static var slot: Nanoseconds { .milliseconds(5) }
  /// The slot of many that leave room for five of them. We chose it: 256 targets at ten probes a
  /// second then cost 100 wake-ups a second, not 2,560.
  package static var crowdedSlot: Nanoseconds { .milliseconds(10) }
  /// From so many probes a second on they are many. We chose it: five in each slot of the few.
  static let crowd: Int64 = 1_000
  /// Whoever is due within this time is asked in the same wake-up: intervals need not be multiples
  /// of a slot.
  package static var slack: Nanoseconds { .milliseconds(1) }
  /// No deadline.
  package static var never: Instant { Instant(nanoseconds: .max) }

  package let slot: Nanoseconds
  private let intervals: [Nanoseconds]
  private(set) var due: DueTimes

  /// One entry a target; nil: it is never asked.
  package init(_ intervals: [Nanoseconds?]) {
    self.intervals = intervals.map { $0 ?? .zero }
    let limit = ProbeSchedule.crowd * 1_000
    let isCrowded =
      ProbeSchedule.pace(of: self.intervals) >= limit
      && !self.intervals.contains { $0 > .zero && $0 < ProbeSchedule.crowdedSlot * 5 }
    slot = isCrowded ? ProbeSchedule.crowdedSlot : ProbeSchedule.slot
    due = DueTimes(count: intervals.count)
  }

  /// Gives every target its first slot, the first of them at `now`.
  package mutating func start(at now: Instant) {
    var ordinal: Int64 = 0
    for index in intervals.indices where intervals[index] > .zero {
      let interval = intervals[index].count
      let slots = max(interval / slot.count, 1)
      due[index] = now + slot * (ordinal % slots)
      ordinal += 1
    }
  }

  /// Probes in a thousand seconds: intervals need not divide a second.
  private static func pace(of intervals: [Nanoseconds]) -> Int64 {
    intervals.reduce(0) { sum, interval in
      interval > .zero ? sum + Nanoseconds.seconds(1_000).count / interval.count : sum
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

  /// A target that is asked as often as before keeps its pace, unless the slots are others.
  mutating func succeed(_ old: ProbeSchedule, _ before: Int, at index: Int) {
    guard slot == old.slot, intervals[index] == old.intervals[before] else { return }
    due[index] = old.due[before]
  }

  package mutating func stop() { due.removeAll() }
}

extension ProbeSchedule {
  mutating func keep(in keeper: inout Keeper) { due.keep(in: &keeper) }
}
