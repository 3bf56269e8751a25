// What befalls a group: addresses move, services fail, machines freeze and die, hello is cut.

import Model

/// A kind of event that a schedule may contain.
enum GroupFate: CaseIterable {
  // What decides.
  case move, moveBack, leave, service, flap, host, blackout
  // Members.
  case freezeMachine, freezeProcess, freezeTwo, late, kill, stop, bounce
  // Hello.
  case partition, oneWay
  // Operators.
  case wish, maintenance
  // The kernel's news.
  case overrun, interrupt, refuse, unsendable
  // Route servers.
  case restartServer, restartBoth, reset, stall, refresh, silence, cease
}

extension GroupWorld {
  private static let trouble = Int64(60)
  private static let rest = Nanoseconds.seconds(75)
  private static let blows = 25

  func prepare() {
    for kind in GroupFate.allCases where random.oneIn(3) {
      for _ in 0..<random.pick(1...4) { fates.append(kind) }
    }
    fates += shape.manner == .address ? [.move, .move] : [.service, .host, .freezeMachine]
    for member in members {
      member.kernel.set(KernelLink(index: 1, name: "lo", isLoopback: true))
      member.kernel.set(KernelLink(index: Machine.link, name: "eth0"))
      for place in 0..<Shape.hosts {
        member.kernel.set(KernelLink(index: Shape.service + UInt32(place), name: "svc\(place)"))
      }
      member.kernel.add(
        KernelAddress(
          interface: Machine.link, address: member.plan.local.address, prefixLength: 24))
      member.kernel.entriesPerPart = random.pick(1...3)
    }
    if shape.manner == .address, random.oneIn(3) == false { arrive(0) }
    for index in members.indices {
      let isLate = index > 0 && random.oneIn(4)
      schedule(.group(.begin(index)), after: .milliseconds(isLate ? 5_000 : random.pick(0...50)))
    }
    prepareCrowd()
    for index in members.indices where shape.hasCouriers {
      schedule(.group(.courier(index, .look)), after: .seconds(1))
    }
    // Some addresses never come to rest, until the ladder ends.
    let isRestless = shape.manner == .address && random.oneIn(8)
    if isRestless { fates += Array(repeating: .move, count: 30) }
    for _ in 0..<(isRestless ? 3 * GroupWorld.blows : random.pick(3...GroupWorld.blows)) {
      agenda.add(.fate, at: .zero + .milliseconds(random.pick(2_000...GroupWorld.trouble * 1_000)))
    }
    let end = Instant.zero + .seconds(GroupWorld.trouble)
    agenda.add(.heal, at: end)
    agenda.add(.verify(1), at: end + GroupWorld.rest)
    agenda.add(.finalMove, at: end + GroupWorld.rest + .seconds(1))
    agenda.add(.verify(1), at: end + GroupWorld.rest + .seconds(35))
    agenda.add(.finish, at: end + GroupWorld.rest + .seconds(36))
  }

  func meetFate() {
    guard isRestless else { return }
    let kind = fates[random.pick(0...fates.count - 1)]
    let index = random.pick(0...members.count - 1)
    let server = random.pick(0...1)
    trace.add(now.nanoseconds)
    tell("fate \(kind) of member \(index), server \(server)")
    switch kind {
    case .move, .moveBack, .leave, .service, .flap, .host, .blackout: moveWhatDecides(kind, index)
    case .freezeMachine: freeze(index, .machine)
    case .freezeProcess: freeze(index, .process)
    case .freezeTwo:
      for victim in [index, (index + 1) % members.count] {
        freeze(victim, random.oneIn(2) ? .machine : .process)
      }
    case .late: oversleep(index)
    case .kill:
      kill(index)
      schedule(.group(.begin(index)), after: .microseconds(random.spread(10_000, 10_000_000)))
    case .stop: stop(index)
    case .bounce: bounce(index)
    case .partition, .oneWay: cut(index, isBothWays: kind == .partition)
    case .wish: wish(at: index)
    case .maintenance:
      maintain(index, isOut: true)
      schedule(.group(.serve(index)), after: .microseconds(random.spread(500_000, 30_000_000)))
    case .overrun:
      members[index].kernel.overrun()
      truths[index].deafAt = now
      news(index)
    case .interrupt: members[index].kernel.interruptions += random.pick(1...3)
    case .refuse: members[index].kernel.refusals += random.pick(1...3)
    case .unsendable: members[index].unsendableDumps += random.pick(1...3)
    case .restartServer, .restartBoth, .reset, .stall, .refresh, .silence, .cease:
      troubleServer(kind, server, index)
    }
  }

  private func troubleServer(_ kind: GroupFate, _ server: Int, _ index: Int) {
    troubleAll()
    switch kind {
    case .restartServer: restart(server)
    case .restartBoth:
      restart(0)
      restart(1)
    case .reset: resetConnection(index, server)
    case .stall: stall(server)
    case .silence: silence(server)
    case .cease: cease(index, server)
    default:
      guard states[server].isUp, !states[server].isStalled,
        let id = servers[server].neighbours[index].connection
      else { return }
      carryOut(servers[server].refresh(index, .ipv4), id)
      watch(index)
    }
    for server in 0..<2 { tablesChanged(server, byUpdate: false) }
  }

  private func moveWhatDecides(_ kind: GroupFate, _ index: Int) {
    switch (kind, shape.manner) {
    case (.move, .address):
      if let holder { depart(holder, to: 1 - holder) } else { depart(index, to: index) }
    case (.moveBack, .address): if let holder { depart(holder, to: holder) }
    case (.leave, .address):
      if let holder {
        depart(holder, to: random.pick(0...1), gap: .seconds(random.pick(5...20)))
      }
    case (.service, .healthy), (.flap, .healthy):
      setWell(index, false)
      let low: Int64 = kind == .flap ? 100 : 100_000
      let high: Int64 = kind == .flap ? 2_000_000 : 30_000_000
      schedule(.group(.well(index)), after: .microseconds(random.spread(low, high)))
    case (.host, .watchers), (.service, .watchers), (.flap, .watchers):
      let host = random.pick(0...Shape.hosts - 1)
      setHost(host, false)
      schedule(
        .group(.well(host)), after: .microseconds(random.spread(100_000, 30_000_000)))
    case (.blackout, .healthy), (.blackout, .watchers):
      for target in 0..<(shape.manner == .healthy ? members.count : Shape.hosts) {
        if shape.manner == .healthy { setWell(target, false) } else { setHost(target, false) }
        schedule(.group(.well(target)), after: .milliseconds(random.pick(5_000...30_000)))
      }
    default: return
    }
  }

  func take(_ undo: Undo) {
    trace.add(now.nanoseconds)
    troubleAll()
    switch undo {
    case .serverUp(let index): states[index].isUp = true
    case .resume(let index): resume(index)
    case .speak(let index): states[index].isSilent = false
    default: preconditionFailure("an undo of the other world")
    }
  }

  func take(_ event: GroupEvent) {
    trace.add(now.nanoseconds)
    tell("\(event)")
    switch event {
    case .look(let stamp, let patience): look(stamp, patience)
    case .put(let index): putAddress(index)
    case .removeGhost(let index): if holder != index { takeAddress(from: index) }
    case .preempt(let index): preempt(index)
    case .thaw(let index): thaw(index)
    case .begin(let index): start(index)
    case .exit(let index): if truths[index].isEnding { kill(index) }
    case .linkUp(let index): setLink(index, true)
    case .well(let index):
      if shape.manner == .healthy { setWell(index, true) } else { setHost(index, true) }
    case .see(let member, let host): see(host, from: member)
    case .heal(let from, let to):
      if cuts[from][to] > 0 { cuts[from][to] -= 1 }
      truths[from].standsSince = now
      troubleAll()
    case .quieten: isLossy = false
    case .serve(let index): maintain(index, isOut: false)
    case .courier(let index, let step): take(step, of: index)
    case .crowd(let event): take(event)
    case .answer(let index, let answer): deliver(answer, to: index)
    case .programmed: program()
    case .delivered(let index, let stamp): judgeDelivery(index, stamp)
    case .awake(let index):
      truths[index].isAsleep = false
      truths[index].standsSince = now
      settle(index)
    }
  }

  // MARK: What decides

  /// The service of a member.
  func setWell(_ index: Int, _ isWell: Bool) {
    guard truths[index].isWell != isWell else { return }
    truths[index].isWell = isWell
    truths[index].wellSince = now
    members[index].kernel.set(
      KernelLink(index: Shape.service, name: "svc0", hasCarrier: isWell))
    news(index)
  }

  /// A host that is watched; each watcher sees it a little later.
  func setHost(_ host: Int, _ isUp: Bool) {
    guard shape.manner == .watchers, hosts[host].isUp != isUp else { return }
    let wasShort = now - hosts[host].since < Shape.probing.interval
    if isUp, !wasShort { probing.firmSince[host] = now }
    hosts[host] = (isUp, now)
    for index in members.indices {
      trouble(index)
      // Packets find out by themselves.
      if shape.isProbed { continue }
      schedule(
        .group(.see(member: index, host: host)), after: .microseconds(random.spread(100, 90_000)))
    }
  }

  private func see(_ host: Int, from index: Int) {
    let link = KernelLink(
      index: Shape.service + UInt32(host), name: "svc\(host)", hasCarrier: hosts[host].isUp)
    guard !members[index].kernel.links.contains(link) else { return }
    members[index].kernel.set(link)
    news(index)
  }

  /// The kernel of this member said something.
  func news(_ index: Int) {
    trouble(index)
    settle(index)
  }

  // MARK: Members

  private func freeze(_ index: Int, _ kind: Freeze) {
    guard members[index].freeze == nil, members[index].driver != nil else { return }
    let isQuiet = judge.isQuiet(for: takeoverTime, at: now)
    let wasHolder = isClaimant(index)
    noteShakiness(of: index)
    members[index].freeze = kind
    truths[index].frozenAt = now
    truths[index].isAsleep = false
    trouble(index)
    for other in members.indices where other != index {
      if let since = truths[other].frozenAt, since < now { reached.insert(.doubleFreeze) }
    }
    // Its silence is all that the others need (rule 11).
    if isQuiet, wasHolder, shape.manner != .address { lookSoon(.silence) }
    schedule(.group(.thaw(index)), after: .microseconds(random.spread(50_000, 60_000_000)))
    // keepalived of another takes the address of a machine that is silent.
    guard kind == .machine, shape.manner == .address, holder == index, !isMoving else { return }
    depart(index, to: 1 - index, gap: .milliseconds(random.pick(300...4_000)))
  }

  func thaw(_ index: Int) {
    guard let kind = members[index].freeze else { return }
    members[index].freeze = nil
    truths[index].frozenAt = nil
    truths[index].wasShaky = truths[index].isShaky
    truths[index].isShaky = false
    truths[index].thawedAt = now
    // A courier that stood still asks before it writes.
    if kind == .machine { doubt(index) }
    truths[index].standsSince = now
    if kind == .machine, shape.manner == .address, holder != index {
      if judge.lastShift.map({ now - $0 < .milliseconds(50) }) ?? false {
        reached.insert(.thawInTakeover)
      }
      let event = holder != nil && random.oneIn(4) ? GroupEvent.preempt(index) : .removeGhost(index)
      schedule(.group(event), after: .milliseconds(random.pick(1...500)))
    } else if !judge.isQuiet(for: shape.timeout + shape.interval, at: now) {
      reached.insert(.thawInTakeover)
    }
    trouble(index)
    if members[index].driver == nil { start(index) }
    settle(index)
  }

  /// The process runs later than it meant to, though nobody stopped it.
  private func oversleep(_ index: Int) {
    guard isLiving(index) else { return }
    reached.insert(.lateWake)
    truths[index].isAsleep = true
    trouble(index)
    schedule(.group(.awake(index)), after: .microseconds(random.spread(20_000, 800_000)))
  }

  private func stop(_ index: Int) {
    guard isLiving(index) else { return }
    truths[index].isEnding = true
    trouble(index)
    carryOut(members[index].stop(at: now), of: index)
    schedule(.group(.exit(index)), after: .microseconds(random.pick(100...40_000)))
    schedule(.group(.begin(index)), after: .microseconds(random.spread(50_000, 20_000_000)))
    settle(index)
  }

  /// The link of the member's own address.
  private func bounce(_ index: Int) {
    setLink(index, false)
    schedule(.group(.linkUp(index)), after: .microseconds(random.spread(100, 12_000_000)))
  }

  private func setLink(_ index: Int, _ isUp: Bool) {
    members[index].kernel.set(KernelLink(index: Machine.link, name: "eth0", hasCarrier: isUp))
    if shape.manner == .watchers {
      truths[index].isWell = isUp
      truths[index].wellSince = now
      if !isUp { reached.insert(.watcherBlind) }
    }
    news(index)
  }

  // MARK: Hello

  private func cut(_ index: Int, isBothWays: Bool) {
    guard members.count > 1 else { return }
    reached.insert(.partition)
    troubleAll()
    let length = Nanoseconds.microseconds(random.spread(100_000, 20_000_000))
    for other in members.indices where other != index {
      cuts[index][other] += 1
      schedule(.group(.heal(from: index, to: other)), after: length)
      guard isBothWays else { continue }
      cuts[other][index] += 1
      schedule(.group(.heal(from: other, to: index)), after: length)
    }
    // Without each other's advertisements both have the address.
    guard shape.manner == .address, random.oneIn(3), let holder, !isMoving else { return }
    reached.insert(.splitAddress)
    give(1 - holder)
    schedule(.group(.removeGhost(1 - holder)), after: length + .milliseconds(random.pick(1...500)))
  }

  // MARK: The end

  /// Faults stop: everything is repaired.
  func heal() {
    isRestless = false
    isLossy = false
    troubleAll()
    for server in 0..<2 {
      states[server].isUp = true
      states[server].isSilent = false
      resume(server)
    }
    for from in members.indices { for to in members.indices { cuts[from][to] = 0 } }
    for index in members.indices {
      members[index].kernel.refusals = 0
      members[index].kernel.interruptions = 0
      members[index].unsendableDumps = 0
      if truths[index].isEnding { kill(index) }
      thaw(index)
      truths[index].isAsleep = false
      start(index)
      setLink(index, true)
      if shape.manner == .healthy { setWell(index, true) }
    }
    for host in hosts.indices { setHost(host, true) }
    healCrowd()
    release()
    guard shape.manner == .address, !isMoving else { return }
    if let holder { takeAddress(from: 1 - holder) } else { arrive(random.pick(0...1)) }
  }

  /// One clean event in a healthy world.
  func moveForTheLastTime() {
    changeRoutesForTheLastTime()
    switch shape.manner {
    case .address:
      guard let holder else { return violate(.liveness, "nobody holds the address") }
      depart(holder, to: 1 - holder, gap: .milliseconds(random.pick(0...3_000)))
    case .healthy: setWell(claimants.first ?? 0, false)
    case .watchers: setHost(random.pick(0...Shape.hosts - 1), false)
    }
  }
}
