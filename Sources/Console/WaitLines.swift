// What holds changes of VIPs back, as few lines: those that wait for the same share one.

import Control

struct WaitLines {
  /// VIPs that a line names; the others are counted. We chose it: what fits a terminal.
  private static let named = 4

  /// In the order in which they were met.
  private var reasons: [(what: String, vips: [String])] = []

  init(_ vips: [Record]) {
    for vip in vips {
      guard case .array(let whats)? = vip["waits"], case .array(let lengths)? = vip["waits-ms"]
      else { continue }
      for (what, length) in zip(whats, lengths) {
        guard case .string(let what) = what, case .integer(let length) = length else { continue }
        add(what, vip.text("name"), length)
      }
    }
  }

  /// `length` is below zero when no time ends it.
  private mutating func add(_ what: String, _ vip: String, _ length: Int64) {
    let rest = length < 0 ? "" : " for another \(LengthOfTime.text(milliseconds: length))"
    let place = reasons.firstIndex { $0.what == what } ?? reasons.count
    if place == reasons.count { reasons.append((what, [])) }
    reasons[place].vips.append(vip + rest)
  }

  var lines: [String] {
    reasons.map { what, vips in
      let shown = Array(vips.prefix(WaitLines.named))
      let others = vips.count - shown.count
      let names = others == 0 ? shown : shown + ["\(others) more"]
      return "held back: \(Printable.clean(what)): \(Enumeration.text(names))"
    }
  }
}
