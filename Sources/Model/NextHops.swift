// Where a route leads: a few next hops inside the value, and the objects that routes may name.

/// One way out.
package struct NextHop: Hashable, Sendable {
  /// Nil when the destination is on the link itself.
  package var gateway: IPAddress?
  /// Nil when the next hop names no interface.
  package var interface: InterfaceIndex?
  /// Its share among several, 1 to 256.
  package var weight: UInt16

  package init(gateway: IPAddress?, interface: InterfaceIndex?, weight: UInt16 = 1) {
    self.gateway = gateway
    self.interface = interface
    self.weight = weight
  }
}

/// The first few next hops of a route, in the kernel's order, so that a fact stays trivial.
package struct NextHops: Hashable, Sendable {
  /// Next hops that are kept. We chose it: a fact is copied on its way, and two uplinks with two
  /// gateways each is what appliances have.
  package static let limit = 4

  private var hops: [4 of NextHop] = .init(repeating: NextHop(gateway: nil, interface: nil))
  /// How many are kept.
  package private(set) var count = 0
  /// How many more there are.
  package private(set) var leftOut = 0

  package init() {}

  package init(_ hop: NextHop) { add(hop) }

  /// Keeps a next hop, or counts it when there is no room.
  package mutating func add(_ hop: NextHop) {
    guard count < NextHops.limit else {
      leftOut += 1
      return
    }
    hops[count] = hop
    count += 1
  }

  package subscript(index: Int) -> NextHop {
    precondition(index < count, "no such next hop")
    return hops[index]
  }

  package static func == (left: NextHops, right: NextHops) -> Bool {
    guard left.count == right.count, left.leftOut == right.leftOut else { return false }
    for index in 0..<left.count where left.hops[index] != right.hops[index] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for index in 0..<count { hasher.combine(hops[index]) }
  }
}

/// A next hop that stands for itself, under a number that routes name (ip-nexthop(8)).
package struct NextHopObject: Hashable, Sendable {
  package var id: UInt32
  package var origin: Route.Origin
  /// Its only way out, unless it is a group.
  package var nextHop: NextHop
  package var isBlackhole: Bool
  /// How many objects it groups; 0 when it is none.
  package var groupSize: UInt16

  package init(
    id: UInt32, origin: Route.Origin, nextHop: NextHop, isBlackhole: Bool, groupSize: UInt16
  ) {
    self.id = id
    self.origin = origin
    self.nextHop = nextHop
    self.isBlackhole = isBlackhole
    self.groupSize = groupSize
  }
}
