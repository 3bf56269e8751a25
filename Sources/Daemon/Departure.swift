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
  /// It was said.
  private(set) var isTold = false

  /// When to look again.
  var deadline: Instant? { isTold ? nil : since.map { $0 + Departure.rest } }

  /// True once: when nothing has been carried for long enough.
  mutating func turn(_ engine: borrowing Engine, at now: Instant) -> Bool {
    guard engine.failover.isDoomed, Departure.isVacated(engine) else {
      since = nil
      isTold = false
      return false
    }
    let begun = since ?? now
    since = begun
    guard !isTold, now >= begun + Departure.rest else { return false }
    isTold = true
    return true
  }

  private static func isVacated(_ engine: borrowing Engine) -> Bool {
    for index in engine.plan.vips.indices where engine.failover.mayCarry(VIPSlot(index)) {
      return false
    }
    return true
  }
}
