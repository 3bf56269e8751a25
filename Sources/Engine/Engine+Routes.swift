// The engine's side of route tables: when the wishes are made, and what the courier says back.

import Failover
package import Model

extension Engine {
  /// What a VIP's routes should be, and the number of that wish in this run; nil when it stands in
  /// no route table.
  package func routeWish(of vip: VIPSlot) -> (wish: RouteWish, generation: UInt64)? {
    wishes.wish(of: vip)
  }

  /// Whether `.acknowledged` makes a difference.
  package var wantsAcknowledgements: Bool { wishes.wantsProof }

  /// Whoever drives the engine calls `.turn` when everything that was readable was read.
  var wishDeadline: Instant? { wishes.isOutdated && !wishes.isEmpty ? latest : wishes.deadline }

  /// What can change who speaks for a VIP without anything to tell.
  func isQuietNews(_ input: Input) -> Bool {
    switch input {
    case .hello, .paused, .acknowledged: !wishes.isEmpty
    default: false
    }
  }

  mutating func turnWishes(at now: Instant, into outputs: inout Outputs) {
    if wishes.isEmpty { return }
    let isDue = wishes.deadline.map { now >= $0 } ?? false
    guard wishes.isOutdated || isDue else { return }
    wishes.judge(failover, doubt: speaker.doubt, at: now) { vip, wish, generation in
      outputs.add(.note(.wish(vip, wish, generation: generation)))
    }
  }
}
