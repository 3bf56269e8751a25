// One shift as the client of a VIP saw it, and what many of them come to.

package import Model

/// A shift that was asked for, and the questions around it.
package struct MeasuredShift: Equatable, Sendable {
  package var host: String
  /// How long after the last change before it was seen it was asked for; nil for the first.
  package var sinceLast: Nanoseconds?
  /// From asking for it to the first answer of the new host.
  package var arrival: Nanoseconds?
  /// From asking for it to the first answer of the new host behind which none of another came: each
  /// route server instance serves a part of the network, so for a while both hosts may answer.
  package var moved: Nanoseconds?
  /// The longest time between two answers, from asking on.
  package var outage: Nanoseconds
  /// Questions asked since that were never answered.
  package var lost: Int

  /// Looks at the questions of a client: `began` is when the shift was asked for, `end` when it was
  /// no longer watched.
  package init(
    to host: String, questions: [Question], began: Moment, end: Moment, lastChange: Moment?
  ) {
    self.host = host
    sinceLast = lastChange.map { began - $0 }
    let answers = questions.compactMap(\.answer).filter { $0.moment <= end }
      .sorted { $0.moment < $1.moment }
    let after = answers.filter { $0.moment >= began }
    arrival = after.first { $0.from == host }.map { $0.moment - began }
    let lastOfOld = after.last { $0.from != host }?.moment ?? began
    moved = after.first { $0.from == host && $0.moment > lastOfOld }.map { $0.moment - began }
    // The gap may have begun with the last answer before.
    let before = answers.last { $0.moment < began }?.moment ?? began
    let points = [before] + after.map(\.moment) + [end]
    outage = zip(points, points.dropFirst()).map { $1 - $0 }.max() ?? .zero
    lost = questions.count { began <= $0.asked && $0.asked <= end && $0.answer == nil }
  }

  /// When the traffic was at the new host whole.
  package func change(began: Moment) -> Moment? { moved.map { began + $0 } }
}

/// The report on a series of shifts, as text.
package struct MeasureReport: Equatable, Sendable {
  package var vip: IPv4Address
  /// Shifts so far apart that none can delay the next.
  package var apart: [MeasuredShift]
  /// A shift asked for right after another was seen.
  package var atOnce: MeasuredShift?

  package init(vip: IPv4Address, apart: [MeasuredShift], atOnce: MeasuredShift?) {
    self.vip = vip
    self.apart = apart
    self.atOnce = atOnce
  }

  /// Whether the traffic has moved each time.
  package var isComplete: Bool {
    (apart + (atOnce.map { [$0] } ?? [])).allSatisfy { $0.moved != nil }
  }

  package var text: String {
    var lines = [
      "shifts of \(vip), as a client saw them; times count from the moment a shift was asked for",
      "",
      MeasureReport.row(["shift", "to", "first answer", "all moved", "outage", "lost"]),
    ]
    for (index, shift) in apart.enumerated() {
      lines.append(MeasureReport.row(["\(index + 1)"] + MeasureReport.cells(shift)))
    }
    lines.append("")
    let moves = apart.compactMap(\.moved)
    lines.append("first answer  \(MeasureReport.spread(apart.compactMap(\.arrival)))")
    lines.append("all moved     \(MeasureReport.spread(moves))")
    lines.append("outage        \(MeasureReport.spread(apart.map(\.outage)))")
    if let atOnce {
      let since = atOnce.sinceLast.map(Timeline.milliseconds) ?? "?"
      let took = atOnce.moved.map(Timeline.milliseconds) ?? "was not seen"
      lines += ["", "a change \(since) after the one before: \(took)"]
      if let usual = MeasureReport.median(moves), let second = atOnce.moved {
        let isLate = second.count > 3 * max(usual.count, 1_000_000_000)
        lines.append(
          isLate ? "a second change is held back: damping" : "no sign of damping of a second change"
        )
      }
    }
    let missing = apart.count { $0.moved == nil }
    if missing > 0 { lines += ["", "\(missing) of \(apart.count) shifts were not seen"] }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func cells(_ shift: MeasuredShift) -> [String] {
    [
      shift.host, shift.arrival.map(Timeline.milliseconds) ?? "never",
      shift.moved.map(Timeline.milliseconds) ?? "never", Timeline.milliseconds(shift.outage),
      "\(shift.lost)",
    ]
  }

  private static func row(_ cells: [String]) -> String {
    let widths = [6, 12, 15, 15, 15, 6]
    return zip(cells, widths).map { cell, width in
      String(repeating: " ", count: max(width - cell.count, 1)) + cell
    }.joined()
  }

  package static func median(_ lengths: [Nanoseconds]) -> Nanoseconds? {
    guard !lengths.isEmpty else { return nil }
    let sorted = lengths.sorted()
    let middle = sorted.count / 2
    guard sorted.count % 2 == 0 else { return sorted[middle] }
    return Nanoseconds((sorted[middle - 1].count + sorted[middle].count) / 2)
  }

  private static func spread(_ lengths: [Nanoseconds]) -> String {
    guard let least = lengths.min(), let most = lengths.max(), let middle = median(lengths) else {
      return "nothing was measured"
    }
    return "min \(Timeline.milliseconds(least)), median \(Timeline.milliseconds(middle)), "
      + "max \(Timeline.milliseconds(most))"
  }
}
