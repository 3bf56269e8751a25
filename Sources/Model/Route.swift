// A route as the kernel reports it.

/// One entry of a routing table.
public struct Route: Hashable, Sendable {
  public var destination: Prefix
  /// The source block of an IPv6 route, where it has one (RFC 8678 calls it source-specific).
  public var sourceLength: UInt8
  public var typeOfService: UInt8
  public var table: UInt32
  public var origin: Origin
  public var kind: Kind
  /// RTA_PRIORITY; the lowest wins.
  public var metric: UInt32
  /// The next hop object that it names, or 0.
  public var nextHopID: UInt32
  public var nextHops: NextHops

  public init(
    destination: Prefix, sourceLength: UInt8 = 0, typeOfService: UInt8 = 0, table: UInt32,
    origin: Origin, kind: Kind, metric: UInt32 = 0, nextHopID: UInt32 = 0,
    nextHops: NextHops = NextHops()
  ) {
    self.destination = destination
    self.sourceLength = sourceLength
    self.typeOfService = typeOfService
    self.table = table
    self.origin = origin
    self.kind = kind
    self.metric = metric
    self.nextHopID = nextHopID
    self.nextHops = nextHops
  }

  /// Who put it there: a number of linux/rtnetlink.h (RTPROT_*) or of rt_protos(5).
  public struct Origin: Hashable, Sendable {
    public let value: UInt8
    public init(_ value: UInt8) { self.value = value }

    /// By its name, or as a number.
    public init?(name: some StringProtocol) {
      if let number = UInt8(plain: name) {
        value = number
        return
      }
      let known = (UInt8.min...UInt8.max).first { Origin($0).description == name }
      guard let known else { return nil }
      value = known
    }

    /// Every name there is.
    public static var names: [String] {
      (UInt8.min...UInt8.max).map { Origin($0).description }.filter { UInt8($0) == nil }
    }
  }

  /// What it does with a packet: RTN_* of linux/rtnetlink.h.
  public struct Kind: Hashable, Sendable {
    public let value: UInt8
    public init(_ value: UInt8) { self.value = value }

    /// Packets go to a next hop (RTN_UNICAST).
    public static let unicast = Kind(1)
    /// What can be announced: of these a machine disposes, though it may be by dropping.
    public static let announceable = [unicast, Kind(6), Kind(7), Kind(8)]
  }
}

extension Route.Origin: CustomStringConvertible {
  /// As ip(8) writes it; a number where it has no name there.
  public var description: String {
    switch value {
    case 0: "unspec"
    case 1: "redirect"
    case 2: "kernel"
    case 3: "boot"
    case 4: "static"
    case 8: "gated"
    case 9: "ra"
    case 10: "mrt"
    case 11: "zebra"
    case 12: "bird"
    case 13: "dnrouted"
    case 14: "xorp"
    case 15: "ntk"
    case 16: "dhcp"
    case 18: "keepalived"
    case 42: "babel"
    case 84: "ovn"
    case 99: "openr"
    case 186: "bgp"
    case 187: "isis"
    case 188: "ospf"
    case 189: "rip"
    case 192: "eigrp"
    default: "\(value)"
    }
  }
}

extension Route.Kind: CustomStringConvertible {
  public var description: String {
    switch value {
    case 0: "unspec"
    case 1: "unicast"
    case 2: "local"
    case 3: "broadcast"
    case 4: "anycast"
    case 5: "multicast"
    case 6: "blackhole"
    case 7: "unreachable"
    case 8: "prohibit"
    case 9: "throw"
    case 10: "nat"
    case 11: "xresolve"
    default: "\(value)"
    }
  }
}
