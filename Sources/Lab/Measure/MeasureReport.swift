// What a series of shifts comes to, as text: the client's view, and the daemon's beside it.

package import Model

/// The report on a series of shifts, as text.
package struct MeasureReport: Equatable, Sendable {
  package var vip: IPv4Address
  /// Shifts so far apart that none can delay the next.
  package var apart: [MeasuredShift]
  /// The shift that another was asked for right after; nil when there was no time for them.
  package var before: MeasuredShift?
  /// A shift asked for right after that one was seen; nil when it was not.
  package var atOnce: MeasuredShift?
  /// What the daemon says; nil when nobody asked it.
  package var told: [ToldShift]?

  package init(
    vip: IPv4Address, apart: [MeasuredShift], before: MeasuredShift? = nil,
    atOnce: MeasuredShift?, told: [ToldShift]? = nil
  ) {
    self.vip = vip
    self.apart = apart
    self.before = before
    self.atOnce = atOnce
    self.told = told
  }

  /// Whether the traffic has moved each time, and the daemon, if it was asked, tells of each.
  package var isComplete: Bool {
    (apart + [before, atOnce].compactMap(\.self)).allSatisfy { shift in
      shift.moved != nil && told.map { ToldShift.of(shift, among: $0) != nil } ?? true
    }
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
    if let before, before.moved == nil {
      lines += ["", "of two changes at once the first was not seen, and the second not asked for"]
    }
    if let atOnce {
      let since = atOnce.sinceLast.map(Timeline.milliseconds) ?? "?"
      let took = atOnce.moved.map(Timeline.milliseconds) ?? "was not seen"
      lines += ["", "a change \(since) after the one before: \(took)"]
      if let usual = MeasureReport.median(moves), let second = atOnce.moved {
        let isLate = second.count > 3 * max(usual.count, 1_000_000_000)
        let end = Timeline.milliseconds((atOnce.sinceLast ?? .zero) + second)
        lines.append(
          isLate
            ? "a second change is held back until \(end) after the one before: damping"
            : "no sign of damping of a second change")
      }
    }
    let missing = apart.count { $0.moved == nil }
    if missing > 0 { lines += ["", "\(missing) of \(apart.count) shifts were not seen"] }
    if let told { lines += [""] + daemonLines(told) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The same shifts with the daemon's stages, and what is left for the platform.
  private func daemonLines(_ told: [ToldShift]) -> [String] {
    var lines = [
      "the daemon's part: seen counts from asking, by two machines' clocks; the rest from seen,",
      "at the later route server; platform is from the last acknowledgement to all moved",
      "",
      MeasureReport.row(["shift", "seen", "decided", "written", "acknowledged", "platform"]),
    ]
    var platform: [Nanoseconds] = []
    var sight: [Nanoseconds] = []
    var delivery: [Nanoseconds] = []
    for (index, shift) in apart.enumerated() {
      guard let one = ToldShift.of(shift, among: told) else {
        lines.append(MeasureReport.row(["\(index + 1)", "not told"]))
        continue
      }
      sight.append(one.seen - shift.began)
      var rest: Nanoseconds?
      if let acknowledged = one.acknowledged {
        delivery.append(acknowledged)
        rest = shift.change.map { $0 - (one.seen + acknowledged) }
      }
      if let rest { platform.append(rest) }
      let times = [one.seen - shift.began, one.decided, one.written, one.acknowledged, rest]
      lines.append(
        MeasureReport.row(["\(index + 1)"] + times.map { $0.map(Timeline.milliseconds) ?? "-" }))
    }
    lines.append("")
    lines.append("seen          \(MeasureReport.spread(sight))")
    lines.append("acknowledged  \(MeasureReport.spread(delivery))")
    lines.append("platform      \(MeasureReport.spread(platform))")
    return lines
  }

  private static func cells(_ shift: MeasuredShift) -> [String] {
    [
      shift.host, shift.arrival.map(Timeline.milliseconds) ?? "never",
      shift.moved.map(Timeline.milliseconds) ?? "never", Timeline.milliseconds(shift.outage),
      "\(shift.lost)",
    ]
  }

  private static func row(_ cells: [String]) -> String {
    let widths = [6, 13, 15, 15, 15, 15]
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
