// Lengths of time as people write and read them.

package import Model

/// Text to and from lengths of time.
package enum LengthOfTime {
  /// The longest that may be asked for: a week. We chose it; nobody watches a terminal longer.
  package static let longest = Nanoseconds.seconds(7 * 24 * 3_600)

  /// Reads a whole number and its unit, `ms`, `s`, `m` or `h`; nil for zero and beyond the longest.
  package static func read(_ text: String) -> Nanoseconds? {
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
    guard let count = Int64(String(text.prefix(digits.count))), count > 0,
      let unit = unit(String(text.dropFirst(digits.count)))
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit.count)
    guard !overflow, product <= longest.count else { return nil }
    return Nanoseconds(product)
  }

  /// Two parts at most: what is far away needs no exact seconds. A length below zero is a clock's
  /// error of the other side and is shown as it is.
  package static func text(milliseconds count: Int64) -> String {
    let seconds = count / 1_000
    switch count {
    case ..<1_000: return "\(count) ms"
    case ..<10_000: return "\(seconds).\(count % 1_000 / 100) s"
    case ..<60_000: return "\(seconds) s"
    case ..<3_600_000: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400_000: return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
    }
  }

  /// For the stages of a shift, where microseconds count.
  package static func text(microseconds count: Int64) -> String {
    switch count {
    case ..<10_000: "\(count) us"
    default: text(milliseconds: count / 1_000)
    }
  }

  private static func unit(_ text: String) -> Nanoseconds? {
    switch text {
    case "ms": .milliseconds(1)
    case "s": .seconds(1)
    case "m": .seconds(60)
    case "h": .seconds(3_600)
    default: nil
    }
  }
}
