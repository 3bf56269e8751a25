// What a session is to be, and what the two OPENs made of it.

package import Model

/// How one session is configured.
package struct SessionSettings: Hashable, Sendable {
  package var localASN: ASNumber
  package var localIdentifier: IPv4Address
  package var peerASN: ASNumber
  /// Offered in our OPEN: 0, or from 3 s to 65535 s, in whole seconds.
  package var holdTime: Nanoseconds
  /// Offered in our OPEN; at least one.
  package var families: Families

  package init(
    localASN: ASNumber, localIdentifier: IPv4Address, peerASN: ASNumber, holdTime: Nanoseconds,
    families: Families = .ipv4Unicast
  ) {
    let seconds = holdTime.seconds
    precondition(seconds == 0 || (3...65535).contains(seconds), "RFC 4271 section 4.2")
    precondition(!families.isEmpty)
    self.localASN = localASN
    self.localIdentifier = localIdentifier
    self.peerASN = peerASN
    self.holdTime = .seconds(seconds)
    self.families = families
  }

  /// The peer is in another AS.
  var isExternal: Bool { localASN != peerASN }

  /// Which of two connections stays when they collide: the one opened by the speaker with the
  /// higher identifier (RFC 4271 section 6.8), or with the higher AS number when the identifiers
  /// are equal (RFC 6286 section 2.3).
  func preferredSide(against peerIdentifier: IPv4Address) -> ConnectionSide {
    if localIdentifier == peerIdentifier { return localASN > peerASN ? .outgoing : .incoming }
    return localIdentifier.bits > peerIdentifier.bits ? .outgoing : .incoming
  }
}

/// What holds for one established session.
package struct Negotiated: Equatable, Sendable {
  /// AS numbers have four octets on this session (RFC 6793).
  package var fourOctetAS: Bool
  /// Messages up to 65535 octets (RFC 8654).
  package var extendedMessages: Bool
  /// The peer understands ROUTE-REFRESH (RFC 2918).
  package var routeRefresh: Bool
  /// The lower of both sides'; 0 means no KEEPALIVE and no hold timer.
  package var holdTime: Nanoseconds
  package var keepalive: Nanoseconds
  package var peerIdentifier: IPv4Address
  package var families: Families
  /// The peer speaks graceful restart and asks for so much time, in seconds; nil: it does not.
  package var peerRestartTime: UInt16?

  package init(
    fourOctetAS: Bool, extendedMessages: Bool, routeRefresh: Bool, holdTime: Nanoseconds,
    keepalive: Nanoseconds, peerIdentifier: IPv4Address, families: Families = .ipv4Unicast,
    peerRestartTime: UInt16? = nil
  ) {
    self.fourOctetAS = fourOctetAS
    self.extendedMessages = extendedMessages
    self.routeRefresh = routeRefresh
    self.holdTime = holdTime
    self.keepalive = keepalive
    self.peerIdentifier = peerIdentifier
    self.families = families
    self.peerRestartTime = peerRestartTime
  }

  /// The longest message that may be sent and received.
  package var messageLimit: Int {
    extendedMessages ? Framing.extendedLimit : Framing.ordinaryLimit
  }
}
