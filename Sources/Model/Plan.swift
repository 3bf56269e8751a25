// The checked configuration: what this machine is to do, defaults filled in.

/// Everything that was configured. A Plan that exists has passed every check.
public struct Plan: Equatable, Sendable {
  public var local: Local
  public var routeServers: RouteServers
  /// In the order of the file; `VIPSlot` is the position.
  public var vips: [VIP]
  /// In the order of the file; `HostSlot` is the position.
  public var hosts: [Host]
  /// Those of one host stand together; `TargetSlot` is the position.
  public var targets: [Target]
  public var group: Group?
  /// Which of the kernel's routes are announced; the first rule that a route matches counts.
  public var redistributions: [Redistribution]
  /// Nil: there is nothing for the courier to do.
  public var azure: Azure?
  /// Everything is decided and recorded, and nothing is announced.
  public var isShadow: Bool
  /// Where metrics are served: an address on loopback with a port, or the path of a UNIX socket.
  public var metrics: String?

  public init(
    local: Local, routeServers: RouteServers, vips: [VIP], hosts: [Host] = [],
    targets: [Target] = [], group: Group? = nil, redistributions: [Redistribution] = [],
    azure: Azure? = nil, isShadow: Bool = false, metrics: String? = nil
  ) {
    self.local = local
    self.routeServers = routeServers
    self.vips = vips
    self.hosts = hosts
    self.targets = targets
    self.group = group
    self.redistributions = redistributions
    self.azure = azure
    self.isShadow = isShadow
    self.metrics = metrics
  }

  /// This machine as a BGP speaker.
  public struct Local: Equatable, Sendable {
    public var asn: ASNumber
    /// Sessions leave from here, and it is the next hop we announce for ourselves.
    public var address: IPv4Address
    /// The next hop we announce for ourselves of IPv6 prefixes; there when a VIP has any.
    public var address6: IPv6Address?
    /// The BGP identifier; the local address unless configured.
    public var identifier: IPv4Address

    public init(
      asn: ASNumber, address: IPv4Address, address6: IPv6Address? = nil, identifier: IPv4Address
    ) {
      self.asn = asn
      self.address = address
      self.address6 = address6
      self.identifier = identifier
    }

    /// The number of a machine that speaks no BGP: none has it (RFC 7607).
    public static let withoutSessions = ASNumber(0)

    /// What we announce when traffic is to come to this machine.
    public var nextHops: NextHopAddresses { NextHopAddresses(address, address6) }
  }

  /// The route servers, all of one autonomous system.
  public struct RouteServers: Equatable, Sendable {
    public var platform: Platform
    public var asn: ASNumber
    /// Proposed in our OPEN; the lower of both sides' counts (RFC 4271 section 4.2).
    public var holdTime: Nanoseconds
    /// In the order of the file; `PeerSlot` is the position.
    public var peers: [IPv4Address]
    /// Where the TCP MD5 password (RFC 2385) is; nil: none.
    public var passwordFile: String?
    /// How many hops away a route server may be (RFC 5082); nil: however far.
    public var ttlSecurity: UInt8?
    public var damping: Damping
    /// How long the sessions stay after a stop was asked for, the VIPs resigned; zero: they end at
    /// once.
    public var drain: Nanoseconds

    /// Only route tables are written. They have no window: each write waits for the one before.
    public static let absent = RouteServers(
      platform: .azure, asn: ASNumber(65_515), holdTime: .seconds(30), peers: [])

    /// With the time that queued bytes get, it stays below the service's TimeoutStopSec=.
    public static let longestDrain = Nanoseconds.seconds(7)

    public init(
      platform: Platform, asn: ASNumber, holdTime: Nanoseconds, peers: [IPv4Address],
      passwordFile: String? = nil, ttlSecurity: UInt8? = nil, damping: Damping = .none,
      drain: Nanoseconds = .zero
    ) {
      self.platform = platform
      self.asn = asn
      self.holdTime = holdTime
      self.peers = peers
      self.passwordFile = passwordFile
      self.ttlSecurity = ttlSecurity
      self.damping = damping
      self.drain = drain
    }
  }

  /// Whose rules the route servers follow.
  public enum Platform: String, Equatable, Sendable, CaseIterable {
    case azure
    /// A virtual hub of Azure Virtual WAN: it takes no next hop but the speaker's own address.
    case azureVirtualWAN = "azure-vwan"
    case generic

    /// Azure's numbers and limits hold.
    public var isAzure: Bool { self != .generic }

    /// Routes that a route server takes from one peer: those it holds plus those of an UPDATE, also
    /// when these replace. It ends the session above it. Nil: no such limit.
    public var routeLimit: Int? { isAzure ? 4_000 : nil }
  }

  /// A named group of prefixes that move together.
  public struct VIP: Equatable, Sendable {
    public var name: String
    /// At least one, no prefix twice in a Plan; of either family.
    public var prefixes: [Prefix]
    public var role: Role
    /// Who can carry it, the preferred one first; none: this machine, with its own address.
    public var candidates: [Candidate]
    /// How long a better host has to be healthy before traffic goes back to it; nil: it never does.
    public var failback: Nanoseconds?
    /// VIPs with the same number move as one; nil: alone.
    public var tie: Int?
    public var attributes: RouteAttributes
    public var allDown: AllDown
    /// Nil: it stands in no route table.
    public var udr: UDR?
    /// Nil: nobody asks whether its shifts arrive.
    public var confirmation: Confirmation?

    public init(
      name: String, prefixes: [Prefix], role: Role, candidates: [Candidate],
      failback: Nanoseconds? = VIP.usualFailback, tie: Int? = nil,
      attributes: RouteAttributes = .none, allDown: AllDown = .hold, udr: UDR? = nil,
      confirmation: Confirmation? = nil
    ) {
      self.name = name
      self.prefixes = prefixes
      self.role = role
      self.candidates = candidates
      self.failback = failback
      self.tie = tie
      self.attributes = attributes
      self.allDown = allDown
      self.udr = udr
      self.confirmation = confirmation
    }

    /// The route servers are told of it.
    public var isAnnounced: Bool { udr?.mode != .only }

    /// A VIP of which this machine is the only candidate, with its own address as next hop.
    public init(
      name: String, prefixes: [Prefix], owner: Owner, attributes: RouteAttributes = .none
    ) {
      self.init(
        name: name, prefixes: prefixes, role: .address(owner), candidates: [],
        attributes: attributes)
    }

    /// Long enough that a machine that boots has come to rest.
    public static let usualFailback = Nanoseconds.seconds(60)
  }

  /// What becomes of a VIP's routes when nobody is known to be able to carry it.
  public enum AllDown: String, Equatable, Sendable, CaseIterable {
    /// They stay: a host that is down for our probes may still do for some.
    case hold
    /// They are withdrawn, so that a less specific route gets the traffic.
    case withdraw
  }

  /// Why this machine announces a VIP.
  public enum Role: Equatable, Sendable {
    /// It carries the VIP while an address is here.
    case address(Owner)
    /// It carries the VIP while it is well and the first in rank among those that are.
    case healthy(HealthyOwner)
    /// It sends the traffic to the first candidate that is well.
    case watcher(rank: UInt8)
  }

  /// What owners and watchers have unless they are told: all the same, so that the address decides.
  public static let usualRank: UInt8 = 100

  /// One way to carry a VIP: a host, and the next hop on this VIP's side of it.
  public struct Candidate: Equatable, Sendable {
    public var host: HostSlot
    public var nextHop: IPv4Address
    /// For IPv6 prefixes; of this machine it is `local.address6` unless given.
    public var nextHop6: IPv6Address?

    public init(host: HostSlot, nextHop: IPv4Address, nextHop6: IPv6Address? = nil) {
      self.host = host
      self.nextHop = nextHop
      self.nextHop6 = nextHop6
    }
  }

  /// Owners that all have the VIP, and of which the best carries it.
  public struct HealthyOwner: Equatable, Sendable {
    /// The lowest is the best; equal ranks go by address.
    public var rank: UInt8
    /// Everybody who is well announces at the same length.
    public var isBalanced: Bool

    public init(rank: UInt8 = Plan.usualRank, isBalanced: Bool = false) {
      self.rank = rank
      self.isBalanced = isBalanced
    }
  }

  /// When this machine owns a VIP: while `address` is on one of its interfaces.
  public struct Owner: Equatable, Sendable {
    public var address: IPAddress
    /// Empty means every interface but loopback.
    public var interfaces: [InterfaceName]
    /// How long after the start an address that comes is taken as one that was there.
    public var settle: Nanoseconds

    /// We chose it: a machine that boots starts its daemons together, and keepalived then needs
    /// some seconds to put the address there.
    public static let usualSettle = Nanoseconds.seconds(10)

    public init(
      address: IPAddress, interfaces: [InterfaceName], settle: Nanoseconds = Owner.usualSettle
    ) {
      self.address = address
      self.interfaces = interfaces
      self.settle = settle
    }
  }
}

/// The limits of a Plan. We chose them; each is far above what a route server takes.
public enum PlanLimits {
  public static let vips = 10_000
  public static let prefixes = 200_000
  public static let routeServers = 8
  public static let interfacesPerVIP = 16
  public static let communitiesPerVIP = 32
  public static let largeCommunitiesPerVIP = 16
  public static let hosts = 256
  public static let targets = 1_024
  public static let targetsPerHost = 16
  public static let candidatesPerVIP = 8
  public static let routeTables = 16
  public static let redistributions = 16
  public static let redistributionTables = 16
  public static let redistributionProtocols = 32
  public static let filtersPerRule = 256
  public static let routesPerVIP = 64
  /// Each may have some connections under way.
  public static let confirmations = 256
  /// Each speaker takes every n-th rung of the ladder, so with eight each has one or two.
  public static let fellows = 7
}
