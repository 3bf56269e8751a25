// How many lines the log gets about one route server: enough to tell, never a flood.

import Model

/// A route server that connects a thousand times a second must not fill the disk. For each there is
/// an allowance of lines that refills with time; what finds it empty is counted, and the count is
/// told as soon as there is a line for it.
struct SessionLines {
  /// Lines that may come at once. We chose it: a session that falls and comes back takes four.
  static let burst = 12
  /// How long a line takes to be allowed again: ten in a minute.
  static let refill = Nanoseconds.seconds(6)

  private struct Allowance {
    var lines = SessionLines.burst
    /// When the last line was refilled.
    var refilled = Instant.zero
    var withheld: UInt64 = 0
  }

  /// By `PeerSlot`; behind them one for connections that belong to nobody.
  private var allowances: [Allowance]
  private var isSilent = false

  init(peers: Int) { allowances = Array(repeating: Allowance(), count: peers + 1) }

  /// Whether one more line about this route server, or about none, may be written now.
  mutating func allows(_ peer: PeerSlot?, at now: Instant) -> Bool {
    let index = peer?.index ?? allowances.count - 1
    fill(index, at: now)
    guard allowances[index].lines > 0 else {
      allowances[index].withheld += 1
      isSilent = true
      return false
    }
    allowances[index].lines -= 1
    return true
  }

  /// How many lines about a route server were withheld, once there is a line to say so; `index` is
  /// beyond the route servers for those about none.
  mutating func nextWithheld(at now: Instant) -> (index: Int, count: UInt64)? {
    guard isSilent else { return nil }
    isSilent = false
    for index in allowances.indices where allowances[index].withheld > 0 {
      isSilent = true
      fill(index, at: now)
      guard allowances[index].lines > 0 else { continue }
      let count = allowances[index].withheld
      allowances[index].withheld = 0
      allowances[index].lines -= 1
      return (index, count)
    }
    return nil
  }

  private mutating func fill(_ index: Int, at now: Instant) {
    let new = (now - allowances[index].refilled).count / SessionLines.refill.count
    let lines = allowances[index].lines
    if Int64(lines) + new >= Int64(SessionLines.burst) {
      // A full allowance saves nothing up.
      allowances[index].lines = SessionLines.burst
      allowances[index].refilled = now
    } else if new > 0 {
      allowances[index].lines = lines + Int(new)
      allowances[index].refilled = allowances[index].refilled + SessionLines.refill * new
    }
  }
}
