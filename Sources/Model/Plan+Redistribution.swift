// Which of the kernel's routes are announced, and how.

extension Plan {
  /// One rule: kernel routes that match it are announced with one next hop.
  public struct Redistribution: Equatable, Sendable {
    public var name: String
    /// Numbers of routing tables.
    public var tables: [UInt32]
    /// Who put the route there; empty: anybody.
    public var origins: [Route.Origin]
    public var kinds: [Route.Kind]
    /// At least one of them has to match, unless there are none.
    public var allow: [PrefixFilter]
    public var deny: [PrefixFilter]
    public var metrics: ClosedRange<UInt32>
    /// Whether 0.0.0.0/0 and ::/0 may match.
    public var includesDefault: Bool
    /// Who carries the traffic; nil: this machine.
    public var nextHop: NextHopAddresses?
    /// How often our number stands in the path beyond the first time.
    public var prepend: UInt8
    public var attributes: RouteAttributes
    /// Routes that are announced at most.
    public var limit: Int
    /// How long a route that is gone stays announced.
    public var grace: Nanoseconds
    /// How long a change waits for others to come with it.
    public var delay: Nanoseconds
    /// How the routes stand in Azure's route tables; nil: in none.
    public var tablesMode: TableMode?

    public init(
      name: String, tables: [UInt32] = [Redistribution.mainTable], origins: [Route.Origin] = [],
      kinds: [Route.Kind] = [.unicast], allow: [PrefixFilter] = [], deny: [PrefixFilter] = [],
      metrics: ClosedRange<UInt32> = 0...UInt32.max, includesDefault: Bool = false,
      nextHop: NextHopAddresses? = nil, prepend: UInt8 = 0, attributes: RouteAttributes = .none,
      limit: Int = Redistribution.usualLimit, grace: Nanoseconds = .zero,
      delay: Nanoseconds = Redistribution.usualDelay, tablesMode: TableMode? = nil
    ) {
      self.name = name
      self.tables = tables
      self.origins = origins
      self.kinds = kinds
      self.allow = allow
      self.deny = deny
      self.metrics = metrics
      self.includesDefault = includesDefault
      self.nextHop = nextHop
      self.prepend = prepend
      self.attributes = attributes
      self.limit = limit
      self.grace = grace
      self.delay = delay
      self.tablesMode = tablesMode
    }

    /// Whether route servers are told.
    public var isAnnounced: Bool { tablesMode != .only }

    /// RT_TABLE_MAIN (linux/rtnetlink.h).
    public static let mainTable: UInt32 = 254
    /// We chose it: a route server of Azure takes 2,000 in all.
    public static let usualLimit = 500
    /// We chose it: a routing daemon that installs its routes does so within a few milliseconds.
    public static let usualDelay = Nanoseconds.milliseconds(10)
    /// The rung of the shortest path is that of one number; each below it has one more.
    public var rung: Rung { Rung(Rung.last.value - prepend) ?? .standby }
    /// The path that is longest is standby's.
    public static let longestPrepend = UInt32(Rung.standby.pathLength - 1)

    public func matches(_ route: Route) -> Bool {
      guard tables.contains(route.table), kinds.contains(route.kind),
        origins.isEmpty || origins.contains(route.origin), metrics.contains(route.metric),
        route.typeOfService == 0, route.sourceLength == 0
      else { return false }
      let prefix = route.destination
      if prefix.length == 0, !includesDefault { return false }
      if deny.contains(where: { $0.matches(prefix) }) { return false }
      return allow.isEmpty || allow.contains { $0.matches(prefix) }
    }
  }

  /// How routes of the kernel stand in route tables. The other modes of a VIP mean nothing here: a
  /// floor is a prefix of its own, and a fallback asks for a proof that BGP gives for a VIP alone.
  public enum TableMode: String, Equatable, Sendable, CaseIterable {
    /// Beside BGP: for tables that take no routes of BGP.
    case mirror
    /// Nothing is announced over BGP.
    case only
  }

  /// Prefixes inside a block, of certain lengths.
  public struct PrefixFilter: Hashable, Sendable {
    public let block: Prefix
    public let lengths: ClosedRange<UInt8>

    public init(_ block: Prefix, _ lengths: ClosedRange<UInt8>) {
      self.block = block
      self.lengths = lengths
    }

    public func matches(_ prefix: Prefix) -> Bool {
      prefix.address.width == block.address.width && lengths.contains(prefix.length)
        && prefix.length >= block.length
        && Prefix.masked(prefix.address, to: block.length) == block.address
    }
  }
}

extension Plan {
  /// Routes of the kernel's that are announced at most, to each route server. A platform's limit
  /// counts what an UPDATE replaces as well, so half of it may be held, and VIPs come first.
  public var exportLimit: Int {
    let wanted = redistributions.reduce(0) { $0 + ($1.isAnnounced ? $1.limit : 0) }
    guard let limit = routeServers.platform.routeLimit else { return wanted }
    let held = vips.reduce(0) { $0 + ($1.isAnnounced ? $1.prefixes.count : 0) }
    return min(wanted, max(0, limit / 2 - held))
  }

  /// Routes of a table that are the kernel's and those of VIPs. Azure takes 600; we chose half of
  /// them, since others write there too, and each is a call of its own.
  public static let tableRoutes = 300

  /// Routes of the kernel's that route tables get at most.
  public var tableLimit: Int {
    guard redistributions.contains(where: { $0.tablesMode != nil }) else { return 0 }
    return max(0, Plan.tableRoutes - vips.reduce(0) { $0 + ($1.udr?.prefixes.count ?? 0) })
  }

  /// Where the traffic of a rule's routes is to go.
  public func nextHops(of rule: Redistribution) -> NextHopAddresses {
    rule.nextHop ?? local.nextHops
  }
}

extension Plan.PrefixFilter: CustomStringConvertible {
  /// As it is written in a file: `10.64.0.0/12 le 24`.
  public var description: String {
    var text = block.description
    if lengths.lowerBound > block.length { text += " ge \(lengths.lowerBound)" }
    if lengths.upperBound != block.length || lengths.lowerBound > block.length {
      text += " le \(lengths.upperBound)"
    }
    return text
  }
}
