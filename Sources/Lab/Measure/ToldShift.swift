// What the daemon's own history says of shifts that a client measured.

import Control
package import Model

/// One shift as `hopshift history --json` tells of it.
package struct ToldShift: Equatable, Sendable {
  package var host: String
  /// When the daemon saw what led to it, by the clock of its machine.
  package var seen: Moment
  /// After that; of the route servers, the one that was last.
  package var decided: Nanoseconds?
  package var written: Nanoseconds?
  package var acknowledged: Nanoseconds?

  package init(
    host: String, seen: Moment, decided: Nanoseconds? = nil, written: Nanoseconds? = nil,
    acknowledged: Nanoseconds? = nil
  ) {
    self.host = host
    self.seen = seen
    self.decided = decided
    self.written = written
    self.acknowledged = acknowledged
  }

  /// The shifts in the answer to `hopshift history --json`. What is no record is an error.
  package static func read(_ text: String) throws(LabError) -> [ToldShift] {
    var shifts: [ToldShift] = []
    for line in text.split(separator: "\n") {
      let record: Record
      do throws(RecordError) {
        record = try Record(line: Array(line.utf8).span)
      } catch {
        throw .unsuitable("the history holds a line that is no record: \(line)")
      }
      switch (record.type, record["host"], record["unix-ns"]) {
      case ("history", .string(let host)?, .integer(let unix)?):
        shifts.append(ToldShift(host: host, seen: Moment(nanoseconds: unix)))
      // A shift that went to no host; its stages are nobody's.
      case ("history", _, _): shifts.append(ToldShift(host: "", seen: Moment(nanoseconds: 0)))
      case ("stage", _, _):
        guard !shifts.isEmpty else { continue }
        shifts[shifts.count - 1].take(record)
      default: continue
      }
    }
    return shifts.filter { !$0.host.isEmpty }
  }

  private mutating func take(_ record: Record) {
    guard case .string(let stage)? = record["stage"],
      case .integer(let microseconds)? = record["after-us"]
    else { return }
    let after = Nanoseconds.microseconds(microseconds)
    switch stage {
    case "decided": decided = after
    case "written": written = max(written ?? after, after)
    case "acknowledged": acknowledged = max(acknowledged ?? after, after)
    default: return
    }
  }

  /// How far the clocks of client and daemon may be apart. We chose it: machines in Azure keep
  /// their host's time to a few milliseconds, and shifts are asked for a second apart or more.
  package static let skew = Nanoseconds.milliseconds(500)

  /// The one that a client asked for at this moment; nil when the daemon tells of none.
  static func of(_ shift: MeasuredShift, among told: [ToldShift]) -> ToldShift? {
    told.first { one in
      one.host == shift.host && one.seen >= shift.began - skew && one.seen <= shift.end + skew
    }
  }
}
