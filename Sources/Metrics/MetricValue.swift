// Numbers as OpenMetrics writes them: exact, without a detour over binary fractions.

/// The value of a sample.
package struct MetricValue: Hashable, Sendable {
  package let text: String

  private init(text: String) { self.text = text }

  package init(_ number: Int64) { text = "\(number)" }

  package init(_ truth: Bool) { text = truth ? "1" : "0" }

  package static func seconds(microseconds count: Int64) -> MetricValue {
    MetricValue(text: decimal(count, places: 6))
  }

  package static func seconds(milliseconds count: Int64) -> MetricValue {
    MetricValue(text: decimal(count, places: 3))
  }

  package static func seconds(nanoseconds count: Int64) -> MetricValue {
    MetricValue(text: decimal(count, places: 9))
  }

  /// `count` divided by ten to the power of `places`, with a point and no needless zeros.
  private static func decimal(_ count: Int64, places: Int) -> String {
    let digits = String(count.magnitude)
    let filled = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    var fraction = filled.suffix(places)
    while fraction.count > 1, fraction.last == "0" { fraction.removeLast() }
    return "\(count < 0 ? "-" : "")\(filled.dropLast(places)).\(fraction)"
  }
}

/// The upper end of a bucket in microseconds.
package struct MetricBound: Hashable, Sendable {
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// In seconds, the way the specification writes it canonically: below a ten thousandth with an
  /// exponent, otherwise with a point.
  package var bound: String {
    guard microseconds < 100 else { return MetricValue.seconds(microseconds: microseconds).text }
    guard microseconds >= 10 else { return "\(microseconds)e-06" }
    let rest = microseconds % 10
    return rest == 0 ? "\(microseconds / 10)e-05" : "\(microseconds / 10).\(rest)e-05"
  }
}

/// Counts in buckets, each by itself.
package struct MetricHistogram: Hashable, Sendable {
  package let bounds: [MetricBound]
  /// One more than bounds.
  package let counts: [UInt64]
  package let sum: MetricValue

  /// Nothing when the parts do not fit together.
  package init?(bounds: [MetricBound], counts: [UInt64], sum: MetricValue) {
    guard counts.count == bounds.count + 1,
      zip(bounds, bounds.dropFirst()).allSatisfy({ $0.microseconds < $1.microseconds })
    else { return nil }
    self.bounds = bounds
    self.counts = counts
    self.sum = sum
  }
}
