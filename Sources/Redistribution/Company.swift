// Routes that no rule takes and that share a key with one that a rule takes: who may be there.

import Model

/// To the kernel a key is a prefix, a table, a metric and a type of service, and several routes can
/// stand under one (ip route append). Those that no rule takes are strangers here: they are far too
/// many to be kept. But when one of a key is replaced, the kernel does not say which: for IPv4 the
/// first, for IPv6 the first of its manner with all its siblings. So it is known of each route that
/// is kept whether a stranger may be beside it, and only then does a replacement ask the kernel.
///
/// What comes alone says so (NLM_F_EXCL). A dump lists the routes of one key one behind the other,
/// so of the strangers that it lists before the route that is kept the last one is enough.
struct Company {
  fileprivate struct Key: Equatable {
    var destination: Prefix
    var table: UInt32
    var metric: UInt32

    init(_ route: Route) {
      (destination, table, metric) = (route.destination, route.table, route.metric)
    }
  }

  private var stranger: Key?

  /// A dump has listed a stranger.
  mutating func listed(_ route: Route) { stranger = Key(route) }

  mutating func forget() { stranger = nil }

  /// Whether a stranger may be under the key of a route that comes. `knowsOthers`: so are routes
  /// that are kept.
  func mayBeside(_ route: Route, _ arrival: RouteArrival, knowsOthers: Bool) -> Bool {
    switch arrival {
    case .listed: stranger == Key(route)
    case .alone: false
    // Somebody is there, or was until now. Those that are kept say of themselves who else is.
    case .beside, .instead: !knowsOthers
    }
  }

  /// Whether what the kernel tells as one route may be one that is kept, grown: in IPv6 a route
  /// that comes beside another of the same manner becomes a next hop of it.
  static func mayHaveGrown(_ route: Route, _ arrival: RouteArrival) -> Bool {
    guard case .v6 = route.destination.address, arrival == .beside else { return false }
    return route.nextHops.count > 1 || route.nextHops.leftOut > 0
  }
}

extension Company {
  /// Whether a listing may pass over others of its key for this one. In IPv6 each next hop is an
  /// entry, and the dump lists the first with all of them and goes on behind the last: what stands
  /// between them is not listed (fib6_dump_node).
  static func mayHide(_ route: Route) -> Bool {
    guard case .v6 = route.destination.address, route.nextHopID == 0 else { return false }
    return route.nextHops.count > 1 || route.nextHops.leftOut > 0
  }

  /// Whether it may stand between them: what has a gateway of its own is one of them.
  static func standsApart(_ route: Route) -> Bool {
    guard case .v6 = route.destination.address else { return false }
    if route.nextHopID != 0 { return true }
    return route.nextHops.leftOut == 0
      && (0..<route.nextHops.count).allSatisfy { route.nextHops[$0].gateway == nil }
  }
}

extension Company {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&stranger, blank: Company.blank) { $0.keep(in: &$1) }
  }

  private static let blank = Key(
    Route(destination: Exports.nowhere, table: 0, origin: Route.Origin(0), kind: .unicast))
}

extension Company.Key {
  fileprivate mutating func keep(in keeper: inout Keeper) {
    var (address, length) = (destination.address, destination.length)
    keeper.keep(&address)
    keeper.keep(&length)
    guard let prefix = Prefix(address, length: length) else { return keeper.damage() }
    destination = prefix
    keeper.keep(&table)
    keeper.keep(&metric)
  }
}
