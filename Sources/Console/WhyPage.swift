// The answer to `why`: the newest shift, of one VIP or of all, as three sentences.

package import Control

/// What the daemon answered to `history`, and then to `explain`.
package struct WhyPage: Sendable {
  private let newest: ShiftRecords?
  private let others: Int
  private let vip: String?

  /// `vip`: only shifts of this one count.
  package init(history records: [Record], vip: String?) {
    let shifts = ShiftRecords.all(records)
    let newest = shifts.last { vip == nil || $0.shift.string("vip") == vip }
    self.newest = newest
    self.vip = vip
    // One cause moves all VIPs that depend on it in one turn, and was seen at one time.
    others = shifts.count {
      $0.shift.integer("at-ns") == newest?.shift.integer("at-ns")
        && $0.shift.string("vip") != newest?.shift.string("vip")
    }
  }

  /// Whom the daemon is to explain: what holds a change back is the matter of its present.
  package var subject: String? { newest?.shift.string("vip") ?? vip }

  /// What the distance to UTC is asked for.
  package var wall: Int64? { newest?.wall }

  /// The sentences, one a line, each ending in a newline; one line when there was no shift.
  package func render(explain records: [Record], zone: Int64, _ style: Style) -> String {
    guard let newest else { return "\(nothing)\n" }
    let sentences = sentences(newest, records, zone)
    return """
      \(style.paint(sentences.seen, .heading))
      \(sentences.done)
      \(sentences.since)

      """
  }

  /// The same as one record.
  package func line(explain records: [Record], zone: Int64) -> [UInt8] {
    var line = JSONLine(id: "why", type: "why")
    guard let newest else {
      line.addNull("shift")
      line.add("vip", vip)
      line.add("sentences", [nothing])
      return line.finish()
    }
    if let number = newest.shift.integer("shift") { line.add("shift", number) }
    line.add("run", newest.shift.string("run"))
    line.add("vip", newest.shift.string("vip"))
    if let wall = newest.wall { line.add("unix-ns", wall) }
    line.add("others", others)
    line.add("sentences", sentences(newest, records, zone).all)
    return line.finish()
  }

  private func sentences(
    _ entry: ShiftRecords, _ records: [Record], _ zone: Int64
  ) -> ShiftSentences {
    ShiftSentences(
      entry, others: others, waits: records.filter { $0.type == "wait" }, zone: zone)
  }

  private var nothing: String {
    let whose = vip.map { " of \(Printable.clean($0))" } ?? ""
    return "no shift\(whose) since hopshiftd started; "
      + "hopshift history --since 168h asks hopshift-courier for earlier ones"
  }
}
