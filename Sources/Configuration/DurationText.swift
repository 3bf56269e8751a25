// Lengths of time as people write them: a number and its unit.
import Model

/// Texts of lengths of time.
enum DurationText {
  private static let units: [(name: String, length: Int64)] = [
    ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
  ]

  /// Words for units that people try, and what they mean.
  private static let otherNames: [(name: String, unit: String)] = [
    ("msec", "ms"), ("millisecond", "ms"), ("milliseconds", "ms"), ("sec", "s"), ("secs", "s"),
    ("second", "s"), ("seconds", "s"), ("min", "m"), ("mins", "m"), ("minute", "m"),
    ("minutes", "m"),
  ]

  /// Digits on each side of the point: eight of the longest unit are 6e18 nanoseconds and fit.
  private static let digitLimit = 8

  static func read(
    _ text: String, least: Nanoseconds, most: Nanoseconds, step: Nanoseconds
  ) throws(Complaint) -> Nanoseconds {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let rest = text.dropFirst(number.count)
    if number.split(separator: ".").contains(where: { $0.utf8.count > digitLimit }) {
      throw Complaint("\(Quote.shown(text)) has more than \(digitLimit) digits in a row")
    }
    guard let decimal = Decimal(number) else {
      throw Complaint("\(Quote.shown(text)) is not a time", suggestion: "write a time such as 30s")
    }
    guard let unit = units.first(where: { $0.name == rest }) else {
      let seconds = decimal.times(1_000_000_000)
      let isLong = step >= .seconds(1) || seconds.map { $0 >= least && $0 <= most } ?? false
      throw unitComplaint(text, number: String(number), rest: String(rest), isLong: isLong)
    }
    guard let length = decimal.times(unit.length) else {
      throw Complaint("\(Quote.shown(text)) is finer than a nanosecond")
    }
    guard length.count % step.count == 0 else {
      throw Complaint("\(Quote.shown(text)) is not a whole number of \(stepName(step))")
    }
    guard length >= least, length <= most else {
      throw Complaint(
        "\(Quote.shown(text)) is out of range: \(self.text(least)) to \(self.text(most))",
        suggestion: "write \(self.text(length < least ? least : most))")
    }
    return length
  }

  /// The shortest exact form: `30s`, `1500ms`.
  static func text(_ length: Nanoseconds) -> String {
    if length.count % 1_000_000_000 == 0 { return "\(length.count / 1_000_000_000)s" }
    precondition(length.count % 1_000_000 == 0, "no key takes less than a millisecond")
    return "\(length.count / 1_000_000)ms"
  }

  /// To be read, not to be written: rounded up to milliseconds.
  static func shown(_ length: Nanoseconds) -> String {
    text(.milliseconds((length.count + 999_999) / 1_000_000))
  }

  private static func unitComplaint(
    _ text: String, number: String, rest: String, isLong: Bool
  ) -> Complaint {
    if rest.isEmpty {
      // As seconds it would be possible, and then it is hardly meant as milliseconds.
      let unit = isLong ? "s" : "ms"
      return Complaint(
        "\(Quote.shown(text)) has no unit", suggestion: "write \(number)\(unit)")
    }
    let word = rest.drop { $0 == " " }.lowercased()
    let unit =
      units.first { $0.name == word }?.name ?? otherNames.first { $0.name == word }?.unit
    return Complaint(
      "\(Quote.shown(text)) does not end in a unit: ms, s or m",
      suggestion: unit.map { "write \(number)\($0)" })
  }

  private static func stepName(_ step: Nanoseconds) -> String {
    step.count == 1_000_000_000 ? "seconds" : "milliseconds"
  }

  /// Digits with at most one point between them.
  private struct Decimal {
    var whole: Int64
    var fraction: Int64
    var fractionScale: Int64

    init?(_ text: Substring) {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard (1...2).contains(parts.count),
        parts.allSatisfy({ (1...DurationText.digitLimit).contains($0.utf8.count) }),
        let whole = Int64(parts[0])
      else { return nil }
      self.whole = whole
      fraction = 0
      fractionScale = 1
      if parts.count == 2 {
        guard let fraction = Int64(parts[1]) else { return nil }
        self.fraction = fraction
        for _ in parts[1].utf8 { fractionScale *= 10 }
      }
    }

    /// Nil when the product is no whole number of nanoseconds; `digitLimit` keeps it in range.
    func times(_ unit: Int64) -> Nanoseconds? {
      let tail = fraction * unit
      guard tail % fractionScale == 0 else { return nil }
      return Nanoseconds(whole * unit + tail / fractionScale)
    }
  }
}
