// Which route is followed to which prefix from a subnet: Azure's precedence.

package import Model

/// The effective routes of the machines in one subnet. Three kinds of routes come in; what goes to
/// a prefix is decided by these rules (azure-docs, virtual-networks-udr-overview.md):
///
/// 1. Among routes to the same prefix a user-defined one stands above one of BGP, and that above
///    one of the system.
/// 2. A system route within the virtual network stands above a *more specific* one of BGP: only a
///    user-defined route can redirect what lies inside.
/// 3. A user-defined route that overrides BGP stands above every overlapping route of BGP.
/// 4. A route table may keep routes of BGP out altogether.
///
/// Then the longest prefix that is left wins, for each packet.
package struct EffectiveRoutes: Sendable {
  /// What BGP leads to.
  package struct Learned: Hashable, Sendable {
    package var prefix: Prefix
    package var hops: [IPAddress]

    package init(prefix: Prefix, hops: [IPAddress]) {
      self.prefix = prefix
      self.hops = hops
    }
  }

  /// Azure's own routes of every network: the Internet, and the private blocks that are in no
  /// virtual network and lead nowhere (virtual-networks-udr-overview.md).
  private static let everywhere: [(text: String, hop: NextHopType)] = [
    ("0.0.0.0/0", .internet), ("10.0.0.0/8", .none), ("100.64.0.0/10", .none),
    ("172.16.0.0/12", .none), ("192.168.0.0/16", .none), ("::/0", .internet),
  ]

  /// The prefixes of the virtual network.
  private let spaces: [Prefix]
  private let system: [EffectiveRoute]
  /// The route table in force.
  package var table: RouteTable?
  /// In order of prefixes.
  private var learned: [Learned] = []
  /// Rule 2; the one that Azure's documents and one article disagree about.
  package var systemStandsAbove = true

  package init(spaces: [Prefix]) {
    self.spaces = spaces
    var system = EffectiveRoutes.everywhere.compactMap { text, hop in
      Prefix(text).map {
        EffectiveRoute(prefix: $0, source: .system, nextHop: hop, isActive: true)
      }
    }
    system.removeAll { spaces.contains($0.prefix) }
    system += spaces.map {
      EffectiveRoute(prefix: $0, source: .system, nextHop: .vnetLocal, isActive: true)
    }
    self.system = system
  }

  /// BGP leads to a prefix by these next hops from now on; none: no more.
  package mutating func learn(_ prefix: Prefix, _ hops: [IPAddress]) {
    let place = learned.place { $0.prefix < prefix }
    let isKnown = place < learned.count && learned[place].prefix == prefix
    switch (isKnown, hops.isEmpty) {
    case (true, true): learned.remove(at: place)
    case (true, false): learned[place].hops = hops
    case (false, false): learned.insert(Learned(prefix: prefix, hops: hops), at: place)
    case (false, true): break
    }
  }

  /// The route that is followed to exactly this prefix; nil when there is none.
  package func active(_ prefix: Prefix) -> EffectiveRoute? {
    routes(to: prefix).first { $0.isActive }
  }

  /// Every route to exactly this prefix, the one that is followed first.
  package func routes(to prefix: Prefix) -> [EffectiveRoute] {
    var found: [EffectiveRoute] = []
    for route in table?.routes ?? [] where route.prefix == prefix {
      found.append(
        EffectiveRoute(prefix: prefix, source: .user, nextHop: route.nextHop, isActive: true))
    }
    if let hops = hops(to: prefix), !(table?.disablesBGP ?? false) {
      found.append(
        EffectiveRoute(
          prefix: prefix, source: .gateway, nextHop: .virtualAppliance(hops),
          isActive: !givesWay(prefix)))
    }
    found += system.filter { $0.prefix == prefix }
    var isTaken = false
    for place in found.indices {
      found[place].isActive = found[place].isActive && !isTaken
      isTaken = isTaken || found[place].isActive
    }
    return found
  }

  /// Every route, the active and the others, by prefix.
  package var all: [EffectiveRoute] { prefixes.flatMap { routes(to: $0) } }

  /// Every prefix that a route leads to, in order.
  package var prefixes: [Prefix] {
    let named = (table?.routes ?? []).map(\.prefix) + learned.map(\.prefix) + system.map(\.prefix)
    var found: [Prefix] = []
    for prefix in named.sorted() where found.last != prefix { found.append(prefix) }
    return found
  }

  /// The route that every packet into a prefix follows, unless a longer one stands for a part.
  package func covering(_ prefix: Prefix) -> EffectiveRoute? {
    for length in stride(from: Int(prefix.length), through: 0, by: -1) {
      let length = UInt8(length)
      let masked = Prefix.masked(prefix.address, to: length)
      guard let candidate = Prefix(masked, length: length) else { continue }
      if let route = active(candidate) { return route }
    }
    return nil
  }

  /// The route that a packet to an address follows.
  package func lookup(_ address: IPAddress) -> EffectiveRoute? {
    Prefix(address, length: address.width).flatMap { covering($0) }
  }

  private func hops(to prefix: Prefix) -> [IPAddress]? {
    let place = learned.place { $0.prefix < prefix }
    return place < learned.count && learned[place].prefix == prefix ? learned[place].hops : nil
  }

  /// Rules 2 and 3.
  private func givesWay(_ prefix: Prefix) -> Bool {
    if systemStandsAbove,
      spaces.contains(where: { $0.contains(prefix) && $0.length < prefix.length })
    {
      return true
    }
    return (table?.routes ?? []).contains { route in
      route.overridesBGP && (route.prefix.contains(prefix) || prefix.contains(route.prefix))
    }
  }
}

extension Prefix {
  /// Every address of the other is one of this.
  package func contains(_ other: Prefix) -> Bool {
    other.address.width == address.width && other.length >= length
      && Prefix.masked(other.address, to: length) == address
  }
}
