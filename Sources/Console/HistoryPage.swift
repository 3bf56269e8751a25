// The answer to `history` as a page for people: a sentence for each shift.

package import Control

/// What the daemon answered.
package struct HistoryPage: Sendable {
  private var shifts: [Entry] = []

  private struct Entry: Sendable {
    let shift: Record
    var stages: [Record] = []
  }

  /// What is said when there is none.
  private let nothing: String

  package init(_ records: [Record], nothing: String = "no shift since hopshiftd started") {
    self.nothing = nothing
    for record in records {
      if record.type == "history" { shifts.append(Entry(shift: record)) }
      if record.type == "stage", let last = shifts.indices.last {
        shifts[last].stages.append(record)
      }
    }
  }

  /// When the first shift was, in nanoseconds since 1970: what the distance to UTC is asked for.
  package var wall: Int64? { shifts.first?.shift.integer("unix-ns") }

  /// The page, ending in a newline. `withStages`: the time of each stage below its shift.
  package func render(zone: Int64, withStages: Bool, _ style: Style) -> String {
    guard !shifts.isEmpty else { return "\(nothing)\n" }
    var lines: [String] = []
    for entry in shifts {
      lines.append(sentence(entry, zone: zone, style))
      if withStages { lines += stages(entry, zone: zone, style) }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func sentence(_ entry: Entry, zone: Int64, _ style: Style) -> String {
    let shift = entry.shift
    let date = WallTime.date(shift.integer("unix-ns") ?? 0, zone: zone)
    let number = style.paint("#\(shift.text("shift"))", .heading)
    var text = "\(number) \(date) \(shift.text("what")) because \(shift.text("why"))"
    let written = entry.stages.filter { $0.string("stage") == "written" }
    if let last = written.compactMap({ $0.integer("after-us") }).max() {
      text += "; written after \(LengthOfTime.text(microseconds: last))"
    } else if shift.boolean("announced") ?? true {
      text += "; written to no route server"
    }
    let acknowledged = entry.stages.filter { $0.string("stage") == "acknowledged" }
    let arrivals = acknowledged.map {
      "by \($0.text("route-server")) after \($0.shortTime("after-us"))"
    }
    if !arrivals.isEmpty { text += ", acknowledged \(HistoryPage.list(arrivals))" }
    let waiting = written.map { $0.text("route-server") }.filter { server in
      !acknowledged.contains { $0.text("route-server") == server }
    }
    if !waiting.isEmpty { text += ", not acknowledged by \(HistoryPage.list(waiting))" }
    return text + tables(entry, isFirst: written.isEmpty) + confirmation(entry)
  }

  private func tables(_ entry: Entry, isFirst: Bool) -> String {
    for (stage, words) in [("udr-done", "in the route tables"), ("udr-accepted", "taken by Azure")]
    {
      if let found = entry.stages.first(where: { $0.string("stage") == stage }) {
        return "\(isFirst ? ";" : ",") \(words) after \(found.shortTime("after-us"))"
      }
    }
    return ""
  }

  /// The middle and the worst times of each stage, in the order in which they are reached.
  package func statistics(_ style: Style) -> String {
    var table = Table(["STAGE", "COUNT", "P50", "P99", "WORST"])
    for stage in HistoryPage.order {
      let times = shifts.flatMap(\.stages).filter { $0.string("stage") == stage }
        .compactMap { $0.integer("after-us") }.sorted()
      guard let worst = times.last else { continue }
      table.add([
        Table.Cell(stage), Table.Cell("\(times.count)"),
        Table.Cell(LengthOfTime.text(microseconds: HistoryPage.quantile(50, of: times))),
        Table.Cell(LengthOfTime.text(microseconds: HistoryPage.quantile(99, of: times))),
        Table.Cell(LengthOfTime.text(microseconds: worst)),
      ])
    }
    return table.lines(style).map { $0 + "\n" }.joined()
  }

  /// All that count from the moment when the cause was seen.
  private static let order = [
    "decided", "written", "acknowledged", "confirmed", "udr-accepted", "udr-done",
  ]

  /// The smallest time that so many of a hundred do not exceed: one that was measured.
  static func quantile(_ percent: Int, of sorted: [Int64]) -> Int64 {
    sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }

  private func confirmation(_ entry: Entry) -> String {
    if let stage = entry.stages.first(where: { $0.string("stage") == "confirmed" }) {
      return ", confirmed after \(stage.shortTime("after-us"))"
    }
    return entry.shift.boolean("confirmable") ?? false ? ", not confirmed" : ""
  }

  private func stages(_ entry: Entry, zone: Int64, _ style: Style) -> [String] {
    guard let seen = entry.shift.integer("at-ns"), let wall = entry.shift.integer("unix-ns") else {
      return []
    }
    var table = Table(["  TIME", "STAGE", "ROUTE SERVER", "AFTER"])
    let ordered = entry.stages.sorted { ($0.integer("at-ns") ?? 0) < ($1.integer("at-ns") ?? 0) }
    for stage in ordered {
      let at = wall &+ ((stage.integer("at-ns") ?? seen) &- seen)
      table.add([
        Table.Cell("  " + WallTime.time(at, zone: zone)), Table.Cell(stage.text("stage")),
        Table.Cell(stage.text("route-server")), Table.Cell(stage.shortTime("after-us")),
      ])
    }
    return table.lines(style)
  }

  /// `a`, `a and b`, `a, b and c`.
  private static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
  }
}
