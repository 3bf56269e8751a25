// One shift as the daemon or the courier tells it: its record and those of its stages.

package import Control

/// The record `history` of a shift, and the records `stage` that came behind it.
package struct ShiftRecords: Hashable, Sendable {
  package let shift: Record
  package private(set) var stages: [Record] = []

  /// The shifts of an answer, in its order.
  package static func all(_ records: [Record]) -> [ShiftRecords] {
    var shifts: [ShiftRecords] = []
    for record in records {
      if record.type == "history" { shifts.append(ShiftRecords(shift: record)) }
      if record.type == "stage", let last = shifts.indices.last {
        shifts[last].stages.append(record)
      }
    }
    return shifts
  }

  private init(shift: Record) { self.shift = shift }

  /// All records of one stage: one for each route server, or one.
  func stages(_ name: String) -> [Record] { stages.filter { $0.string("stage") == name } }

  /// The stages by time, the earliest first; those of one moment in the order in which they came.
  var stagesInTime: [Record] {
    stages.sorted { ($0.integer("at-ns") ?? 0) < ($1.integer("at-ns") ?? 0) }
  }

  /// When the cause was seen, in nanoseconds since 1970.
  package var wall: Int64? { shift.integer("unix-ns") }

  /// When a stage was reached, in nanoseconds since 1970; nil when the records do not say.
  func wall(of stage: Record) -> Int64? {
    guard let seen = shift.integer("at-ns"), let wall else { return nil }
    return wall &+ ((stage.integer("at-ns") ?? seen) &- seen)
  }

  /// Route servers that were written to and have not acknowledged.
  var unacknowledged: [String] {
    let acknowledged = stages("acknowledged").map { $0.text("route-server") }
    return stages("written").map { $0.text("route-server") }.filter {
      !acknowledged.contains($0)
    }
  }

  /// Rule of the damping window: what waits for nothing here may still wait there.
  var heldBack: String? {
    guard let rest = shift.integer("held-back-us") else { return nil }
    return "inside the damping window: the platform is expected to act on it "
      + "\(LengthOfTime.text(microseconds: rest)) after its cause"
  }
  var isAnnounced: Bool { shift.boolean("announced") ?? true }
  var isConfirmable: Bool { shift.boolean("confirmable") ?? false }
}

/// Words put together as people do.
enum Enumeration {
  /// `a`, `a and b`, `a, b and c`.
  static func text(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
  }
}
