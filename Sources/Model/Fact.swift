// What the kernel says, one change at a time, as trivial values.

/// A class of kernel news: each has its own socket, its own overrun and its own staleness.
public enum KernelClass: UInt8, Hashable, Sendable, CaseIterable {
  /// Links and addresses.
  case interfaces
  /// Routes, and the next hop objects that they may name.
  case routes
  /// Who answers at which link-layer address.
  case neighbours
}

extension KernelClass: CustomStringConvertible {
  public var description: String {
    switch self {
    case .interfaces: "interfaces"
    case .routes: "routes"
    case .neighbours: "neighbours"
    }
  }
}

/// How a route came to its key: destination, table, metric and type of service.
public enum RouteArrival: UInt8, Hashable, Sendable {
  /// A dump has listed it.
  case listed
  /// Nobody had its key (NLM_F_EXCL).
  case alone
  /// There may be others of its key. A kernel that says nothing means this.
  case beside
  /// The kernel took another one of its key away for it (NLM_F_REPLACE), and says no more about
  /// that one.
  case instead
}

/// One thing the kernel said.
public enum Fact: Hashable, Sendable {
  /// A link is new or has changed.
  case link(Link)
  /// A link is gone; its number may be reused.
  case linkGone(InterfaceIndex)
  /// An address is new or has changed.
  case address(InterfaceAddress)
  case addressGone(InterfaceAddress)
  /// A route is new or has changed.
  case route(Route, RouteArrival)
  case routeGone(Route)
  /// A next hop object is new or has changed.
  case nextHop(NextHopObject)
  case nextHopGone(NextHopObject)
  /// A neighbour is new or has changed.
  case neighbour(Neighbour)
  case neighbourGone(Neighbour)
  /// A dump with this sequence number has ended; an interrupted one must be repeated.
  case dumpDone(sequence: UInt32, interrupted: Bool)
  /// The kernel refused the request with this sequence number; `code` is the errno, positive.
  case refused(sequence: UInt32, code: Int32)
  /// The kernel says that messages were lost (NLMSG_OVERRUN).
  case overrun
}
