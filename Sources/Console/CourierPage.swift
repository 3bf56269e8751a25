// The slow path in the answer to `status`, for people.

import Control

/// Who writes route tables, and what is wrong with that.
struct CourierPage: Sendable {
  private let record: Record

  init(_ record: Record) { self.record = record }

  private func list(_ name: String) -> [String] {
    guard case .array(let values)? = record[name] else { return [] }
    return values.compactMap { value in
      if case .string(let text) = value { Printable.clean(text) } else { nil }
    }
  }

  private var isMissing: Bool {
    record.boolean("connected") != true && record.boolean("needed") == true
  }

  /// What does not work, one sentence each.
  var faults: [String] {
    var faults = isMissing ? ["nobody writes route tables: hopshift-courier is not connected"] : []
    let volatile = list("not-durable")
    if !volatile.isEmpty { faults.append("not durable: \(volatile.joined(separator: ", "))") }
    return faults + list("troubles").map { "the route of \($0)" }
  }

  /// Below the heading.
  func lines(_ style: Style) -> [String] {
    let isConnected = record.boolean("connected") == true
    let state = isConnected ? "connected" : "not connected"
    let tone: Tone = isConnected ? .good : isMissing ? .bad : .plain
    let volatile = list("not-durable")
    let durability =
      volatile.isEmpty
      ? "" : ", " + style.paint("not durable: \(volatile.joined(separator: ", "))", .bad)
    var lines = ["courier        \(style.paint(state, tone))\(durability)"]
    lines += list("troubles").map { "               " + style.paint($0, .bad) }
    lines += list("events").map { "               " + style.paint("Azure: \($0)", .doubtful) }
    return lines
  }
}
