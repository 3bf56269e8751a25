// What Azure announced and did to this machine, as it is kept among the shifts.

import Azure
import Control
import Store

/// One record `event` for each step of a scheduled event.
enum EventLine {
  /// The record as it is kept. What is told anew after a start of ours is kept as it was first.
  static func kept(_ news: EventNews, wallNanoseconds: Int64) -> KeptShift {
    let (event, step) = parts(of: news)
    var line = JSONLine(id: "", type: "event")
    line.add("unix-ns", wallNanoseconds)
    line.add("event", event.id)
    line.add("kind", event.kind.rawValue)
    line.add("step", step)
    return KeptShift(
      run: KeptShift.noRun, number: number(of: "\(event.id) \(step)"),
      wallMilliseconds: wallNanoseconds / 1_000_000, lines: KeptLine.text(ofLine: line.finish()))
  }

  private static func parts(of news: EventNews) -> (ScheduledEvent, String) {
    switch news {
    case .announced(let event): (event, "announced")
    case .started(let event): (event, "begun")
    case .gone(let event): (event, "over")
    }
  }

  /// FNV-1a of 32 bits: two of the few events of a machine hardly ever meet.
  private static func number(of text: String) -> UInt32 {
    text.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
