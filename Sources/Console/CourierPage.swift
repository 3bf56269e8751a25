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
    faults += list("troubles").map { "the route of \($0)" }
    return faults + list("route-troubles").map { "the route to \($0)" } + untold
  }

  /// Of the kernel's routes in trouble only some are told.
  private var untold: [String] {
    let count = (record.integer("routes-in-trouble") ?? 0) - Int64(list("route-troubles").count)
    var lines: [String] = []
    if count > 0 { lines.append("\(count) more routes of the kernel; see hopshift routes --held") }
    if let leftOut = record.integer("routes-left-out"), leftOut > 0 {
      lines.append("\(leftOut) routes of the kernel have no room in route tables")
    }
    return lines
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
    lines += (list("route-troubles") + untold).map {
      "               " + style.paint($0, .bad)
    }
    if let count = record.integer("routes"), let open = record.integer("routes-open") {
      let words = "\(count) routes of the kernel, \(open) not written yet"
      lines.append("               " + style.paint(words, open == 0 ? .plain : .doubtful))
    }
    lines += list("events").map { "               " + style.paint("Azure: \($0)", .doubtful) }
    return lines
  }
}
