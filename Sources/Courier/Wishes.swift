// What was wished for the routes of each VIP last: what a line of the log says beside its stage.

import Azure
import Linux
import Model

/// By VIP; there are never more than the daemon's configuration has.
struct Wishes {
  private struct Wish {
    var generation: Generation
    var host: String?
    var shift: UInt32?
    var heard: Instant
  }

  private var wishes: [String: Wish] = [:]

  /// The answer to a question: everything as it stands. When a wish was heard first counts.
  mutating func replace(_ records: [Desired], at now: Instant) {
    let names = Set(records.map(\.vip))
    wishes = wishes.filter { names.contains($0.key) }
    for record in records { take(record, at: now) }
  }

  mutating func take(_ record: Desired, at now: Instant) {
    let known = wishes[record.vip]
    let heard = known?.generation == record.generation ? known?.heard : nil
    wishes[record.vip] = Wish(
      generation: record.generation, host: record.host, shift: record.shift, heard: heard ?? now)
  }

  /// The fields of an entry about this report. Who is wished for is known of the newest wish only.
  func fields(of report: Report, at now: Instant) -> [Log.Field] {
    var fields: [Log.Field] = [
      ("VIP", report.vip), ("GENERATION", report.generation.description),
      ("STAGE", report.stage.rawValue), ("DURABLE", report.isDurable ? "yes" : "no"),
    ]
    guard let wish = wishes[report.vip], wish.generation == report.generation else {
      return fields
    }
    if let host = wish.host { fields.append(("HOST", host)) }
    if let shift = wish.shift { fields.append(("SHIFT", "\(shift)")) }
    fields.append(("AFTER_US", "\((now - wish.heard).microseconds)"))
    return fields
  }
}
