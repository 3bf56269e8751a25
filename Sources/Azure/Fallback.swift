// How a VIP's route in a table goes with what is announced over BGP.

package import Model

/// What routes in tables are to a VIP.
package enum RouteMode: String, CaseIterable, Hashable, Sendable {
  /// A less specific route that takes over when the one of BGP is gone. Nothing is ever removed.
  case floor
  /// There is no route server.
  case only
  /// The same prefix, while route servers do not take what we announce. It shadows BGP, so it is
  /// removed when they do.
  case fallback
  /// The same prefix, always, for tables that take no routes of BGP.
  case mirror
}

/// How a claim of ours came through to the route servers.
package struct Delivery: Hashable, Sendable {
  /// Route servers whose session is up.
  package var established: Int
  /// Those of them that acknowledged the last announcement.
  package var acknowledged: Int

  package init(established: Int, acknowledged: Int) {
    self.established = established
    self.acknowledged = acknowledged
  }

  /// Whether BGP carries the VIP. One that is established and does not acknowledge may still send
  /// half of the traffic to the old place.
  package var isThrough: Bool { established > 0 && acknowledged >= established }
}

/// Decides what the route of one VIP is to be, by its mode and by how BGP does.
package struct RouteRule: Sendable {
  /// BGP has carried it for so long before a fallback is removed: the window in which the platform
  /// may not have applied the last change.
  package static let rest = Nanoseconds.seconds(60)

  private let mode: RouteMode
  private let patience: Nanoseconds
  private var claim: IPAddress?
  private var delivery = Delivery(established: 0, acknowledged: 0)
  /// Since when BGP does not carry it, or does.
  private var since: Instant
  private var isWritten = false

  package init(_ mode: RouteMode, patience: Nanoseconds, now: Instant) {
    self.mode = mode
    self.patience = patience
    since = now
  }

  /// The VIP is ours, with this hop; or it is not.
  package mutating func claimed(_ hop: IPAddress?, at now: Instant) {
    guard hop != claim else { return }
    claim = hop
    since = now
    isWritten = false
    // What was acknowledged was the last announcement, not this one.
    delivery.acknowledged = 0
  }

  package mutating func delivered(_ delivery: Delivery, at now: Instant) {
    if delivery.isThrough != self.delivery.isThrough { since = now }
    self.delivery = delivery
  }

  /// When what is wished may change without another word.
  package var deadline: Instant? {
    guard mode == .fallback, claim != nil else { return nil }
    if !delivery.isThrough { return isWritten ? nil : since + patience }
    return isWritten ? since + RouteRule.rest : nil
  }

  /// What the route is to be now.
  package mutating func wish(at now: Instant) -> Wish {
    guard let claim else { return .notOurs }
    guard mode == .fallback else { return .hop(claim) }
    if delivery.isThrough {
      if isWritten, now < since + RouteRule.rest { return .hop(claim) }
      isWritten = false
      // Whoever died with a fallback in the table cannot remove it; who claims next does.
      return .absent
    }
    if isWritten || now >= since + patience {
      isWritten = true
      return .hop(claim)
    }
    // Not long enough without BGP to write, and what is there may be all that carries the VIP.
    return .notOurs
  }
}
