// When a machine that Azure is about to stop has nothing to carry any more.

import Engine
import Failover
import Model

/// Watches the traffic leave a doomed machine.
struct Departure {
  /// From when nobody is sent here any more until it is said that nobody comes. We chose it: twice
  /// what Azure was seen to take for programming a route.
  static let rest = Nanoseconds.seconds(10)

  private var since: Instant?
  /// The events of which it was said that the traffic has left.
  private(set) var told: [String] = []

  /// When to look again.
  var deadline: Instant? { told.isEmpty ? since.map { $0 + Departure.rest } : nil }

  /// Whether `told` has changed: nothing was carried for long enough, or something is again, or
  /// another event was announced meanwhile. `events` are those because of which traffic leaves.
  mutating func turn(_ events: [String], isEmpty: Bool, at now: Instant) -> Bool {
    guard isEmpty, !events.isEmpty else {
      since = nil
      return tell([])
    }
    let begun = since ?? now
    since = begun
    return now >= begun + Departure.rest && tell(events)
  }

  private mutating func tell(_ events: [String]) -> Bool {
    guard told != events else { return false }
    told = events
    return true
  }

  /// Whether no traffic is sent to this machine any more, as far as it has a say.
  static func isEmpty(_ engine: borrowing Engine) -> Bool {
    for index in engine.plan.vips.indices where engine.failover.mayCarry(VIPSlot(index)) {
      return false
    }
    return true
  }
}
