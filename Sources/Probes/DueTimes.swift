// A time for each target, of which the earliest is asked for far more often than one changes.

import Model

/// Times in groups, each of which knows its earliest: nobody looks at all of them.
struct DueTimes: Sendable {
  /// We chose it: 256 targets are as many groups as one group has times.
  static let groupSize = 16

  private var times: [Instant]
  private var firsts: [Instant]

  init(count: Int) {
    times = Array(repeating: ProbeSchedule.never, count: count)
    let groups = (count + DueTimes.groupSize - 1) / DueTimes.groupSize
    firsts = Array(repeating: ProbeSchedule.never, count: groups)
  }

  /// `ProbeSchedule.never` when there is none.
  var earliest: Instant { Instant.earliest(of: firsts.span) }

  var groupCount: Int { firsts.count }

  /// The earliest of a group, and who is in it.
  func earliest(inGroup group: Int) -> Instant { firsts[group] }
  func members(ofGroup group: Int) -> Range<Int> {
    let start = group * DueTimes.groupSize
    return start..<min(start + DueTimes.groupSize, times.count)
  }

  subscript(index: Int) -> Instant {
    get { times[index] }
    set {
      let before = times[index]
      times[index] = newValue
      let group = index / DueTimes.groupSize
      if newValue <= firsts[group] {
        firsts[group] = newValue
      } else if before == firsts[group] {
        lookAgain(group)
      }
    }
  }

  mutating func removeAll() {
    for index in times.indices { times[index] = ProbeSchedule.never }
    for group in firsts.indices { firsts[group] = ProbeSchedule.never }
  }

  private mutating func lookAgain(_ group: Int) {
    firsts[group] = Instant.earliest(of: times.span.extracting(members(ofGroup: group)))
  }
}

extension DueTimes {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &times) { $1.keep(&$0) }
    for group in firsts.indices { lookAgain(group) }
  }
}
