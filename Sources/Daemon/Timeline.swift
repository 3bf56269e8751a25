// When each stage of a shift was reached, for those of one turn.

import BGP
import Model

/// One volley that left, with the moment after its `send` returned.
struct Departure {
  var shift: UInt32
  var peer: PeerSlot
  var at: Instant
}

/// The stamps of the turn that runs. Reserved once: stamping on the fire path allocates nothing.
struct Timeline {
  private(set) var seen = Instant.zero
  private(set) var decided = Instant.zero
  private(set) var departures: [Departure] = []

  init(for plan: Plan) {
    departures.reserveCapacity(plan.vips.count * plan.routeServers.peers.count)
  }

  mutating func begin(seen: Instant) {
    self.seen = seen
    departures.removeAll(keepingCapacity: true)
  }

  mutating func decide(at now: Instant) { decided = now }

  mutating func written(_ shift: UInt32, to peer: PeerSlot, at now: Instant) {
    departures.append(Departure(shift: shift, peer: peer, at: now))
  }
}
