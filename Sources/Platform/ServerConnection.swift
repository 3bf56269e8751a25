// One TCP connection of an instance as BGP sees it: what was said on it, and when it is overdue.

import Model

/// Names a connection. A peer has two at most: one that we opened, one that it opened.
package struct ConnectionKey: Hashable, Sendable {
  /// Position of the peer.
  package var peer: Int
  package var isOurs: Bool
  /// Tells a connection from the one that had its place before.
  package var life: UInt32

  package init(peer: Int, isOurs: Bool, life: UInt32) {
    self.peer = peer
    self.isOurs = isOurs
    self.life = life
  }
}

/// The session machine's states of RFC 4271 section 8.2.2 that a connection can be in.
enum ConnectionState: String, Sendable {
  case connecting
  case openSent = "open-sent"
  case openConfirm = "open-confirm"
  case established
}

struct ServerConnection: Sendable {
  /// For an OPEN: RFC 4271 section 8.2.2 suggests four minutes.
  static let openLimit = Nanoseconds.seconds(240)

  let key: ConnectionKey
  var state: ConnectionState
  var reader = MessageReader()
  /// What the peer's OPEN said.
  var open: WireOpen?
  var hold: Instant?
  var keepalive: Instant?
  /// Zero: no keepalives.
  var interval = Nanoseconds.zero
  var holdTime = Nanoseconds.zero

  init(_ key: ConnectionKey, _ state: ConnectionState, at now: Instant) {
    self.key = key
    self.state = state
    hold = now + ServerConnection.openLimit
  }

  var deadline: Instant? { Instant.earlier(hold, keepalive) }

  func speaksFourOctets(_ quirks: Quirks) -> Bool {
    quirks.offersFourOctet && (open?.fourOctet ?? false)
  }

  /// What both sides offered.
  func families(_ quirks: Quirks) -> [ServerEvent.Family] {
    guard let open else { return [] }
    return (open.ipv4 ? [.ipv4] : []) + (open.ipv6 && quirks.offersIPv6 ? [.ipv6] : [])
  }

  /// The peer can be asked for its routes again.
  var canBeAsked: Bool { open?.refresh ?? false }
}
