// An appliance without hello: what the ladder of claims says it must announce is followed along.

import BGP
import Engine
package import Model

/// A defect planted between the engine and the network, to prove that a checker sees it.
package enum Sabotage: CaseIterable, Sendable {
  case dropOneFire
  case fireToOneServer
  case fireToNobody
  case withdraw
  case fireTwice
  case alterByte
  case hideOverrun
  case ignoreRefresh
  /// Answers for both families when one was asked for.
  case refreshBoth
  /// Sends of a volley only what comes first.
  case forgetIPv6
  case forgetEndOfRIB
  case flood
  /// Goes back once with each shift before it stays.
  case waver
  /// A shift is a message of a type that there is not.
  case garble
  /// Starts without what its file says.
  case forgetClaim

  // Of the kernel's routes.
  case hideRouteOverrun
  case dropOneExport
  /// A route that is replaced is taken back first.
  case withdrawReplaced
  /// Routes leave before the shifts of the same wake-up.
  case exportsFirst
  /// Takes back again and again.
  case flutter
  /// Of the Plan: no limit, no grace, and prefixes that never get a place.
  case roomForAll
  case hasty
  case unfair
}

/// A machine beside which stands a second reading of the rules, fed with what its kernel told it.
package final class Appliance: Machine {
  package let watched: IPv4Address
  package var ladder = Ladder()
  /// The daemon knows of a loss, or has not heard the kernel yet.
  package private(set) var isStale = true
  package internal(set) var reached: Set<Probe> = []
  package var sabotage: Sabotage?

  private var isDumpClean = false
  /// The number of the dump that was asked for last.
  private var dumpSequence: UInt32 = 0
  private var hasHeardKernel = false
  private var toldHeld = false
  private var toldRunning = false
  private var interruptedInARow = 0
  private var hasDropped = false
  /// By route server.
  private var lastFired: [[UInt8]?]
  /// The claim that the state file tells of.
  private var keptClaim = 0
  /// The rules by which the kernel's routes are announced, and what is known of this run.
  private let rules: RouteRules?
  package private(set) var watch: RouteWatch?

  package init(
    _ index: Int, plan: Plan, watched: IPv4Address, rules: RouteRules? = nil,
    hasMemory: Bool = false
  ) {
    self.watched = watched
    self.rules = rules
    lastFired = plan.routeServers.peers.map { _ in nil }
    super.init(index, plan: plan, hasMemory: hasMemory)
  }

  package override var deadline: Instant? {
    let stepDown = isStale ? nil : ladder.stepDown
    guard let deadline = driver?.deadline, let stepDown else { return driver?.deadline ?? stepDown }
    return min(deadline, stepDown)
  }

  package override func start(seed: UInt64, at now: Instant) -> [NetworkEffect] {
    ladder = Ladder(claimed: keptClaim)
    if sabotage == .forgetClaim { memory = nil }
    isStale = true
    isDumpClean = false
    hasHeardKernel = false
    toldHeld = false
    toldRunning = false
    watch = rules.map(RouteWatch.init)
    return super.start(seed: seed, at: now)
  }

  override func turned(at now: Instant) {
    if save(at: now) { keptClaim = ladder.claimed }
    if !isStale, ladder.turn(at: now) { reached.insert(.stepDown) }
    if sabotage == .flood {
      for _ in 0..<500 { network.append(.send(0, WireMessage.writeKeepalive(), armed: nil)) }
    }
    guard let watch else { return }
    reached.formUnion(watch.reached)
    for (checker, text) in watch.turned() { complain(checker, text) }
  }

  // MARK: Kernel

  override func overran(at now: Instant) {
    if !isStale { reached.insert(.overrunWhileCurrent) }
    isStale = true
    isDumpClean = false
    if sabotage != .hideOverrun { super.overran(at: now) }
  }

  override func heard(_ told: Told, _ bytes: [UInt8], at now: Instant) {
    hear(told)
    let wasStale = isStale
    if case .end(.addresses, let end) = told, isDumpClean, end.sequence == dumpSequence {
      isStale = false
    }
    super.heard(told, bytes, at: now)
    judge(wasStale: wasStale, at: now)
  }

  private func hear(_ told: Told) {
    switch told {
    case .link(let index, let isRunning): if index == Machine.link { toldRunning = isRunning }
    case .address(let isHeld): toldHeld = isHeld
    case .part(let isInterrupted): if isInterrupted { isDumpClean = false }
    case .end(let what, let end):
      if end.isInterrupted { isDumpClean = false }
      interruptedInARow = end.isInterrupted ? interruptedInARow + 1 : 0
      if interruptedInARow >= 2 { reached.insert(.interruptedTwice) }
      if what == .links {
        toldRunning = end.running.contains(Machine.link)
      } else {
        toldHeld = end.addresses.contains(watched)
      }
    case .refusal: reached.insert(.dumpRefused)
    case .route: preconditionFailure("routes have a socket of their own")
    case .garbage:
      isStale = true
      isDumpClean = false
    }
  }

  /// What the rules say to what was just heard.
  private func judge(wasStale: Bool, at now: Instant) {
    guard !isStale else { return }
    let isFirst = !hasHeardKernel
    hasHeardKernel = true
    let established = establishedSessions
    guard ladder.heard(isHeld: toldHeld, isUsable: toldHeld && toldRunning, at: now), !isFirst
    else {
      if isFirst, let height = ladder.height, height > 1 { reached.insert(.claimTakenUp) }
      if ladder.isExhausted { reached.insert(.exhausted) }
      return
    }
    if ladder.isExhausted { reached.insert(.exhausted) }
    if wasStale { reached.insert(.claimAfterStale) }
    if established == 1 { reached.insert(.claimWithOneSession) }
    if established == 0 { reached.insert(.claimWithoutSession) }
  }

  private var establishedSessions: Int {
    driver?.engine.speaker.sessions.count { $0.state == .established } ?? 0
  }

  // MARK: Engine

  override func dump(_ what: DumpRequest, _ sequence: UInt32) {
    // A dump begins with links; from then on the class can become whole.
    if what == .links { isDumpClean = true }
    if what.kernelClass == .routes {
      watch?.asked(what, sequence)
    } else {
      dumpSequence = sequence
    }
    if unsendableDumps > 0 { reached.insert(.dumpUnsendable) }
    super.dump(what, sequence)
  }

  /// While the class is stale only that may be said which was decided before: the ladder stands
  /// still meanwhile.
  private func note(_ bytes: [UInt8]) {
    guard isStale else { return }
    var stream = bytes
    for case (.update(let update), _) in WireMessage.take(from: &stream)
    where update.path.count != ladder.pathLength {
      complain(.stale, "decided on a stale class: \(update.text)")
    }
  }

  override func hears(_ bytes: [UInt8]) -> [UInt8]? {
    let isIPv6 = bytes == WireMessage.writeRefresh(.ipv6)
    guard isIPv6 || bytes == WireMessage.writeRefresh(.ipv4) else { return bytes }
    switch sabotage {
    case .ignoreRefresh: return nil
    case .refreshBoth where isIPv6:
      return WireMessage.writeRefresh(.ipv4) + WireMessage.writeRefresh(.ipv6)
    default: return bytes
    }
  }

  override func send(_ peer: PeerSlot, _ bytes: [UInt8], armed: [UInt8]?) {
    let isEnd = bytes == WireMessage.endOfRIB(.ipv4) || bytes == WireMessage.endOfRIB(.ipv6)
    if isEnd, sabotage == .forgetEndOfRIB { return }
    guard armed == nil, watch != nil, Appliance.isExport(bytes), sockets[peer.index].isOpen else {
      return super.send(peer, bytes, armed: armed)
    }
    if sabotage == .dropOneExport, peer.index == 1, !hasDropped {
      hasDropped = true
      return
    }
    let isTakenBack = bytes[19] != 0 || bytes[20] != 0
    for _ in 0...(sabotage == .flutter && isTakenBack ? Limits.withdrawalsPerWindow : 0) {
      var stream = bytes
      for case (.update(let update), _) in WireMessage.take(from: &stream) {
        for (checker, text) in watch?.sent(update, to: peer.index, at: clock) ?? [] {
          complain(checker, text)
        }
      }
      super.send(peer, bytes, armed: nil)
    }
  }

  // MARK: Routes

  override func answered(
    _ input: Input, _ bytes: [UInt8], _ effects: [Effect], at now: Instant
  ) {
    if case .connected(let peer) = input { watch?.connected(peer.index) }
  }

  override func routesOverran(at now: Instant) {
    watch?.lost()
    if sabotage != .hideRouteOverrun { super.routesOverran(at: now) }
  }

  override func heardRoutes(_ told: Told, _ bytes: [UInt8], at now: Instant) {
    watch?.heard(told, at: now)
    if sabotage == .withdrawReplaced { withdrawReplaced(told) }
    super.heardRoutes(told, bytes, at: now)
  }

  override func takeNetwork() -> [NetworkEffect] {
    if sabotage == .exportsFirst {
      let exports = network.filter(Appliance.isExport)
      network = exports + network.filter { !Appliance.isExport($0) }
    }
    if watch != nil { examineOrder(network) }
    return super.takeNetwork()
  }

  override func fire(_ peer: PeerSlot, _ bytes: [UInt8], _ shift: UInt32) {
    note(bytes)
    if sabotage == .forgetIPv6 {
      var stream = bytes
      let first = WireMessage.take(from: &stream).first?.bytes ?? []
      return send(peer, first, armed: first)
    }
    defer { lastFired[peer.index] = bytes }
    guard shift != 0 else { return send(peer, bytes, armed: bytes) }
    switch sabotage {
    case .dropOneFire where !hasDropped: hasDropped = true
    case .fireToOneServer where peer.index == 1: return
    case .fireToNobody: return
    case .withdraw:
      send(peer, WireMessage.writeWithdrawal(watched), armed: nil)
      send(peer, bytes, armed: bytes)
    case .fireTwice:
      send(peer, bytes, armed: bytes)
      send(peer, bytes, armed: bytes)
    case .waver:
      send(peer, bytes, armed: bytes)
      guard let before = lastFired[peer.index], before != bytes else { return }
      send(peer, before, armed: before)
      send(peer, bytes, armed: bytes)
    case .garble: send(peer, bytes[..<18] + [0xff] + bytes[19...], armed: nil)
    case .alterByte:
      // The last octet of the last prefix.
      send(peer, bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], armed: bytes)
    default: send(peer, bytes, armed: bytes)
    }
  }
}
