// The judges of the kernel's routes: what route servers hold against what the rules select.

import Engine
import Model

extension World {
  /// How long after the last word everything is in its place.
  private static let quiet = Nanoseconds.milliseconds(100)
  /// Whoever flapped has rested by then, and so has what it waited for.
  private static let rested = Nanoseconds.seconds(31)

  /// Something has changed: it is looked at when it must have been told, and when nothing of it may
  /// be held back any more.
  func lookAtRoutes(_ index: Int) {
    guard let rules = routeRules else { return }
    schedule(.routes(.compare(index)), after: .seconds(25))
    schedule(.routes(.compare(index)), after: rules.patience + World.quiet)
    schedule(.routes(.compare(index)), after: rules.patience + World.rested)
  }

  private var vipPrefixes: Set<Prefix> { Set(prefixes) }

  /// Whether an UPDATE is of routes and no VIP is in it.
  func isOfRoutes(_ update: WireUpdate) -> Bool {
    routeRules != nil
      && !(update.announced + update.withdrawn).contains { vipPrefixes.contains($0) }
  }

  /// One UPDATE of routes that arrived.
  func examineRoutes(_ entry: LoggedUpdate, _ server: Int) {
    guard let rules = routeRules else { return }
    if entry.isRepetition {
      violate(.repetition, "appliance \(entry.neighbour) again: \(entry.update.text)")
    }
    let held = servers[server].neighbours[entry.neighbour].routes.keys
    let count = held.count { !vipPrefixes.contains($0) }
    if count > rules.room {
      violate(.exportLimit, "server \(server) holds \(count) from appliance \(entry.neighbour)")
    }
    lookAtRoutes(entry.neighbour)
  }

  /// The daemon has known the kernel's routes for a while, and nothing hinders it.
  func areRoutesInOrder(_ index: Int) -> Bool {
    guard isInOrder(index), now - disturbedAt[index] >= World.quiet, let rules = routeRules,
      let feed = appliances[index].driver?.engine.feed(.routes), feed.isCurrent,
      let since = feed.completedAt
    else { return false }
    return now - since >= World.quiet + rules.delay
  }

  func compareRoutes(_ index: Int) {
    guard areRoutesInOrder(index), let rules = routeRules,
      let standings = appliances[index].watch?.ledger.standings
    else { return }
    let local = appliances[index].plan.local
    for server in 0..<2 {
      let held = servers[server].neighbours[index].routes
      for prefix in RouteRules.prefixes where !vipPrefixes.contains(prefix) {
        let family = WireFamily(prefix)
        guard servers[server].families.contains(family) else { continue }
        guard let standing = standings[prefix], let rule = standing.rule else {
          let listed = appliances[index].watch?.ledger.listed ?? .zero
          let since = max(standings[prefix]?.since ?? .zero, listed)
          if held[prefix] != nil, now - since >= rules.patience + World.quiet {
            violate(.exports, "appliance \(index): \(prefix) is gone, and stands")
          }
          continue
        }
        let wanted = RouteRules.signature(rule, family, of: local)
        if held[prefix] == wanted { continue }
        if isFull(rule, held, standings, local) {
          reached.insert(.routeLeftOut)
          continue
        }
        let age = now - standing.ruleSince
        guard age >= rules.patience + World.rested else {
          if held[prefix] == nil, age >= .seconds(20) { reached.insert(.routeHeldBack) }
          continue
        }
        violate(
          .exports,
          "appliance \(index), server \(server): \(prefix) is \(String(describing: held[prefix]))")
      }
    }
    compareServers(index)
  }

  private func compareServers(_ index: Int) {
    // What was just said may have reached one of them.
    guard let said = appliances[index].watch?.saidAt, now - said >= World.quiet else { return }
    let tables = (0..<2).map { servers[$0].neighbours[index].routes }
    for prefix in RouteRules.prefixes where !vipPrefixes.contains(prefix) {
      let hearing = (0..<2).filter { servers[$0].families.contains(WireFamily(prefix)) }
      if Set(hearing.map { tables[$0][prefix] }).count > 1 {
        violate(.sameOnBoth, "appliance \(index), \(prefix): not the same on both")
      }
    }
  }

  /// Prefixes of a family that this route server does not hear have places as well.
  private func isFull(
    _ rule: Int, _ held: [Prefix: Route], _ standings: [Prefix: RouteLedger.Standing],
    _ local: Plan.Local
  ) -> Bool {
    guard let rules = routeRules else { return false }
    let count = held.count { prefix, route in
      !vipPrefixes.contains(prefix)
        && route == RouteRules.signature(rule, WireFamily(prefix), of: local)
    }
    let unheard = standings.count { prefix, standing in
      WireFamily(prefix) == .ipv6 && standing.rule == rule && held[prefix] == nil
    }
    return count + unheard >= rules.limits[rule]
  }

  /// Nothing has happened for long: the daemon knows the kernel's routes, and so does everybody.
  func verifyRoutes() {
    guard routeRules != nil else { return }
    for index in 0..<2 {
      guard let watch = appliances[index].watch, !watch.ledger.isStale else {
        violate(.exports, "appliance \(index) does not know its kernel's routes")
        continue
      }
      for prefix in RouteRules.prefixes where !vipPrefixes.contains(prefix) {
        let routes = appliances[index].routing.routes.filter { $0.prefix == prefix }
        let rule = routes.compactMap { RouteRules.rule(of: $0) }.min()
        if watch.ledger.standings[prefix]?.rule != rule {
          violate(.exports, "appliance \(index) was not told of \(prefix)")
        }
      }
      compareRoutes(index)
    }
  }

  /// A daemon that was just started: who has a place follows from the kernel's routes alone.
  func verifyChoice() {
    guard let rules = routeRules, areRoutesInOrder(0) else {
      if routeRules != nil { violate(.liveness, "appliance 0 is not in order after its start") }
      return
    }
    let local = appliances[0].plan.local
    let known = appliances[0].routing.routes.filter { !vipPrefixes.contains($0.prefix) }
    var byRule: [[Prefix]] = [[], []]
    for prefix in Set(known.map(\.prefix)) {
      let rule = known.filter { $0.prefix == prefix }.compactMap { RouteRules.rule(of: $0) }.min()
      if let rule { byRule[rule].append(prefix) }
    }
    for server in 0..<2 {
      let held = servers[server].neighbours[0].routes.filter { !vipPrefixes.contains($0.key) }
      var expected: [Prefix: Route] = [:]
      for (rule, prefixes) in byRule.enumerated() {
        let inOrder = prefixes.sorted { ($0.length, $0.address) < ($1.length, $1.address) }
        for prefix in inOrder.prefix(rules.limits[rule])
        where servers[server].families.contains(WireFamily(prefix)) {
          expected[prefix] = RouteRules.signature(rule, WireFamily(prefix), of: local)
        }
      }
      if held != expected {
        violate(
          .exportChoice,
          "server \(server): \(held.keys.sorted()), not \(expected.keys.sorted())")
      }
    }
  }
}
