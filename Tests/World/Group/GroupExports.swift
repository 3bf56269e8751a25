// The judges of what the route servers of a group hold of the members' kernels, each for itself.

import Engine
import Model

extension GroupWorld {
  /// How long after the last word everything is in its place.
  private static let quiet = Nanoseconds.milliseconds(100)
  /// Whoever flapped has rested by then, and so has what it waited for.
  private static let rested = Nanoseconds.seconds(31)

  /// Something has changed: it is looked at when it must have been told, and when nothing of it may
  /// be held back any more.
  func lookAtExports(_ index: Int) {
    guard shape.areRoutesAnnounced, let rules = shape.routeRules else { return }
    for wait in [GroupWorld.quiet, GroupWorld.rested] {
      schedule(.group(.crowd(.compare(index))), after: rules.patience + wait)
    }
  }

  /// Whether an UPDATE is of routes and no VIP is in it.
  func isOfRoutes(_ update: WireUpdate) -> Bool {
    let prefixes = update.announced + update.withdrawn
    return shape.areRoutesAnnounced && !prefixes.isEmpty
      && !prefixes.contains { shape.vipPrefixes.contains($0) }
  }

  /// One UPDATE of routes that arrived.
  func examineExports(_ entry: LoggedUpdate, _ server: Int) {
    guard let rules = shape.routeRules else { return }
    let index = entry.neighbour
    tell("server \(server) has routes from \(index): \(entry.update.text)")
    if entry.isRepetition { violate(.repetition, "member \(index) again: \(entry.update.text)") }
    let count = exports(of: index, at: server).count
    if count > rules.room {
      violate(.exportLimit, "server \(server) holds \(count) from member \(index)")
    }
    watch(index)
    schedule(.group(.crowd(.compare(index))), after: rules.patience + GroupWorld.quiet)
  }

  /// What a route server holds of a member beside its VIPs.
  private func exports(of index: Int, at server: Int) -> [Prefix: Route] {
    servers[server].neighbours[index].routes.filter { !shape.vipPrefixes.contains($0.key) }
  }

  /// The daemon has known its kernel's routes for a while, and nothing hinders it.
  private func knowsItsRoutes(_ index: Int) -> Bool {
    guard let rules = shape.routeRules, isInOrder(index),
      now - max(truths[index].troubledAt, truths[index].standsSince) >= GroupWorld.quiet,
      let feed = members[index].driver?.engine.feed(.routes), feed.isCurrent,
      let since = feed.completedAt
    else { return false }
    return now - since >= GroupWorld.quiet + rules.delay
      && judge.sessions.allSatisfy { now - $0[index].since >= GroupWorld.quiet }
      && judge.stalledAt.allSatisfy { $0.map { now - $0 >= GroupWorld.quiet } ?? true }
  }

  func compareExports(_ index: Int) {
    guard knowsItsRoutes(index), let rules = shape.routeRules, let watch = members[index].watch
    else { return }
    let (standings, listed) = (watch.ledger.standings, watch.ledger.listed)
    let tables = (0..<2).map { exports(of: index, at: $0) }
    // What was just said may have reached one of them.
    if tables[0] != tables[1], now - watch.saidAt >= GroupWorld.quiet {
      violate(.sameOnBoth, "member \(index): \(words(tables[0])), not \(words(tables[1]))")
    }
    for (server, held) in tables.enumerated() {
      for prefix in Set(standings.keys).union(held.keys).sorted() {
        let standing = standings[prefix]
        guard let standing, let rule = standing.rule else {
          let since = max(standing?.since ?? .zero, listed)
          if held[prefix] != nil, now - since >= rules.patience + GroupWorld.quiet {
            violate(.exports, "member \(index), server \(server): \(prefix) is gone, and stands")
          }
          continue
        }
        if held[prefix] == shape.signature(rule, index) || hasNoRoom(rule, held, index) { continue }
        if now - standing.ruleSince < rules.patience + GroupWorld.rested { continue }
        violate(
          .exports, "member \(index), server \(server): \(prefix) is missing: \(words(held))")
      }
    }
  }

  private func words(_ routes: [Prefix: Route]) -> String {
    routes.sorted { $0.key < $1.key }
      .map { "\($0) to \($1.nextHop) path \($1.pathLength)" }.joined(separator: ", ")
  }

  private func hasNoRoom(_ rule: Int, _ held: [Prefix: Route], _ index: Int) -> Bool {
    guard let rules = shape.routeRules else { return false }
    let signature = shape.signature(rule, index)
    if held.values.count(where: { $0 == signature }) >= rules.limits[rule] {
      reached.insert(.exportLeftOut)
      return true
    }
    guard held.count >= rules.room else { return false }
    reached.insert(.exportCrowdedOut)
    return true
  }

  /// Nothing has happened for long: each route server holds, of each member, what that one's kernel
  /// says, and nothing else.
  func judgeExports() {
    guard shape.areRoutesAnnounced else { return }
    for index in members.indices {
      guard knowsItsRoutes(index) else {
        // Reloads have the kernel listed again and again.
        if members[index].reloadEvery == nil {
          violate(.liveness, "member \(index) does not know its kernel's routes")
        }
        continue
      }
      var rules: [Prefix: Int] = [:]
      for route in members[index].routing.routes {
        guard let rule = RouteRules.rule(of: route), route.prefix.address.width == 32 else {
          continue
        }
        rules[route.prefix] = min(rule, rules[route.prefix] ?? rule)
      }
      for server in 0..<2 { judgeExports(of: index, at: server, rules) }
    }
  }

  /// `rules`: by which rule each prefix of the kernel is to be announced.
  private func judgeExports(of index: Int, at server: Int, _ rules: [Prefix: Int]) {
    let held = exports(of: index, at: server)
    let isAsKnown = rules.allSatisfy { prefix, rule in
      // Whoever follows another rule that has no place for it stays what it was.
      held[prefix] == shape.signature(rule, index)
        || [nil, shape.signature(1 - rule, index)].contains(held[prefix])
          && hasNoRoom(rule, held, index)
    }
    if isAsKnown, held.keys.allSatisfy({ rules[$0] != nil }) { return }
    violate(
      .exports,
      "member \(index), server \(server): \(words(held)), and its kernel has "
        + rules.sorted { $0.key < $1.key }.map { "\($0) by \($1)" }.joined(separator: ", "))
  }
}
