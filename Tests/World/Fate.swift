// What befalls the world: the address moves, machines freeze and die, route servers restart, news
// is lost.

import Model

/// A kind of event that a schedule may contain.
enum Fate: CaseIterable {
  case move, moveBack, leave, freezeMachine, freezeProcess, kill, restartServer, restartBoth, reset
  case stall, overrun, interrupt, refuse, unsendable, bounce, noise, refresh, silence, cease
}

/// What ends an event.
enum Undo {
  case place(Int)
  case removeGhost(Int)
  case preempt(Int)
  case thaw(Int)
  case start(Int)
  case serverUp(Int)
  case resume(Int)
  case linkUp(Int)
  case speak(Int)
}

extension World {
  /// How long the world is troubled, how long it rests before it is judged, and how many blows it
  /// gets.
  private static let trouble = Int64(90)
  private static let rest = Nanoseconds.seconds(100)
  private static let blows = 40

  func prepare() {
    for kind in Fate.allCases where random.oneIn(2) {
      for _ in 0..<random.pick(1...4) { fates.append(kind) }
    }
    // Without moves nothing would ever be decided.
    fates += [.move, .move, .move]
    for appliance in appliances {
      appliance.kernel.set(KernelLink(index: 1, name: "lo", isLoopback: true))
      appliance.kernel.set(KernelLink(index: Machine.link, name: "eth0"))
      appliance.kernel.set(KernelLink(index: 3, name: "eth1"))
      appliance.kernel.add(
        KernelAddress(
          interface: Machine.link, address: appliance.plan.local.address, prefixLength: 24))
      appliance.kernel.entriesPerPart = random.pick(1...3)
    }
    // Some daemons have a hard start.
    for appliance in appliances {
      if fates.contains(.unsendable), random.oneIn(2) { appliance.unsendableDumps = 1 }
      if fates.contains(.refuse), random.oneIn(2) { appliance.kernel.refusals = 1 }
      if fates.contains(.interrupt), random.oneIn(2) { appliance.kernel.interruptions = 2 }
    }
    if random.oneIn(3) == false { arrive(0) }
    schedule(.undo(.start(0)), after: .milliseconds(random.pick(0...50)))
    schedule(.undo(.start(1)), after: .milliseconds(random.oneIn(4) ? 5_000 : random.pick(0...50)))
    let blows = random.pick(5...World.blows)
    for _ in 0..<blows {
      agenda.add(.fate, at: .zero + .milliseconds(random.pick(1_000...World.trouble * 1_000)))
    }
    agenda.add(.heal, at: .zero + .seconds(World.trouble))
    agenda.add(.verify(1), at: .zero + .seconds(World.trouble) + World.rest)
    agenda.add(.finalMove, at: .zero + .seconds(World.trouble + 1) + World.rest)
    agenda.add(.verify(1), at: .zero + .seconds(World.trouble + 6) + World.rest)
    agenda.add(.verify(1), at: .zero + .seconds(World.trouble + 42) + World.rest)
    prepareRoutes()
    guard routeRules != nil else {
      agenda.add(.finish, at: .zero + .seconds(World.trouble + 43) + World.rest)
      return
    }
    agenda.add(.routes(.restart), at: .zero + .seconds(World.trouble + 43) + World.rest)
    agenda.add(.routes(.choice), at: .zero + .seconds(World.trouble + 58) + World.rest)
    agenda.add(.finish, at: .zero + .seconds(World.trouble + 59) + World.rest)
  }

  func meetFate() {
    guard isRestless else { return }
    let kind = fates[random.pick(0...fates.count - 1)]
    let index = random.pick(0...1)
    trace.add(now.nanoseconds)
    switch kind {
    case .move: if let holder { depart(holder, to: 1 - holder) } else { depart(index, to: index) }
    case .moveBack: if let holder { depart(holder, to: holder) }
    case .leave:
      if let holder { depart(holder, to: random.pick(0...1), gap: .seconds(random.pick(5...60))) }
    case .freezeMachine: freeze(index, .machine)
    case .freezeProcess: freeze(index, .process)
    case .kill:
      kill(index)
      schedule(.undo(.start(index)), after: .microseconds(random.spread(10_000, 10_000_000)))
    case .restartServer: restart(index)
    case .restartBoth:
      reached.insert(.bothServersRestarted)
      restart(0)
      restart(1)
    case .reset: resetConnection(index, random.pick(0...1))
    case .stall: stall(index)
    case .overrun: meetOverrun(index)
    case .interrupt: appliances[index].kernel.interruptions += random.pick(1...3)
    case .refuse: appliances[index].kernel.refusals += random.pick(1...12)
    case .unsendable: appliances[index].unsendableDumps += random.pick(1...3)
    case .bounce, .noise: disturbLink(index, kind)
    case .refresh: refresh(index, random.pick(0...1))
    case .cease: cease(index, random.pick(0...1))
    case .silence: silence(index)
    }
  }

  func take(_ undo: Undo) {
    trace.add(now.nanoseconds)
    switch undo {
    case .place(let index): placeAddress(index)
    case .removeGhost(let index): if holder != index { take(addressFrom: index) }
    case .preempt(let index): preempt(index)
    case .thaw(let index): thaw(index)
    case .start(let index): if appliances[index].freeze == nil { start(index) }
    case .serverUp(let index): states[index].isUp = true
    case .resume(let index): resume(index)
    case .linkUp(let index):
      appliances[index].kernel.set(KernelLink(index: Machine.link, name: "eth0"))
      news(index)
    case .speak(let index): states[index].isSilent = false
    }
  }

  // MARK: The address

  private var vip: KernelAddress {
    KernelAddress(interface: Machine.link, address: watched, prefixLength: 24)
  }

  /// keepalived takes the address from one machine and, after a while, gives it to one.
  func depart(_ from: Int, to target: Int, gap: Nanoseconds? = nil) {
    guard !isMoving else { return }
    isMoving = true
    holder = nil
    // A machine that is frozen keeps what it has, and the other does not wait for it.
    if appliances[from].freeze == .machine {
      reached.insert(.addressOnTwo)
    } else {
      take(addressFrom: from)
    }
    let usual = Nanoseconds.microseconds(random.spread(1, 4_000_000))
    schedule(.undo(.place(target)), after: gap ?? usual)
  }

  private func placeAddress(_ target: Int) {
    let other = 1 - target
    if appliances[target].freeze == .machine {
      let next = appliances[other].freeze == .machine ? target : other
      return schedule(.undo(.place(next)), after: .milliseconds(random.pick(100...2_000)))
    }
    isMoving = false
    if appliances[other].freeze != .machine { take(addressFrom: other) }
    arrive(target)
  }

  private func arrive(_ index: Int) {
    holder = index
    appliances[index].kernel.add(vip)
    news(index)
  }

  private func take(addressFrom index: Int) {
    appliances[index].kernel.remove(vip)
    news(index)
  }

  /// The thawed machine keeps the address, and the other gives it up.
  private func preempt(_ index: Int) {
    guard holder == 1 - index, appliances[index].kernel.isHeld(watched), !isMoving,
      appliances[index].freeze == nil, appliances[1 - index].freeze == nil
    else {
      if holder != index { take(addressFrom: index) }
      return
    }
    reached.insert(.preemptedByThawed)
    holder = index
    take(addressFrom: 1 - index)
    news(index)
  }

  /// The kernel of this appliance said something.
  private func news(_ index: Int) {
    disturb(index)
    settle(index)
  }

  // MARK: Appliances

  private func freeze(_ index: Int, _ kind: Freeze) {
    guard appliances[index].freeze == nil else { return }
    appliances[index].freeze = kind
    schedule(.undo(.thaw(index)), after: .microseconds(random.spread(1_000, 60_000_000)))
  }

  func thaw(_ index: Int) {
    guard let kind = appliances[index].freeze else { return }
    if let height = appliances[index].ladder.height, height > 0, holder == 1 - index {
      reached.insert(.thawWithStaleRung)
    }
    appliances[index].freeze = nil
    if kind == .machine, holder != index {
      let undo = holder == 1 - index && random.oneIn(4) ? Undo.preempt(index) : .removeGhost(index)
      schedule(.undo(undo), after: .milliseconds(random.pick(1...500)))
    }
    if appliances[index].driver == nil { start(index) }
    disturb(index)
    settle(index)
  }

  /// The receive buffer fills up: what follows is lost until it is read, a move of the address now
  /// and then.
  private func meetOverrun(_ index: Int) {
    appliances[index].kernel.overrun()
    if random.oneIn(2), let holder { depart(holder, to: 1 - holder, gap: .microseconds(1)) }
    news(index)
  }

  private func disturbLink(_ index: Int, _ kind: Fate) {
    if kind == .noise {
      // Sometimes more than one wake-up reads, with a loss in the middle.
      for flap in 0..<random.pick(1...100) {
        let link = KernelLink(index: 3, name: "eth1", hasCarrier: flap % 2 == 1)
        appliances[index].kernel.set(link)
      }
      if random.oneIn(4) { appliances[index].kernel.overrun() }
    } else {
      let isDown = random.oneIn(2)
      appliances[index].kernel.set(
        KernelLink(index: Machine.link, name: "eth0", isUp: !isDown, hasCarrier: isDown))
      if isDown { loseRoutes(index, over: Machine.link) }
      schedule(.undo(.linkUp(index)), after: .microseconds(random.spread(100, 5_000_000)))
    }
    news(index)
  }

  // MARK: Route servers

  private func refresh(_ index: Int, _ server: Int) {
    guard states[server].isUp, !states[server].isStalled,
      let id = servers[server].neighbours[index].connection
    else { return }
    lastRefresh[place(index, server)] = now
    disturb(index)
    carryOut(servers[server].refresh(index, random.oneIn(2) ? .ipv4 : .ipv6), id)
    // In the middle of a shift, if there is one to be had.
    if random.oneIn(2), let holder, holder == 1 - index {
      depart(holder, to: index, gap: .microseconds(random.pick(1...1_000)))
    }
  }

  // MARK: The end

  /// Faults stop: everything is repaired, and the address is on one machine.
  func heal() {
    isRestless = false
    for server in 0..<2 {
      states[server].isUp = true
      states[server].isSilent = false
      resume(server)
    }
    for index in 0..<2 {
      appliances[index].kernel.refusals = 0
      appliances[index].kernel.interruptions = 0
      appliances[index].routing.refusals = 0
      appliances[index].routing.interruptions = 0
      appliances[index].unsendableDumps = 0
      thaw(index)
      start(index)
      take(.linkUp(index))
    }
    if holder == nil, !isMoving { arrive(random.pick(0...1)) }
  }

  /// One clean move in a healthy world.
  func moveForTheLastTime() {
    changeRoutesForTheLastTime()
    guard let holder else { return violate(.liveness, "nobody holds the address") }
    depart(holder, to: 1 - holder, gap: .milliseconds(random.pick(0...3_000)))
  }
}
