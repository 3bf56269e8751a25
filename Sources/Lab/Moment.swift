// Points on the wall clock: kernel time stamps of packets and BIRD's own times are told on it.

package import Model

/// A point on CLOCK_REALTIME, in nanoseconds since 1970. The lab compares what different observers
/// saw, and this is the one clock that the packet socket, BIRD and the lab itself share.
package struct Moment: Hashable, Comparable, Sendable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static func < (left: Moment, right: Moment) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  package static func + (moment: Moment, length: Nanoseconds) -> Moment {
    Moment(nanoseconds: moment.nanoseconds + length.count)
  }

  package static func - (moment: Moment, length: Nanoseconds) -> Moment {
    Moment(nanoseconds: moment.nanoseconds - length.count)
  }

  package static func - (later: Moment, earlier: Moment) -> Nanoseconds {
    Nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}

extension Moment {
  /// Reads BIRD's `iso long us` form in UTC: `2026-11-20 23:36:23.106127`.
  package init?(birdText text: some StringProtocol) {
    let halves = text.split(separator: " ")
    guard halves.count == 2 else { return nil }
    let date = halves[0].split(separator: "-").compactMap { Int64($0) }
    let clock = halves[1].split(separator: ":")
    guard date.count == 3, clock.count == 3, let hour = Int64(clock[0]),
      let minute = Int64(clock[1])
    else { return nil }
    let second = clock[2].split(separator: ".")
    guard second.count == 2, second[1].utf8.count == 6, let whole = Int64(second[0]),
      let micro = Int64(second[1])
    else { return nil }
    let days = Moment.days(year: date[0], month: date[1], day: date[2])
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + whole
    self.init(nanoseconds: seconds * 1_000_000_000 + micro * 1_000)
  }

  /// Days since 1970-01-01 in the Gregorian calendar; years are counted from March so that the
  /// leap day comes last.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let marchYear = month > 2 ? year : year - 1
    let marchMonth = (month + 9) % 12
    let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
    let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    return marchYear * 365 + leapDays + dayOfYear - 719_468
  }
}
