// What a table says that stands against the VIPs announced over BGP.

package import Model

/// Something in a table that a person should know of.
package enum Finding: Hashable, Sendable {
  /// A route of somebody else wins over the announcement: the same prefix, or a part of it.
  case shadowed(Prefix, by: String)
  /// The subnets of the table do not take what route servers learn.
  case propagationDisabled(subnets: Int)
  /// The route is in the table under another name, and Azure takes each prefix once.
  case otherName(Prefix, String)
}

package enum Inspection {
  /// `announced` are the prefixes of BGP; `managed` the routes that are ours in this table.
  package static func findings(
    of table: TableRecord, managed: [ManagedRoute], announced: [Prefix]
  ) -> [Finding] {
    var result: [Finding] = []
    if table.disablesPropagation, !announced.isEmpty {
      result.append(.propagationDisabled(subnets: table.subnets.count))
    }
    for route in table.routes {
      guard let block = route.block else { continue }
      let isOurs = managed.contains { $0.name.lowercased() == route.name.lowercased() }
      if isOurs { continue }
      if managed.contains(where: { $0.prefix == block }) {
        result.append(.otherName(block, route.name))
      }
      for prefix in announced where contains(prefix, block) {
        result.append(.shadowed(prefix, by: route.name))
      }
    }
    return result
  }

  /// The routes that lead to this machine when it carries their VIP. One address is here by then,
  /// so it matters only for who carries it and does not have it.
  static func returns(
    _ records: [Desired], _ carriages: [Carriage], in table: ResourceID
  ) -> [ReturnRoute] {
    var result: [ReturnRoute] = []
    for record in records {
      guard let carriage = carriages.first(where: { $0.vip == record.vip }) else { continue }
      for route in record.routes where !route.isHost || record.voice == .ours {
        guard let hop = carriage.ownHop(for: route) else { continue }
        result.append(ReturnRoute(prefix: route, hop: hop, table: table))
      }
    }
    return result
  }

  /// Whether `inner` is `outer` or a part of it.
  static func contains(_ outer: Prefix, _ inner: Prefix) -> Bool {
    outer.address.width == inner.address.width && outer.length <= inner.length
      && Prefix.masked(inner.address, to: outer.length) == outer.address
  }
}
