// The rules by which the kernel's routes are announced in a schedule, a second time in plain numbers.

package import Model

/// Two rules: what BIRD has learned goes to this machine, and static routes to another one.
package struct RouteRules: Sendable {
  package static let bird: UInt8 = 12
  package static let fixed: UInt8 = 4
  /// Where the second rule leads.
  static let other = IPv4Address(10, 0, 2, 50)

  /// By rule: what it announces at most.
  package var limits: [Int]
  package var grace: Nanoseconds
  package var delay: Nanoseconds
  /// What all of them announce at most, since VIPs come first; nil: whatever their limits say.
  var ceiling: Int?
  /// Prefixes that come first get no place.
  var isUnfair = false

  init(_ random: inout Random) {
    limits = [random.pick(2...16), random.pick(1...12)]
    grace = [.zero, .milliseconds(500), .seconds(2), .seconds(8)][random.pick(0...3)]
    delay = .milliseconds([1, 10, 10, 50][random.pick(0...3)])
  }

  /// What a daemon is told by whoever planted a defect.
  func spoiled(by sabotage: Sabotage?) -> RouteRules {
    var rules = self
    switch sabotage {
    case .roomForAll: rules.limits = [99, 99]
    case .hasty: rules.grace = .zero
    case .unfair: rules.isUnfair = true
    default: break
    }
    return rules
  }

  /// What both announce at most.
  var room: Int { min(limits.reduce(0, +), ceiling ?? .max) }

  /// How long a route has to be gone before that is told.
  var patience: Nanoseconds { max(grace, delay) }

  /// As a Plan has them.
  var plan: [Plan.Redistribution] {
    [
      Plan.Redistribution(
        name: "learned", origins: [Model.Route.Origin(Self.bird)],
        allow: Self.filters(
          ("10.64.0.0/12", 12...24), ("10.1.0.0/16", 16...32), ("2001:db8:64::/48", 48...64)),
        deny: Self.filters(("10.65.0.0/16", 16...32))
          + (isUnfair ? Self.filters(("10.64.0.0/12", 12...24)) : []),
        limit: limits[0], grace: grace, delay: delay),
      Plan.Redistribution(
        name: "fixed", origins: [Model.Route.Origin(Self.fixed)],
        allow: Self.filters(("10.64.0.0/12", 12...24)),
        deny: Self.filters(("10.65.0.0/16", 16...32)), nextHop: NextHopAddresses(Self.other),
        prepend: 2, limit: limits[1], grace: grace, delay: delay),
    ]
  }

  private static func filters(_ texts: (String, ClosedRange<UInt8>)...) -> [Plan.PrefixFilter] {
    texts.compactMap { text, lengths in Prefix(text).map { Plan.PrefixFilter($0, lengths) } }
  }

  /// The rule that a route is announced by; nil: it is not.
  package static func rule(of route: KernelRoute) -> Int? {
    guard route.table == 254, route.kind == 1 else { return nil }
    switch route.prefix.address {
    case .v4(let address):
      if address.bits >> 16 == 0x0a01 {
        // 10.1.0.0/16 without the VIP.
        guard address.bits != 0x0a01_0005, route.prefix.length >= 16 else { return nil }
        return route.origin == bird ? 0 : nil
      }
      // 10.64.0.0/12 without 10.65.0.0/16.
      guard address.bits >> 20 == 0x0a4, address.bits >> 16 != 0x0a41,
        (12...24).contains(route.prefix.length)
      else { return nil }
      return route.origin == bird ? 0 : route.origin == fixed ? 1 : nil
    case .v6(let address):
      // 2001:db8:64::/48. The other machine has no IPv6.
      guard address.high >> 16 == 0x2001_0db8_0064, (48...64).contains(route.prefix.length) else {
        return nil
      }
      return route.origin == bird ? 0 : nil
    }
  }

  /// What a schedule has to do with: prefixes that match, that do not, and one of a VIP.
  static let prefixes: [Prefix] =
    ((1...8).map { "10.64.\($0).0/24" } + [
      "10.64.0.0/16", "10.79.255.0/24", "10.72.0.0/13", "10.65.3.0/24", "10.64.1.128/25",
      "192.168.7.0/24", "0.0.0.0/0", "10.1.0.5/32", "10.1.9.0/24", "2001:db8:64:1::/64",
      "2001:db8:64:2::/64", "2001:db8:65::/64",
    ]).compactMap { Prefix($0) }

  /// How a route server sees what a rule announces.
  static func signature(_ rule: Int, _ family: WireFamily, of local: Plan.Local) -> Route {
    let own = family == .ipv6 ? local.address6.map { IPAddress.v6($0) } : nil
    return rule == 0
      ? Route(nextHop: own ?? .v4(local.address), pathLength: 1)
      : Route(nextHop: .v4(other), pathLength: 3)
  }
}
