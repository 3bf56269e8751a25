// Where a route leads: a few next hops inside the value, and the objects that routes may name.

/// One way out.
public struct NextHop: Hashable, Sendable {
  /// Nil when the destination is on the link itself.
  public var gateway: IPAddress?
  /// Nil when the next hop names no interface.
  public var interface: InterfaceIndex?
  /// Its share among several, 1 to 256.
  public var weight: UInt16

  public init(gateway: IPAddress?, interface: InterfaceIndex?, weight: UInt16 = 1) {
    self.gateway = gateway
    self.interface = interface
    self.weight = weight
  }
}

/// The first few next hops of a route, in the kernel's order, so that a fact stays trivial.
public struct NextHops: Hashable, Sendable {
  /// Next hops that are kept. We chose it: a fact is copied on its way, and two uplinks with two
  /// gateways each is what appliances have.
  public static let limit = 4

  private var hops: [4 of NextHop] = .init(repeating: NextHop(gateway: nil, interface: nil))
  /// How many are kept.
  public private(set) var count = 0
  /// How many more there are.
  public private(set) var leftOut = 0

  public init() {}

  public init(_ hop: NextHop) { add(hop) }

  /// Keeps a next hop, or counts it when there is no room.
  public mutating func add(_ hop: NextHop) {
    guard count < NextHops.limit else {
      leftOut += 1
      return
    }
    hops[count] = hop
    count += 1
  }

  public subscript(index: Int) -> NextHop {
    precondition(index < count, "no such next hop")
    return hops[index]
  }

  public static func == (left: NextHops, right: NextHops) -> Bool {
    guard left.count == right.count, left.leftOut == right.leftOut else { return false }
    for index in 0..<left.count where left.hops[index] != right.hops[index] { return false }
    return true
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for index in 0..<count { hasher.combine(hops[index]) }
  }
}

/// A next hop that stands for itself, under a number that routes name (ip-nexthop(8)).
public struct NextHopObject: Hashable, Sendable {
  public var id: UInt32
  public var origin: Route.Origin
  /// Its only way out, unless it is a group.
  public var nextHop: NextHop
  public var isBlackhole: Bool
  /// How many objects it groups; 0 when it is none.
  public var groupSize: UInt16

  public init(
    id: UInt32, origin: Route.Origin, nextHop: NextHop, isBlackhole: Bool, groupSize: UInt16
  ) {
    self.id = id
    self.origin = origin
    self.nextHop = nextHop
    self.isBlackhole = isBlackhole
    self.groupSize = groupSize
  }
}
