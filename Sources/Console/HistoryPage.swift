// The answer to `history` as a page for people: a sentence for each shift.

package import Control

/// What the daemon answered.
package struct HistoryPage: Sendable {
  private let shifts: [ShiftRecords]
  /// What Azure announced and did to the machine; only the courier tells it.
  private let events: [Record]

  /// What is said when there is none.
  private let nothing: String

  package init(_ records: [Record], nothing: String = "no shift since hopshiftd started") {
    self.nothing = nothing
    shifts = ShiftRecords.all(records)
    events = records.filter { $0.type == "event" }
  }

  package var hasShifts: Bool { !shifts.isEmpty }

  /// When the first line was, in nanoseconds since 1970: what the distance to UTC is asked for.
  package var wall: Int64? {
    [shifts.first?.wall, events.first?.integer("unix-ns")].compactMap(\.self).min()
  }

  /// The page, ending in a newline. `withStages`: the time of each stage below its shift.
  package func render(zone: Int64, withStages: Bool, _ style: Style) -> String {
    guard !shifts.isEmpty || !events.isEmpty else { return "\(nothing)\n" }
    var lines: [String] = []
    var events = events[...]
    for entry in shifts {
      let before = events.prefix { ($0.integer("unix-ns") ?? 0) < (entry.wall ?? 0) }
      lines += before.map { HistoryPage.words(of: $0, zone: zone) }
      events = events.dropFirst(before.count)
      lines.append(sentence(entry, zone: zone, style))
      if withStages { lines += stages(entry, zone: zone, style) }
    }
    lines += events.map { HistoryPage.words(of: $0, zone: zone) }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func words(of event: Record, zone: Int64) -> String {
    let date = WallTime.date(event.integer("unix-ns") ?? 0, zone: zone)
    let step =
      switch event.string("step") {
      case "announced": "is announced"
      case "begun": "has begun"
      default: "is over"
      }
    return "\(date) Azure: \(event.text("kind")) \(event.text("event")) \(step)"
  }

  private func sentence(_ entry: ShiftRecords, zone: Int64, _ style: Style) -> String {
    let shift = entry.shift
    let date = WallTime.date(shift.integer("unix-ns") ?? 0, zone: zone)
    let number = style.paint("#\(shift.text("shift"))", .heading)
    var text = "\(number) \(date) \(shift.text("what")) because \(shift.text("why"))"
    let written = entry.stages("written")
    if let last = written.compactMap({ $0.integer("after-us") }).max() {
      text += "; written after \(LengthOfTime.text(microseconds: last))"
    } else if entry.isAnnounced {
      text += "; written to no route server"
    }
    let arrivals = entry.stages("acknowledged").map {
      "by \($0.text("route-server")) after \($0.shortTime("after-us"))"
    }
    if !arrivals.isEmpty { text += ", acknowledged \(Enumeration.text(arrivals))" }
    let waiting = entry.unacknowledged
    if !waiting.isEmpty { text += ", not acknowledged by \(Enumeration.text(waiting))" }
    text += tables(entry, isFirst: written.isEmpty) + confirmation(entry)
    return text + (entry.heldBack.map { "; \($0)" } ?? "")
  }

  private func tables(_ entry: ShiftRecords, isFirst: Bool) -> String {
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

  private func confirmation(_ entry: ShiftRecords) -> String {
    if let stage = entry.stages.first(where: { $0.string("stage") == "confirmed" }) {
      return ", confirmed after \(stage.shortTime("after-us"))"
    }
    return entry.isConfirmable ? ", not confirmed" : ""
  }

  /// What a bar takes. We chose it: with times and names it still fits a terminal of 80 columns.
  private static let barWidth = 20

  private func stages(_ entry: ShiftRecords, zone: Int64, _ style: Style) -> [String] {
    let spans = StageSpan.all(entry)
    let scale = StageScale(spans)
    var table = Table(["  TIME", "STAGE", "ROUTE SERVER", "AFTER", scale.caption])
    for span in spans {
      let at = (entry.wall ?? 0) &+ span.to.multipliedReportingOverflow(by: 1_000).partialValue
      table.add([
        Table.Cell("  " + WallTime.time(at, zone: zone)),
        Table.Cell(Printable.clean(span.stage)), Table.Cell(span.server ?? Record.nothing),
        Table.Cell(LengthOfTime.text(microseconds: span.to)),
        Table.Cell(scale.bar(span, width: HistoryPage.barWidth), HistoryPage.tone(span)),
      ])
    }
    return table.lines(style)
  }

  /// What the daemon does is plain; what others take is marked.
  private static func tone(_ span: StageSpan) -> Tone {
    switch span.stage {
    case "seen", "decided", "written": .plain
    case "acknowledged": .doubtful
    default: .good
    }
  }
}
