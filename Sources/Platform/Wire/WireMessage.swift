// BGP messages as an observer reads them, apart from the daemon's own room: a second opinion.

package import Model

/// One BGP message seen on the wire.
package enum WireMessage: Hashable, Sendable {
  case opening(WireOpen)
  case update(WireUpdate)
  case notification(code: UInt8, subcode: UInt8)
  case keepalive
  /// RFC 2918: the numbers of the family.
  case routeRefresh(family: UInt16, subsequent: UInt8)
  /// What could not be read, and why. A verdict treats it as a failure.
  case unreadable(String)
}

/// What an OPEN says (RFC 4271 section 4.2) and offers (RFC 5492).
package struct WireOpen: Hashable, Sendable {
  package var version: UInt8 = 4
  /// Of four octets when it was offered so.
  package var asn: UInt32 = 0
  package var holdTime: UInt16 = 0
  package var identifier = IPv4Address(bits: 0)
  package var fourOctet = false
  package var extended = false
  package var refresh = false
  package var gracefulRestart = false
  /// Families of unicast; IPv4 also when no family is named (RFC 4760 section 8).
  package var ipv4 = false
  package var ipv6 = false

  package init() {}
}

/// What an UPDATE says (RFC 4271 section 4.3).
package struct WireUpdate: Hashable, Sendable {
  package var withdrawn: [Prefix] = []
  /// The withdrawn routes field is not empty, whatever it holds.
  package var hasWithdrawnField = false
  /// MP_UNREACH_NLRI is there (RFC 4760 section 4), except as the sole attribute of an End-of-RIB.
  package var hasUnreachable = false
  /// Withdrawn by MP_UNREACH_NLRI.
  package var withdrawn6: [Prefix] = []
  package var path: [UInt32] = []
  /// A set counts as one (RFC 4271 section 9.1.2.2).
  package var pathLength = 0
  package var hasPath = false
  /// 0 is IGP, 1 EGP, 2 INCOMPLETE.
  package var origin: UInt8?
  package var med: UInt32?
  package var communities: [UInt32] = []
  package var nextHop: IPv4Address?
  /// The next hop in MP_REACH_NLRI.
  package var nextHop6: IPv6Address?
  /// Those in MP_REACH_NLRI as well.
  package var announced: [Prefix] = []
  /// Nothing at all, or an MP_UNREACH_NLRI alone that withdraws nothing (RFC 4724 section 2).
  package var isEndOfRIB = false

  package init() {}

  /// Takes any route away.
  package var withdraws: Bool { hasWithdrawnField || hasUnreachable }
}

extension WireMessage: CustomStringConvertible {
  package var description: String {
    switch self {
    case .opening(let open): "OPEN hold \(open.holdTime) s"
    case .notification(let code, let subcode): "NOTIFICATION \(code)/\(subcode)"
    case .keepalive: "KEEPALIVE"
    case .routeRefresh: "ROUTE-REFRESH"
    case .unreadable(let why): "unreadable: \(why)"
    case .update(let update): update.description
    }
  }
}

extension WireUpdate: CustomStringConvertible {
  package var description: String {
    if isEndOfRIB { return "End-of-RIB" }
    var words = "UPDATE"
    if !announced.isEmpty {
      words += " " + announced.map(\.description).joined(separator: " ")
      if let nextHop { words += " via \(nextHop)" }
      if let nextHop6 { words += " via \(nextHop6)" }
      words += " path \(WireUpdate.text(of: path))"
    }
    if hasWithdrawnField {
      words += " withdraws " + withdrawn.map(\.description).joined(separator: " ")
    }
    if hasUnreachable { words += " MP_UNREACH_NLRI" }
    return words
  }

  /// `65001 x 14` for a path of one AS, else the numbers.
  package static func text(of path: [UInt32]) -> String {
    guard let first = path.first else { return "empty" }
    if path.allSatisfy({ $0 == first }) { return "\(first) x \(path.count)" }
    return path.map(String.init).joined(separator: " ")
  }
}
