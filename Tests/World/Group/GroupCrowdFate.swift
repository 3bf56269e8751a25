// What befalls the kernels' routes in a group: they come, go, flap, are replaced, and news is lost.

import Model

/// A kind of event of routes.
private enum CrowdFate: CaseIterable {
  case come, comeToAll, go, replace, flap, daemonRestart, overrun, interrupt, refuse
}

extension GroupWorld {
  /// How many blows routes get in a schedule, beside those that all schedules get.
  private static let crowdBlows = 25

  func prepareCrowd() {
    guard shape.routeRules != nil else { return }
    if shape.areRoutesTabled, crowd.random.oneIn(2) {
      let prefixes = shape.routePrefixes
      let prefix = prefixes[crowd.random.pick(0...prefixes.count - 1)]
      crowd.strangers.insert(prefix)
      crowd.routes[prefix] = TableRoute(hop: CrowdTable.stranger, version: 1)
    }
    let most = shape.areRoutesTabled ? 8 : 24
    let routes = (0..<crowd.random.pick(0...most)).map { _ in someRoute() }
    for member in members {
      member.routing.entriesPerPart = crowd.random.pick(1...6)
      for route in routes { member.routing.replace(route) }
    }
    for _ in 0..<crowd.random.pick(5...GroupWorld.crowdBlows) {
      agenda.add(
        .group(.crowd(.fate)), at: .zero + .milliseconds(crowd.random.pick(500...59_000)))
    }
  }

  func meetCrowdFate() {
    guard isRestless else { return }
    let index = crowd.random.pick(0...members.count - 1)
    let all = CrowdFate.allCases
    let kind = all[crowd.random.pick(0...all.count - 1)]
    tell("routes of member \(index): \(kind)")
    guard members[index].freeze != .machine else { return }
    switch kind {
    case .come: for _ in 0..<crowd.random.pick(1...4) { come([index]) }
    case .comeToAll: for _ in 0..<crowd.random.pick(1...4) { come(Array(members.indices)) }
    case .go: for _ in 0..<crowd.random.pick(1...3) { go(index) }
    case .replace: for _ in 0..<crowd.random.pick(1...4) { replaceOne(index) }
    case .flap: flap(index)
    case .daemonRestart:
      leaveForAWhile(
        index, members[index].routing.routes.filter { $0.origin == RouteRules.bird })
    case .overrun:
      come([index])
      members[index].routing.overrun()
      go(index)
      replaceOne(index)
    case .interrupt:
      members[index].routing.interruptions += crowd.random.pick(1...3)
      members[index].routing.overrun()
    case .refuse:
      members[index].routing.refusals += crowd.random.pick(1...6)
      members[index].routing.overrun()
    }
    for member in members.indices {
      settle(member)
      lookAtExports(member)
    }
  }

  func crowdReturns(_ index: Int, _ routes: [KernelRoute]) {
    guard members[index].freeze != .machine else {
      return schedule(.group(.crowd(.back(index, routes))), after: .seconds(1))
    }
    // In the end all kernels were made alike.
    guard isRestless else { return }
    for route in routes { members[index].routing.append(route) }
    settle(index)
    lookAtExports(index)
  }

  /// Faults stop: of routes in a table every machine has those of the first, as routing daemons
  /// have them that hear the same.
  func healCrowd() {
    guard shape.routeRules != nil else { return }
    let wanted = members[0].routing.routes
    for member in members {
      member.routing.refusals = 0
      member.routing.interruptions = 0
      if shape.areRoutesTabled {
        for route in member.routing.routes where !wanted.contains(route) {
          member.routing.remove(route)
        }
        for route in wanted { member.routing.append(route) }
      }
      settle(member.index)
    }
  }

  /// A burst while a VIP moves in a healthy world, behind which there is rest.
  func changeRoutesForTheLastTime() {
    guard shape.areRoutesAnnounced, !shape.areRoutesTabled else { return }
    for index in members.indices {
      for _ in 0..<3 { replaceOne(index) }
      go(index)
      come([index])
      settle(index)
    }
  }

  // MARK: Single changes

  private func come(_ indices: [Int]) {
    let route = someRoute()
    let isBeside = crowd.random.oneIn(3)
    for index in indices where members[index].freeze != .machine {
      if isBeside {
        members[index].routing.append(route)
      } else {
        members[index].routing.replace(route)
      }
    }
  }

  private func go(_ index: Int) {
    let routes = members[index].routing.routes
    guard !routes.isEmpty else { return }
    members[index].routing.remove(routes[crowd.random.pick(0...routes.count - 1)])
  }

  private func replaceOne(_ index: Int) {
    let routes = members[index].routing.routes
    guard !routes.isEmpty else { return }
    var route = routes[crowd.random.pick(0...routes.count - 1)]
    route.gateway = UInt8(crowd.random.pick(1...9))
    if crowd.random.oneIn(3) { route.origin = someOrigin() }
    members[index].routing.replace(route)
  }

  private func flap(_ index: Int) {
    let routes = members[index].routing.routes.filter { RouteRules.rule(of: $0) != nil }
    guard !routes.isEmpty else { return come([index]) }
    leaveForAWhile(index, [routes[crowd.random.pick(0...routes.count - 1)]])
  }

  private func leaveForAWhile(_ index: Int, _ routes: [KernelRoute]) {
    for route in routes { members[index].routing.remove(route) }
    schedule(
      .group(.crowd(.back(index, routes))),
      after: .microseconds(crowd.random.spread(10_000, 15_000_000)))
  }

  private func someOrigin() -> UInt8 {
    [RouteRules.bird, RouteRules.bird, RouteRules.fixed, 2][crowd.random.pick(0...3)]
  }

  private func someRoute() -> KernelRoute {
    let prefixes = shape.routePrefixes
    var route = KernelRoute(prefix: prefixes[crowd.random.pick(0...prefixes.count - 1)])
    route.table = crowd.random.oneIn(8) ? 100 : 254
    route.metric = [0, 0, 20][crowd.random.pick(0...2)]
    route.origin = someOrigin()
    route.kind = crowd.random.oneIn(8) ? 6 : 1
    route.gateway = UInt8(crowd.random.pick(1...9))
    // No link takes routes along here: the lone worlds do that.
    route.link = 7
    return route
  }
}
