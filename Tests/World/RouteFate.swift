// What befalls the kernel's routes: they come, go, flap and are replaced, daemons are restarted,
// links take routes along, and news is lost.

import Model

/// A kind of event of routes.
private enum RouteFate: CaseIterable {
  case come, go, replace, churn, flap, daemonRestart, overrun, interrupt, refuse, crowd, withShift
}

/// What is on the agenda of routes.
enum RouteEvent {
  case fate
  case go(Int, [KernelRoute])
  case back(Int, [KernelRoute])
  case compare(Int)
  /// The daemon of the first machine is started anew, and has to choose.
  case restart
  case choice
}

extension World {
  func take(_ event: RouteEvent) {
    switch event {
    case .fate: meetRouteFate()
    case .go(let index, let routes): routesGo(index, routes)
    case .back(let index, let routes): routesReturn(index, routes)
    case .compare(let index): compareRoutes(index)
    case .restart:
      kill(0)
      start(0)
    case .choice: verifyChoice()
    }
  }

  /// How many blows routes get in a schedule, beside those that all schedules get.
  private static let routeBlows = 40

  func prepareRoutes() {
    guard routeRules != nil else { return }
    for appliance in appliances {
      appliance.routing.entriesPerPart = random.pick(1...6)
      for _ in 0..<random.pick(0...12) { appliance.routing.replace(someRoute()) }
      if random.oneIn(4) { appliance.routing.interruptions = 2 }
      if random.oneIn(4) { appliance.routing.refusals = 1 }
    }
    for _ in 0..<random.pick(10...World.routeBlows) {
      agenda.add(.routes(.fate), at: .zero + .milliseconds(random.pick(500...89_000)))
    }
  }

  func meetRouteFate() {
    guard isRestless else { return }
    let index = random.pick(0...1)
    guard appliances[index].freeze != .machine else { return }
    let all = RouteFate.allCases
    switch all[random.pick(0...all.count - 1)] {
    case .come: for _ in 0..<random.pick(1...8) { come(index) }
    case .go: for _ in 0..<random.pick(1...4) { go(index) }
    case .replace: for _ in 0..<random.pick(1...4) { replaceOne(index) }
    case .churn: churn(index, random.pick(1...30))
    case .flap: flap(index)
    case .daemonRestart: restartDaemon(index)
    case .overrun:
      churn(index, random.pick(0...3))
      appliances[index].routing.overrun()
      churn(index, random.pick(1...10))
    case .interrupt:
      appliances[index].routing.interruptions += random.pick(1...3)
      appliances[index].routing.overrun()
    case .refuse:
      appliances[index].routing.refusals += random.pick(1...12)
      appliances[index].routing.overrun()
    case .crowd:
      // Routes that no rule matches.
      for number in 0..<random.pick(20...150) {
        var route = someRoute()
        route.table = 100
        route.metric = UInt32(number)
        appliances[index].routing.append(route)
        appliances[index].routing.remove(route)
      }
    case .withShift:
      churn(index, random.pick(1...6))
      if let holder, holder != index { depart(holder, to: index, gap: .microseconds(1)) }
    }
    settle(index)
    lookAtRoutes(index)
  }

  /// Routes that were away for a while come back.
  func routesReturn(_ index: Int, _ routes: [KernelRoute]) {
    guard appliances[index].freeze != .machine else {
      schedule(.routes(.back(index, routes)), after: .seconds(1))
      return
    }
    for route in routes { appliances[index].routing.append(route) }
    settle(index)
    lookAtRoutes(index)
  }

  /// The link went down, and IPv4 routes with it.
  func loseRoutes(_ index: Int, over link: UInt32) {
    guard routeRules != nil else { return }
    let lost = appliances[index].routing.routes.filter { $0.link == link && $0.kind == 1 }
    appliances[index].routing.removeRoutes(over: link)
    let after = Nanoseconds.microseconds(random.spread(10_000, 20_000_000))
    if isRestless { schedule(.routes(.back(index, lost)), after: after) }
    lookAtRoutes(index)
  }

  /// One burst in a healthy world, behind which there is rest.
  func changeRoutesForTheLastTime() {
    guard routeRules != nil else { return }
    for index in 0..<2 {
      for _ in 0..<3 { replaceOne(index) }
      come(index)
      settle(index)
    }
  }

  // MARK: Single changes

  private func come(_ index: Int) {
    let route = someRoute()
    // Of IPv6 the kernel makes one route of several ways; nothing here is about that.
    if random.oneIn(3), route.prefix.address.width == 32 {
      appliances[index].routing.append(route)
    } else {
      appliances[index].routing.replace(route)
    }
  }

  private func go(_ index: Int) {
    let routes = appliances[index].routing.routes
    guard !routes.isEmpty else { return }
    appliances[index].routing.remove(routes[random.pick(0...routes.count - 1)])
  }

  private func replaceOne(_ index: Int) {
    let routes = appliances[index].routing.routes
    guard !routes.isEmpty else { return }
    var route = routes[random.pick(0...routes.count - 1)]
    route.gateway = UInt8(random.pick(1...9))
    let origins = [RouteRules.bird, RouteRules.fixed, 2]
    if random.oneIn(3) { route.origin = origins[random.pick(0...2)] }
    appliances[index].routing.replace(route)
  }

  private func churn(_ index: Int, _ count: Int) {
    for _ in 0..<count {
      switch random.pick(0...2) {
      case 0: come(index)
      case 1: go(index)
      default: replaceOne(index)
      }
    }
  }

  private func flap(_ index: Int) {
    let routes = appliances[index].routing.routes.filter { RouteRules.rule(of: $0) != nil }
    guard !routes.isEmpty else { return come(index) }
    let route = routes[random.pick(0...routes.count - 1)]
    var after = Nanoseconds.zero
    for _ in 0..<random.pick(1...8) {
      after = after + .microseconds(random.spread(1_000, 4_000_000))
      schedule(.routes(.go(index, [route])), after: after)
      after = after + .microseconds(random.spread(1_000, 10_000_000))
      schedule(.routes(.back(index, [route])), after: after)
    }
  }

  func routesGo(_ index: Int, _ routes: [KernelRoute]) {
    guard isRestless, appliances[index].freeze != .machine else { return }
    for route in routes { appliances[index].routing.remove(route) }
    settle(index)
    lookAtRoutes(index)
  }

  private func restartDaemon(_ index: Int) {
    let gone = appliances[index].routing.routes.filter { $0.origin == RouteRules.bird }
    for route in gone { appliances[index].routing.remove(route) }
    let after = Nanoseconds.microseconds(random.spread(10_000, 10_000_000))
    schedule(.routes(.back(index, gone)), after: after)
  }

  private func someRoute() -> KernelRoute {
    let prefixes = RouteRules.prefixes
    var route = KernelRoute(prefix: prefixes[random.pick(0...prefixes.count - 1)])
    route.table = random.oneIn(8) ? 100 : 254
    route.metric = [0, 0, 20, 100][random.pick(0...3)]
    let origins = [RouteRules.bird, RouteRules.bird, RouteRules.fixed, RouteRules.fixed, 2]
    route.origin = origins[random.pick(0...4)]
    route.kind = random.oneIn(8) ? 6 : 1
    route.gateway = UInt8(random.pick(1...9))
    route.link = random.oneIn(3) ? 3 : Machine.link
    return route
  }
}
