// Times of day for people, from nanoseconds since 1970 and the distance to UTC.

package enum WallTime {
  /// `2026-11-21 10:03:12`; `zone` is the distance to UTC in seconds.
  package static func date(_ nanoseconds: Int64, zone: Int64) -> String {
    let (day, rest) = days(nanoseconds, zone)
    let civil = civil(day)
    return "\(civil.year)-\(two(civil.month))-\(two(civil.day)) \(clock(rest))"
  }

  /// `10:03:12.123456`.
  package static func time(_ nanoseconds: Int64, zone: Int64) -> String {
    let (_, rest) = days(nanoseconds, zone)
    let micros = String(1_000_000 + rest / 1_000 % 1_000_000).dropFirst()
    return "\(clock(rest)).\(micros)"
  }

  /// `10:03:12`.
  package static func second(_ nanoseconds: Int64, zone: Int64) -> String {
    clock(days(nanoseconds, zone).rest)
  }

  private static let dayLength: Int64 = 86_400 * 1_000_000_000

  private static func days(_ nanoseconds: Int64, _ zone: Int64) -> (day: Int64, rest: Int64) {
    // Times beyond the year 2262 do not fit, and none is shown wrongly for it.
    let (local, overflow) = nanoseconds.addingReportingOverflow(
      max(-86_400, min(86_400, zone)) * 1_000_000_000)
    let time = overflow ? nanoseconds : local
    let rest = (time % dayLength + dayLength) % dayLength
    return ((time - rest) / dayLength, rest)
  }

  private static func clock(_ rest: Int64) -> String {
    let seconds = rest / 1_000_000_000
    return "\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }

  private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// The proleptic Gregorian calendar. Years begin in March here, so that the day that leap years
  /// have comes last; 400 of them have 146,097 days.
  private static func civil(_ daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let day = daysSince1970 + 719_468
    let era = (day >= 0 ? day : day - 146_096) / 146_097
    let ofEra = day - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * ofYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * march + 2) / 5 + 1
    )
  }
}
