// What the daemon says of a VIP besides its routes: enough to know what would stand in its way.

package import Model

/// One record `vip` of the control socket.
package struct Carriage: Hashable, Sendable {
  package var vip: String
  package var prefixes: [Prefix]
  /// The route servers are told of them.
  package var isAnnounced: Bool
  /// Where traffic goes when it comes to this machine; none: it never does.
  package var ownHop: IPAddress?
  package var ownHop6: IPAddress?

  package init(
    vip: String, prefixes: [Prefix], isAnnounced: Bool = true,
    ownHop: IPAddress? = nil, ownHop6: IPAddress? = nil
  ) {
    self.vip = vip
    self.prefixes = prefixes
    self.isAnnounced = isAnnounced
    self.ownHop = ownHop
    self.ownHop6 = ownHop6
  }

  /// Reads a line of the control socket; nothing when it is another record or none.
  package init?(_ line: [UInt8]) {
    guard let read = JSON.read(Fields.self, line), read.type == "vip", let vip = read.vip,
      let texts = read.prefixes, let isAnnounced = read.announced
    else { return nil }
    self.vip = vip
    prefixes = texts.compactMap { Prefix($0) }
    guard prefixes.count == texts.count else { return nil }
    self.isAnnounced = isAnnounced
    ownHop = read.hop.flatMap { IPAddress($0) }
    ownHop6 = read.hop6.flatMap { IPAddress($0) }
  }

  /// The next hop of a route of this prefix that leads to this machine.
  func ownHop(for route: Prefix) -> IPAddress? { route.address.width == 32 ? ownHop : ownHop6 }

  private struct Fields: Decodable {
    var type: String?
    var vip: String?
    var prefixes: [String]?
    var announced: Bool?
    var hop: String?
    var hop6: String?

    enum CodingKeys: String, CodingKey {
      case type, vip, prefixes, announced
      case hop = "own-hop"
      case hop6 = "own-hop6"
    }
  }
}

/// A route in a table of the subnet that this machine is in, which leads to this machine: what it
/// sends out for that prefix by the same interface comes back to it.
package struct ReturnRoute: Hashable, Sendable {
  package var prefix: Prefix
  package var hop: IPAddress
  package var table: ResourceID
}
