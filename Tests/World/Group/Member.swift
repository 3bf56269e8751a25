// A member of a group: a machine whose daemon hears hello, and notices when it stood still.

import Engine
import Failover
import Hello
package import Model
import Probes

/// One hello on its way.
struct Datagram {
  let from: Int
  let to: Int
  let sentAt: Instant
  let body: [UInt8]
}

/// A defect planted into one member, to prove that a checker sees it.
package enum Defect: CaseIterable, Sendable {
  case withdraw
  case fireToOneServer
  case fireToNobody
  case sameLane
  case deaf
  case pingPong
  case hastyFailback
  case noDamping
  case neverStepBack
  case noPause
  case restless
  case flood
  case keepAll
  /// Its courier takes every word for its own.
  case loud
  /// Its courier does not hear what changes.
  case forgetful
  /// The machine in shadow mode is not in shadow mode.
  case openShadow
  /// Whoever answers confirms a shift.
  case creditAnyone
  /// Route servers take less than Azure's.
  case smallLimit
  /// One lost answer is enough.
  case jumpy
  /// Says nothing to one route server while it does not hear the other.
  case waitForBoth
  /// A session that is lost changes what is decided.
  case sessionsDecide
  /// Believes the wall clock when it was set.
  case wallClock
  /// Its courier writes the kernel's routes, whoever carries the VIP.
  case twoWriters
  /// Its courier removes what a daemon does not name that has not heard its kernel.
  case hastyRemoval
  /// A watcher that prefers another host, and does not read where the leader sends the traffic.
  case ownWay
  /// The file that keepalived tracks always says that the address should be elsewhere.
  case alwaysLow
  /// Its hellos lack their last byte.
  case cutShort

  // Of the kernel's routes that route servers are told.
  /// Says nothing of a route to one of them.
  case dropOneExport
  /// Takes back what is replaced.
  case withdrawReplaced
  /// Lets routes go before the shifts of the same wake-up.
  case exportsFirst
  /// Goes on with what its kernel had before news was lost.
  case hideRouteOverrun

  /// With one machine alone it would show too seldom.
  var isCommon: Bool { [.sameLane, .noPause].contains(self) }
}

/// Driven as the daemon drives it: a pause of its own first, then kernel, route servers, hello, and
/// deadlines last.
package final class Member: Machine {
  /// What is later than this was meant to be earlier: a pause.
  static let lateness = Nanoseconds.milliseconds(50)
  /// Hellos that the socket of a process that does not read keeps; newer ones are lost
  /// (net.core.rmem_default by the true size of a short datagram).
  static let bufferedHellos = 277

  let defect: Defect?
  private(set) var inbox: [Datagram] = []
  /// By fellow.
  private var guards: [ReplayGuard]
  /// By member: the fellow that it is.
  private let slots: [FellowSlot?]
  private var sleptUntil: Instant?
  /// The hellos that were taken in this wake-up.
  private(set) var taken: [Datagram] = []
  private(set) var lastPause: (at: Instant, length: Nanoseconds)?
  private var lastFired: [[UInt8]?]
  /// What it wants route tables to say, since this was looked at last.
  var wishes: [(vip: VIPSlot, wish: RouteWish)] = []
  /// Shifts that were confirmed since this was looked at last.
  var confirmed: [VIPSlot] = []
  /// Where it led the traffic when this was looked at last: one answer may confirm, and then change
  /// its mind.
  var ledTo: Int?
  /// What became of an address that was given away, since this was looked at last.
  private var placements: [Placement] = []
  /// What stands has changed since this was looked at last.
  var hasMoved = false
  /// Its courier has asked for everything as it stands.
  var isAsked = false
  private let tabled: [VIPSlot]
  private let isProbed: Bool
  /// Answers of hosts, and what came on connections.
  private var answers: [Answer] = []
  private let shadowPlan: Plan?
  private var shadow: Shadow?
  /// What its daemon has read of the kernel's routes in this run, and what it has said of them.
  var watch: RouteWatch?
  let routeRules: RouteRules?
  let isTabled: Bool
  /// What no UPDATE of routes may be about; nil: it announces none.
  let vipPrefixes: Set<Prefix>?
  var hasDropped = false
  /// By route server: TCP has not acknowledged everything since a volley left.
  var isUnproved = [false, false]
  /// Since this was looked at last.
  var reached: Set<GroupProbe> = []
  /// What it has told of route tables last, under which number, and what nobody has taken yet.
  var crowd = CrowdWord()
  var toldCrowd: UInt64?
  var crowdNews: CrowdWord?

  init(_ index: Int, shape: Shape, defect: Defect?) {
    self.defect = defect
    let others = (0..<shape.members).filter { $0 != index }
    guards = others.map { _ in ReplayGuard() }
    slots = (0..<shape.members).map { others.firstIndex(of: $0).map(FellowSlot.init) }
    lastFired = [nil, nil]
    tabled = shape.tabled.map(VIPSlot.init)
    isProbed = shape.isProbed
    routeRules = shape.routeRules
    isTabled = shape.areRoutesTabled
    vipPrefixes = shape.areRoutesAnnounced ? shape.vipPrefixes : nil
    var twin = shape.plan(index, defect)
    twin.isShadow = defect != .openShadow
    shadowPlan = shape.hasShadow && index == 0 ? twin : nil
    super.init(index, plan: shape.plan(index, defect), hasMemory: shape.hasMemory)
  }

  package override var isReadable: Bool {
    hasNews || !inbox.isEmpty || !answers.isEmpty || isAsked
  }

  package override func start(seed: UInt64, at now: Instant) -> [NetworkEffect] {
    for slot in guards.indices { guards[slot] = ReplayGuard() }
    inbox.removeAll()
    answers.removeAll()
    wishes.removeAll()
    lastPause = nil
    watch = routeRules.map(RouteWatch.init)
    (crowd, toldCrowd, crowdNews) = (CrowdWord(), nil, nil)
    // It would have to be reloaded as well.
    shadow = (reloadEvery == nil ? shadowPlan : nil).map { Shadow($0, seed: seed, run: run + 1) }
    let effects = super.start(seed: seed, at: now)
    sleptUntil = driver?.deadline
    return effects
  }

  package override func kill() {
    super.kill()
    inbox.removeAll()
    answers.removeAll()
    shadow = nil
    isAsked = false
  }

  /// SIGTERM.
  func stop(at now: Instant) -> [NetworkEffect] {
    feed(.stop, at: now)
    if hasMemory { memory = driver?.engine.memory(isEnding: true) }
    return takeNetwork()
  }

  /// An operator's word, over the control socket, which is read behind all others.
  func obey(_ command: OperatorCommand, at now: Instant) -> OperatorAnswer {
    read(at: now)
    feed(.command(command), at: now)
    if hasMemory, let kept = driver?.takeMemory() { memory = kept }
    return driver?.engine.lastAnswer ?? .unchanged
  }

  func takePlacements() -> [Placement] {
    defer { placements.removeAll() }
    return placements
  }

  /// What it writes into the file that keepalived tracks; nil: it does not run.
  var isAddressUnwanted: Bool? {
    guard let driver else { return nil }
    return driver.engine.failover.isAddressUnwanted(VIPSlot(0)) || defect == .alwaysLow
  }

  /// What it announces for its first VIP.
  var standing: Standing? { driver?.engine.failover.standing(VIPSlot(0)) }

  /// A planted defect: asks for the traffic at the last rung, whoever is well.
  func askForAll() -> [NetworkEffect] {
    let claim = WireMessage.writeAnnouncement(
      Shape.addresses[0], nextHop: plan.local.address, asn: plan.local.asn.value)
    for peer in sockets.indices { send(PeerSlot(peer), claim, armed: claim) }
    return takeNetwork()
  }

  /// A datagram reached the socket.
  func receive(_ datagram: Datagram) {
    guard inbox.count < Member.bufferedHellos else { return }
    inbox.append(datagram)
  }

  override func read(at now: Instant) {
    if let due = sleptUntil, now - due > Member.lateness {
      lastPause = (now, now - due)
      sleptUntil = nil
      if defect != .noPause { feed(.paused(now - due), at: now) }
    }
    super.read(at: now)
    taken.removeAll(keepingCapacity: true)
    for datagram in inbox { take(datagram, at: now) }
    inbox.removeAll(keepingCapacity: true)
    for answer in answers { feed(.probe(answer.event), answer.bytes, at: now) }
    answers.removeAll(keepingCapacity: true)
  }

  override func heardRoutes(_ told: Told, _ bytes: [UInt8], at now: Instant) {
    watch?.heard(told, at: now)
    if defect == .withdrawReplaced { withdrawReplaced(told) }
    super.heardRoutes(told, bytes, at: now)
  }

  override func routesOverran(at now: Instant) {
    watch?.lost()
    if defect != .hideRouteOverrun { super.routesOverran(at: now) }
  }

  override func dump(_ what: DumpRequest, _ sequence: UInt32) {
    if what.kernelClass == .routes { watch?.asked(what, sequence) }
    super.dump(what, sequence)
  }

  override func hearProbes(at now: Instant) {
    if isProbed { feed(.probe(.heard(until: now)), at: now) }
  }

  /// An answer reached a socket.
  func receive(_ answer: Answer) {
    if answers.count < Member.bufferedHellos { answers.append(answer) }
  }

  override func answered(
    _ input: Input, _ bytes: [UInt8], _ effects: [Effect], at now: Instant
  ) {
    followSessions(input)
    if let complaint = shadow?.judge(input, bytes, effects, at: now) {
      complain(.shadow, complaint)
    }
    if case .closed = input, defect == .sessionsDecide {
      _ = driver?.feed(.command(.outOfService(VIPSlot(0), true)), at: now)
    }
  }

  override func takeNetwork() -> [NetworkEffect] {
    if vipPrefixes != nil { network = examineOrder(of: network) }
    let effects = super.takeNetwork()
    guard defect == .cutShort else { return effects }
    return effects.map { effect in
      if case .hello(let body) = effect { .hello(body.dropLast()) } else { effect }
    }
  }

  override func noted(_ note: Note) {
    switch note {
    case .wish(let vip, let wish, _): wishes.append((vip, wish))
    case .confirmed(let vip, _): confirmed.append(vip)
    case .standing(VIPSlot(0), _, _, _, _): hasMoved = true
    case .placement(VIPSlot(0), let placement): placements.append(placement)
    default: return
    }
  }

  /// As the daemon does it: what is no hello, or none that is new, is dropped.
  private func take(_ datagram: Datagram, at now: Instant) {
    guard let slot = slots[datagram.from] else { return }
    do {
      let reader = try HelloReader(datagram.body.span)
      guard guards[slot.index].accept(reader.header.moment) else { return }
    } catch {
      return complain(.format, "a hello that cannot be read: \(error)")
    }
    taken.append(datagram)
    if defect == .deaf { return }
    let body = defect == .ownWay ? HelloWire.withoutNextHops(datagram.body) : datagram.body
    feed(.hello(slot), body, at: now)
  }

  override func turned(at now: Instant) {
    sleptUntil = driver?.deadline
    _ = save(at: now)
    judgeEarlyVoice(at: now)
    followTables(at: now)
    followExports()
    if isAsked {
      isAsked = false
      for vip in tabled {
        if let (wish, _) = driver?.engine.routeWish(of: vip) { wishes.append((vip, wish)) }
      }
    }
    if defect == .flood {
      for _ in 0..<500 { network.append(.send(0, WireMessage.writeKeepalive(), armed: nil)) }
    }
  }

  /// Right after a pause nobody knows whose word counts.
  private func judgeEarlyVoice(at now: Instant) {
    guard let pause = lastPause, pause.at == now, !guards.isEmpty, let vip = tabled.first,
      pause.length >= (plan.group?.timeout ?? .zero) / 2,
      driver?.engine.routeWish(of: vip)?.wish.voice == .ours
    else { return }
    complain(.earlyVoice, "it stood still and speaks before it has listened")
  }

  override func send(_ peer: PeerSlot, _ bytes: [UInt8], armed: [UInt8]?) {
    guard armed == nil, isOfRoutes(bytes), sockets[peer.index].isOpen else {
      return super.send(peer, bytes, armed: armed)
    }
    if examineExport(bytes, to: peer.index) { super.send(peer, bytes, armed: nil) }
  }

  override func fire(_ peer: PeerSlot, _ bytes: [UInt8], _ shift: UInt32) {
    defer { lastFired[peer.index] = bytes }
    isUnproved[peer.index] = true
    if defect == .waitForBoth, sockets.contains(where: { $0.phase != .open }) { return }
    guard shift != 0 else { return send(peer, bytes, armed: bytes) }
    switch defect {
    case .fireToOneServer where peer.index == 1: return
    case .fireToNobody: return
    case .withdraw:
      send(peer, WireMessage.writeWithdrawal(Shape.addresses[0]), armed: nil)
      send(peer, bytes, armed: bytes)
    case .pingPong:
      send(peer, bytes, armed: bytes)
      if let before = lastFired[peer.index], before != bytes {
        send(peer, before, armed: before)
        send(peer, bytes, armed: bytes)
      }
    default: send(peer, bytes, armed: bytes)
    }
  }
}
