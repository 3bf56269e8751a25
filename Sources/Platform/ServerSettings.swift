// What one Route Server instance is set up with: its address, its peers, and what it tells them.

package import Model

/// A peer as Azure's form has it: a name, an AS number, an address.
package struct ServerPeer: Hashable, Sendable {
  package var name: String
  package var address: IPv4Address
  package var asn: ASNumber

  package init(name: String, address: IPv4Address, asn: ASNumber) {
    self.name = name
    self.address = address
    self.asn = asn
  }
}

/// One instance.
package struct ServerSettings: Hashable, Sendable {
  /// Azure's number of peers (includes/route-server-limits.md).
  package static let peerLimit = 8

  package var name: String
  /// Also its BGP identifier, and the next hop of its own routes.
  package var address: IPv4Address
  package var asn = ASNumber(65515)
  package var peers: [ServerPeer]
  /// The prefixes of the virtual network, which it tells every peer.
  package var ownPrefixes: [Prefix] = []
  package var quirks = Quirks()
  /// Same seed, same waits.
  package var seed: UInt64 = 1

  package init(name: String, address: IPv4Address, peers: [ServerPeer]) {
    precondition(peers.count <= ServerSettings.peerLimit, "more peers than a Route Server has")
    self.name = name
    self.address = address
    self.peers = peers
  }
}
