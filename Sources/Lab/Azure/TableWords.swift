// Route tables and effective routes as words and records between the lab and the fabric's process.

package import Control
import Model
package import Platform

/// A user-defined route is `NAME PREFIX bgp|override TYPE HOPS...`.
package enum TableWords {
  package static func words(for route: UserRoute) -> [String] {
    let override = route.overridesBGP ? "override" : "bgp"
    return [route.name, "\(route.prefix)", override] + words(for: route.nextHop)
  }

  /// Azure's own words for types of next hops.
  package static func words(for hop: NextHopType) -> [String] {
    switch hop {
    case .virtualAppliance(let hops): ["VirtualAppliance"] + hops.map(\.description)
    case .vnetLocal: ["VnetLocal"]
    case .internet: ["Internet"]
    case .none: ["None"]
    case .virtualNetworkGateway: ["VirtualNetworkGateway"]
    }
  }

  package static func nextHop(_ words: some Collection<String>) -> NextHopType? {
    let hops = words.dropFirst().compactMap { IPAddress($0) }
    guard hops.count == words.count - 1 else { return nil }
    switch (words.first, hops.isEmpty) {
    case ("VirtualAppliance", false): return .virtualAppliance(hops)
    case ("VnetLocal", true): return .vnetLocal
    case ("Internet", true): return .internet
    case ("None", true): return NextHopType.none
    case ("VirtualNetworkGateway", true): return .virtualNetworkGateway
    default: return nil
    }
  }

  package static func userRoute(_ words: [String]) -> UserRoute? {
    guard words.count >= 4, let prefix = Prefix(words[1]),
      ["override", "bgp"].contains(words[2]), let hop = nextHop(words[3...])
    else { return nil }
    return UserRoute(
      name: words[0], prefix: prefix, nextHop: hop, overridesBGP: words[2] == "override")
  }

  package static func record(_ route: EffectiveRoute, id: String) -> [UInt8] {
    var line = JSONLine(id: id, type: "route")
    line.add("prefix", "\(route.prefix)")
    line.add("source", route.source.rawValue)
    line.add("next-hop", words(for: route.nextHop))
    line.add("active", route.isActive)
    return line.finish()
  }

  /// Nil when the record is none of these.
  package static func route(_ record: Record) -> EffectiveRoute? {
    guard record.type == "route", let prefix = record.prefix,
      let source = record.string("source").flatMap({ EffectiveRoute.Source(rawValue: $0) }),
      let hop = nextHop(record.strings("next-hop")), let isActive = record.boolean("active")
    else { return nil }
    return EffectiveRoute(prefix: prefix, source: source, nextHop: hop, isActive: isActive)
  }
}
