// When each stage was reached, for what happened in one turn.

import BGP
import Model

/// One volley that left, with the moment after its `send` returned.
struct Departure {
  var shift: UInt32
  var peer: PeerSlot
  var at: Instant
}

/// When the input behind a note was seen, and when the engine had answered it.
struct Stamp {
  var seen: Instant
  var decided: Instant
}

/// The stamps of the turn that runs. Reserved once: stamping on the fire path allocates nothing.
struct Timeline {
  private var latest = Stamp(seen: .zero, decided: .zero)
  /// One for each note of the turn, in order.
  private(set) var stamps: [Stamp] = []
  private(set) var departures: [Departure] = []

  init(for plan: Plan) {
    stamps.reserveCapacity(2 * Loop.noteReserve)
    departures.reserveCapacity(plan.vips.count * plan.routeServers.peers.count)
  }

  mutating func handled(seen: Instant, decided: Instant) {
    latest = Stamp(seen: seen, decided: decided)
  }

  mutating func stampNote() { stamps.append(latest) }

  mutating func written(_ shift: UInt32, to peer: PeerSlot, at now: Instant) {
    departures.append(Departure(shift: shift, peer: peer, at: now))
  }

  mutating func removeAll() {
    stamps.removeAll(keepingCapacity: true)
    departures.removeAll(keepingCapacity: true)
  }
}
