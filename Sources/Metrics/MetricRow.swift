// One family that is one field of one kind of record.

import Control

/// Families of which each record of a type gives one sample.
struct MetricRows: Sendable {
  /// What tells the samples apart, and the field that says it.
  struct Label: Sendable {
    let name: String
    let field: String
  }

  let type: String
  let labels: [Label]
  let rows: [MetricRow]
}

struct MetricRow: Sendable {
  /// How the field is read.
  enum Reading: Sendable {
    case number
    case truth
    case milliseconds
    case microseconds
    /// Whether it says one of these words.
    case words([String])
  }

  let family: MetricFamily
  let field: String
  let reading: Reading

  static func counter(_ name: String, _ field: String, _ help: String) -> MetricRow {
    MetricRow(
      family: MetricFamily("hopshift_\(name)", .counter, help), field: field, reading: .number)
  }

  static func bytes(
    _ name: String, _ kind: MetricKind, _ field: String, _ help: String
  ) -> MetricRow {
    MetricRow(
      family: MetricFamily("hopshift_\(name)_bytes", kind, unit: "bytes", help), field: field,
      reading: .number)
  }

  static func gauge(
    _ name: String, _ field: String, _ help: String, as reading: Reading = .number
  ) -> MetricRow {
    MetricRow(
      family: MetricFamily("hopshift_\(name)", .gauge, help), field: field, reading: reading)
  }

  static func seconds(
    _ name: String, _ field: String, _ help: String, as reading: Reading = .milliseconds,
    kind: MetricKind = .gauge
  ) -> MetricRow {
    MetricRow(
      family: MetricFamily("hopshift_\(name)_seconds", kind, unit: "seconds", help), field: field,
      reading: reading)
  }

  /// Nothing when the record does not say.
  func value(_ record: Record) -> MetricValue? {
    switch reading {
    case .number: record.integer(field).map { MetricValue($0) }
    case .truth: record.boolean(field).map { MetricValue($0) }
    case .milliseconds: record.integer(field).map { .seconds(milliseconds: $0) }
    case .microseconds: record.integer(field).map { .seconds(microseconds: $0) }
    case .words(let words): record.string(field).map { MetricValue(words.contains($0)) }
    }
  }
}
