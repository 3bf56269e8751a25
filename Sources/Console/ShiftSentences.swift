// A shift in three plain sentences: what was seen, what was done, and what has happened since.

package import Control

/// What `why` says, from the records of `history` and, for the newest shift, those of `explain`.
package struct ShiftSentences: Hashable, Sendable {
  /// What was seen and by which evidence.
  package let seen: String
  /// What was decided and sent, and how long that took to whom.
  package let done: String
  /// What has happened since, and what a further change waits for.
  package let since: String

  package var all: [String] { [seen, done, since] }

  /// `others`: how many more VIPs moved for the same cause. `waits`: what holds a change back now;
  /// nil when nobody has asked, because the shift is not the newest.
  package init(_ entry: ShiftRecords, others: Int, waits: [Record]?, zone: Int64) {
    seen = ShiftSentences.seen(entry, zone)
    done = ShiftSentences.done(entry, others)
    since = ShiftSentences.since(entry, waits)
  }

  private static func seen(_ entry: ShiftRecords, _ zone: Int64) -> String {
    let shift = entry.shift
    let date = WallTime.date(entry.wall ?? 0, zone: zone)
    let evidence = shift.string("evidence").map { " (\(Printable.clean($0)))" } ?? ""
    return "Shift \(shift.text("shift")) came about at \(date) because "
      + "\(shift.text("why"))\(evidence)."
  }

  private static func done(_ entry: ShiftRecords, _ others: Int) -> String {
    var text = entry.shift.text("what")
    if others > 0 { text += ", together with \(others) other VIP\(others == 1 ? "" : "s")" }
    if let decided = entry.stages("decided").first {
      text += ", decided \(decided.shortTime("after-us")) after that was seen"
    }
    let written = entry.stages("written").map {
      "to \($0.text("route-server")) after \($0.shortTime("after-us"))"
    }
    if !written.isEmpty {
      text += "; the UPDATE was written \(Enumeration.text(written))"
    } else if entry.isAnnounced {
      text += "; no route server was told"
    }
    let acknowledged = entry.stages("acknowledged").map {
      "by \($0.text("route-server")) after \($0.shortTime("after-us"))"
    }
    if !acknowledged.isEmpty { text += " and acknowledged \(Enumeration.text(acknowledged))" }
    let waiting = entry.unacknowledged
    if !waiting.isEmpty { text += ", but not acknowledged by \(Enumeration.text(waiting))" }
    if let heldBack = entry.heldBack { text += "; it came \(heldBack)" }
    return text + "."
  }

  private static func since(_ entry: ShiftRecords, _ waits: [Record]?) -> String {
    var parts = [confirmation(entry), tables(entry)].compactMap { $0 }
    if parts.isEmpty { parts = ["nothing more was heard of it"] }
    if let waits { parts.append(held(waits)) }
    return "Since then \(parts.joined(separator: "; "))."
  }

  private static func confirmation(_ entry: ShiftRecords) -> String? {
    if let stage = entry.stages("confirmed").first {
      return "its new host has answered through the VIP, after \(stage.shortTime("after-us"))"
    }
    return entry.isConfirmable ? "its new host has not answered through the VIP" : nil
  }

  private static func tables(_ entry: ShiftRecords) -> String? {
    if let stage = entry.stages("udr-done").first {
      return "the route tables were seen to lead there, after \(stage.shortTime("after-us"))"
    }
    guard let stage = entry.stages("udr-accepted").first else { return nil }
    return "Azure took the write of the route tables after \(stage.shortTime("after-us")), and "
      + "no read has shown it yet"
  }

  private static func held(_ waits: [Record]) -> String {
    guard !waits.isEmpty else { return "nothing holds a further change back now" }
    return "held back now: "
      + Enumeration.text(
        waits.map { wait in
          let rest = wait.integer("for-ms").map { LengthOfTime.text(milliseconds: $0) }
          return wait.text("what") + (rest.map { " for another \($0)" } ?? "")
        })
  }
}
