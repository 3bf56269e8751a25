// Names the connections to a peer: there may be two for a moment, and one carries the session.

package import Model

/// Who opened a connection.
package enum ConnectionSide: UInt8, Hashable, Sendable, CaseIterable {
  /// We did.
  case outgoing
  /// The peer did.
  case incoming

  var other: ConnectionSide { self == .outgoing ? .incoming : .outgoing }
}

/// One of the two connections to a peer.
package struct ConnectionSlot: Hashable, Sendable {
  package let peer: PeerSlot
  package let side: ConnectionSide

  @inlinable
  package init(_ peer: PeerSlot, _ side: ConnectionSide) {
    self.peer = peer
    self.side = side
  }

  /// How many connections a peer can have at once.
  @inlinable
  package static var perPeer: Int { 2 }

  /// A dense number over all peers.
  @inlinable
  package var index: Int { peer.index * ConnectionSlot.perPeer + Int(side.rawValue) }

  /// The slot with this number.
  package init(index: Int) {
    peer = PeerSlot(index / ConnectionSlot.perPeer)
    side = index % ConnectionSlot.perPeer == 0 ? .outgoing : .incoming
  }
}
