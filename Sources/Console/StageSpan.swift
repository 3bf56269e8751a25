// From which moment to which each stage of a shift lasted, and where that is on a scale.

import Control

/// A stretch of a shift's time: what was waited for, and until when.
struct StageSpan: Hashable, Sendable {
  let stage: String
  /// Nil when it is no matter of one route server.
  let server: String?
  /// Microseconds since the cause was seen.
  let from: Int64
  let to: Int64

  /// Those of a shift, by their ends. Whatever a route server does counts from what it did before,
  /// everything else from the verdict.
  static func all(_ entry: ShiftRecords) -> [StageSpan] {
    let decided = entry.stages("decided").first?.integer("after-us") ?? 0
    return entry.stagesInTime.compactMap { record in
      guard let to = record.integer("after-us"), let stage = record.string("stage") else {
        return nil
      }
      let server = record.string("route-server")
      let from: Int64 =
        switch stage {
        case "seen": to
        case "decided": 0
        // The kernel stamps an acknowledgement before we have stamped our own write, now and then.
        case "acknowledged": earlier(time("written", server, entry), to) ?? decided
        case "udr-done": time("udr-accepted", nil, entry) ?? decided
        default: decided
        }
      return StageSpan(stage: stage, server: server, from: min(from, to), to: to)
    }
  }

  private static func earlier(_ time: Int64?, _ end: Int64) -> Int64? {
    time.flatMap { $0 <= end ? $0 : nil }
  }

  private static func time(
    _ stage: String, _ server: String?, _ entry: ShiftRecords
  ) -> Int64? {
    entry.stages(stage).first { $0.string("route-server") == server }?.integer("after-us")
  }
}

/// Microseconds on a line that shows both them and minutes: each doubling takes the same room, and
/// between two of them the scale is straight.
struct StageScale: Hashable, Sendable {
  /// The time at the right end.
  let longest: Int64

  init(_ spans: [StageSpan]) { longest = max(2, spans.map(\.to).max() ?? 2) }

  /// From 0 to 1; the first microsecond and all before it are at 0.
  func place(_ microseconds: Int64) -> Double {
    StageScale.doublings(max(1, min(microseconds, longest))) / StageScale.doublings(longest)
  }

  /// Powers of ten on the scale, the smallest a microsecond.
  var ticks: [Int64] {
    var ticks: [Int64] = []
    var tick: Int64 = 1
    while tick <= longest, ticks.count < 19 {
      ticks.append(tick)
      tick *= 10
    }
    return ticks
  }

  private static func doublings(_ count: Int64) -> Double {
    let value = Double(count)
    return Double(value.exponent) + (value.significand - 1)
  }

  /// What stands above bars of text.
  var caption: String { "1 us to \(LengthOfTime.text(microseconds: longest))" }

  /// A bar of text that is `width` wide; at least one sign of it shows.
  func bar(_ span: StageSpan, width: Int) -> String {
    let cells = Double(width)
    let begin = min(width - 1, Int((place(span.from) * cells).rounded(.down)))
    let end = max(begin + 1, Int((place(span.to) * cells).rounded()))
    return String(repeating: " ", count: begin) + String(repeating: "=", count: end - begin)
  }
}
