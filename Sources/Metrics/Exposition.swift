// The text of OpenMetrics 1.0, family by family, as it is written.

/// What a family is, and so how its samples are called.
package enum MetricKind: String, Hashable, Sendable {
  case gauge
  /// Never falls while the process lives; its samples end in `_total`.
  case counter
  /// Counts in buckets; its samples end in `_bucket`, `_count` and `_sum`.
  case histogram
  /// Text that labels carry; its samples end in `_info`.
  case info
}

/// A name with what belongs to it in the text.
package struct MetricFamily: Hashable, Sendable {
  package let name: String
  package let kind: MetricKind
  /// The last word of the name, when the samples measure something.
  package let unit: String?
  /// A sentence.
  package let help: String

  package init(_ name: String, _ kind: MetricKind, unit: String? = nil, _ help: String) {
    precondition(unit.map { name.hasSuffix("_\($0)") } ?? true, "a name ends in its unit")
    self.name = name
    self.kind = kind
    self.unit = unit
    self.help = help
  }
}

/// The name and the value of a label.
package typealias MetricLabel = (name: String, value: String)

/// The text under construction.
package struct Exposition: Sendable {
  /// What the text is called in HTTP.
  package static let contentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8"

  private var text = ""
  private var family: MetricFamily?
  private var families: Set<String> = []
  /// The labels that samples of this family have had: none may come twice.
  private var seen: Set<String> = []

  package init() {}

  /// Every sample until the next call belongs to this family, which comes once.
  package mutating func begin(_ family: MetricFamily) {
    precondition(families.insert(family.name).inserted, "a family comes once")
    self.family = family
    seen = []
    text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
    if let unit = family.unit { text += "# UNIT \(family.name) \(unit)\n" }
    text += "# HELP \(family.name) \(Exposition.escape(family.help))\n"
  }

  /// One sample of a gauge, a counter or an info.
  package mutating func add(_ value: MetricValue, _ labels: [MetricLabel] = []) {
    guard let family else { preconditionFailure("a sample belongs to a family") }
    let suffix =
      switch family.kind {
      case .counter: "_total"
      case .info: "_info"
      case .gauge: ""
      case .histogram: preconditionFailure("a histogram is more than one sample")
      }
    let words = Exposition.words(labels)
    // Two things that the daemon calls the same: a second one would make all of it unreadable.
    guard seen.insert(words).inserted else { return }
    text += "\(family.name)\(suffix)\(words) \(value.text)\n"
  }

  /// One histogram. `counts` has one more than `bounds`: what lies above all of them.
  package mutating func add(_ histogram: MetricHistogram, _ labels: [MetricLabel] = []) {
    guard let family, family.kind == .histogram else {
      preconditionFailure("a histogram belongs to a family of its kind")
    }
    guard seen.insert(Exposition.words(labels)).inserted else { return }
    var below: UInt64 = 0
    for (place, count) in histogram.counts.enumerated() {
      below &+= count
      let end = place < histogram.bounds.count ? histogram.bounds[place].bound : "+Inf"
      text += "\(family.name)_bucket\(Exposition.words(labels + [("le", end)])) \(below)\n"
    }
    text += "\(family.name)_count\(Exposition.words(labels)) \(below)\n"
    text += "\(family.name)_sum\(Exposition.words(labels)) \(histogram.sum.text)\n"
  }

  /// The whole text.
  package consuming func finish() -> String { text + "# EOF\n" }

  private static func words(_ labels: [MetricLabel]) -> String {
    guard !labels.isEmpty else { return "" }
    let parts = labels.map { "\($0.name)=\"\(escape($0.value))\"" }
    return "{\(parts.joined(separator: ","))}"
  }

  /// The three characters that OpenMetrics escapes, in labels as in help.
  private static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
