// One appliance: a kernel, a daemon that can be frozen, killed and started again, and the sockets
// between.

import BGP
import Engine
package import Model

/// What reaches a socket.
package enum Segment: Equatable, Sendable {
  /// A connection is asked for (to a server), or stands (to an appliance).
  case begin
  case refused
  case bytes([UInt8])
  case end
}

/// What an appliance asks of the network.
package enum NetworkEffect: Equatable, Sendable {
  case connect(Int)
  case close(Int)
  /// `armed` is what the magazine held, when it is a volley.
  case send(Int, [UInt8], armed: [UInt8]?)
}

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
}

/// Freezing the process leaves the kernel and keepalived at work; freezing the machine stops all of
/// it.
package enum Freeze: Equatable, Sendable {
  case process
  case machine
}

/// Driven as the daemon drives it: kernel first, then route servers, then deadlines.
package final class Appliance {
  package struct Socket {
    package var connection: Int?
    var phase = Phase.closed
    var inbox: [Segment] = []
    /// The next send fails.
    var isBroken = false

    enum Phase { case closed, connecting, open }
  }

  /// Datagrams that one wake-up reads at most, as in the loop of the daemon.
  private static let kernelBudget = 64
  /// The interface on which the address that moves is put.
  package static let link: UInt32 = 2

  package let index: Int
  package let plan: Plan
  package let watched: IPv4Address
  package var kernel: FakeKernel
  package private(set) var driver: Driver?
  /// Counts the starts of the daemon.
  package private(set) var run = 0
  package var freeze: Freeze?
  package var sockets: [Socket]
  package var ladder = Ladder()
  /// The daemon knows of a loss, or has not heard the kernel yet.
  package private(set) var isStale = true
  package private(set) var complaints: [(Checker, String)] = []
  package private(set) var reached: Set<Probe> = []
  package var sabotage: Sabotage?
  package var transplantEvery: Int?
  /// Keep a journal of each run.
  package var isRecorded = false
  /// The journals of the runs that were killed.
  private var oldJournals: [[UInt8]] = []
  /// The next requests for a dump cannot be sent.
  package var unsendableDumps = 0

  private var failures: [Input] = []
  private var network: [NetworkEffect] = []
  private var isDumpClean = false
  /// The number of the dump that was asked for last.
  private var dumpSequence: UInt32 = 0
  private var hasHeardKernel = false
  private var toldHeld = false
  private var toldRunning = false
  private var interruptedInARow = 0
  private var hasDropped = false

  package init(_ index: Int, plan: Plan, watched: IPv4Address) {
    self.index = index
    self.plan = plan
    self.watched = watched
    kernel = FakeKernel(port: UInt32(100 + index))
    sockets = plan.routeServers.peers.map { _ in Socket() }
  }

  package var isRunning: Bool { driver != nil && freeze == nil }
  package var isReadable: Bool {
    kernel.isReadable || sockets.contains { !$0.inbox.isEmpty }
  }

  /// When the daemon wants to run next if nothing comes.
  package var deadline: Instant? {
    let stepDown = isStale ? nil : ladder.stepDown
    guard let deadline = driver?.deadline, let stepDown else { return driver?.deadline ?? stepDown }
    return min(deadline, stepDown)
  }

  /// One for each run that was recorded.
  package var journals: [[UInt8]] {
    guard isRecorded, let driver else { return oldJournals }
    return oldJournals + [driver.journal]
  }

  // MARK: Life

  package func start(seed: UInt64, at now: Instant) -> [NetworkEffect] {
    run += 1
    driver = Driver(plan, seed: seed, recordedFrom: isRecorded ? now : nil)
    driver?.transplantEvery = transplantEvery
    ladder = Ladder()
    isStale = true
    isDumpClean = false
    hasHeardKernel = false
    toldHeld = false
    toldRunning = false
    kernel.open()
    feed(.opened(.interfaces, port: kernel.port), at: now)
    return takeNetwork()
  }

  /// kill -9: the kernel closes what was open.
  package func kill() {
    checkBounds()
    oldJournals = journals
    driver = nil
    kernel.close()
    for peer in sockets.indices { sockets[peer] = Socket() }
  }

  /// One wake-up.
  package func wake(at now: Instant) -> [NetworkEffect] {
    guard isRunning else { return [] }
    readKernel(at: now)
    for peer in sockets.indices { readSocket(peer, at: now) }
    if let deadline = driver?.deadline, now >= deadline { feed(.turn, at: now) }
    if !isStale, ladder.turn(at: now) { reached.insert(.stepDown) }
    if sabotage == .flood {
      for _ in 0..<500 { network.append(.send(0, WireMessage.writeKeepalive(), armed: nil)) }
    }
    return takeNetwork()
  }

  private func takeNetwork() -> [NetworkEffect] {
    defer { network.removeAll() }
    if network.count > Limits.effectsPerWake {
      complain(.bounds, "\(network.count) network effects in one wake-up")
    }
    return network
  }

  private func complain(_ checker: Checker, _ text: String) {
    complaints.append((checker, "appliance \(index): \(text)"))
  }

  package func takeComplaints() -> [(Checker, String)] {
    defer { complaints.removeAll() }
    return complaints
  }

  /// What must hold of the engine's counters when a run ends.
  package func checkBounds() {
    guard let driver else { return }
    if driver.alteredVolleys > 0 { complain(.armed, "a volley changed after it was armed") }
    if driver.mostOutputs > Limits.outputsPerInput || driver.mostBytes > Limits.bytesPerInput {
      complain(.bounds, "\(driver.mostOutputs) outputs, \(driver.mostBytes) bytes for one input")
    }
  }

  // MARK: Kernel

  private func readKernel(at now: Instant) {
    for _ in 0..<Appliance.kernelBudget {
      switch kernel.read() {
      case .overrun:
        if !isStale { reached.insert(.overrunWhileCurrent) }
        isStale = true
        isDumpClean = false
        if sabotage != .hideOverrun { feed(.overrun(.interfaces), at: now) }
      case .datagram(let bytes, let told):
        hear(told)
        let wasStale = isStale
        if case .end(.addresses, let end) = told, isDumpClean, end.sequence == dumpSequence {
          isStale = false
        }
        feed(.kernel(.interfaces), bytes, at: now)
        judge(wasStale: wasStale, at: now)
      case .empty:
        feed(.drained(.interfaces), at: now)
        return
      }
    }
  }

  private func hear(_ told: Told) {
    switch told {
    case .link(let index, let isRunning): if index == Appliance.link { toldRunning = isRunning }
    case .address(let isHeld): toldHeld = isHeld
    case .part(let isInterrupted): if isInterrupted { isDumpClean = false }
    case .end(let what, let end):
      if end.isInterrupted { isDumpClean = false }
      interruptedInARow = end.isInterrupted ? interruptedInARow + 1 : 0
      if interruptedInARow >= 2 { reached.insert(.interruptedTwice) }
      if what == .links {
        toldRunning = end.running.contains(Appliance.link)
      } else {
        toldHeld = end.addresses.contains(watched)
      }
    case .refusal: reached.insert(.dumpRefused)
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

  // MARK: Sockets

  private func readSocket(_ peer: Int, at now: Instant) {
    let slot = PeerSlot(peer)
    while !sockets[peer].inbox.isEmpty {
      let segment = sockets[peer].inbox.removeFirst()
      switch (segment, sockets[peer].phase) {
      case (.begin, .connecting):
        sockets[peer].phase = .open
        feed(.connected(slot), at: now)
      case (.refused, .connecting), (.end, .connecting):
        network.append(.close(peer))
        sockets[peer] = Socket()
        feed(.connectFailed(slot), at: now)
      case (.bytes(WireMessage.writeRefresh(.ipv4)), .open) where sabotage == .ignoreRefresh,
        (.bytes(WireMessage.writeRefresh(.ipv6)), .open) where sabotage == .ignoreRefresh:
        continue
      case (.bytes(WireMessage.writeRefresh(.ipv6)), .open) where sabotage == .refreshBoth:
        let both = WireMessage.writeRefresh(.ipv4) + WireMessage.writeRefresh(.ipv6)
        feed(.received(ConnectionSlot(slot, .outgoing)), both, at: now)
      case (.bytes(var bytes), .open):
        // TCP keeps no borders: what has come by now is one read.
        while case .bytes(let more)? = sockets[peer].inbox.first {
          bytes += more
          sockets[peer].inbox.removeFirst()
        }
        feed(.received(ConnectionSlot(slot, .outgoing)), bytes, at: now)
      case (.end, .open):
        network.append(.close(peer))
        sockets[peer] = Socket()
        feed(.closed(ConnectionSlot(slot, .outgoing)), at: now)
      default: continue
      }
    }
  }

  // MARK: Engine

  private func feed(_ input: Input, _ bytes: [UInt8] = [], at now: Instant) {
    guard let driver else { return }
    for effect in driver.feed(input, bytes, at: now) { carryOut(effect, at: now) }
    while let failure = failures.popLast() { feed(failure, at: now) }
  }

  private func carryOut(_ effect: Effect, at now: Instant) {
    switch effect {
    case .dump(let what, let sequence): dump(what, sequence)
    case .ask(let index, let sequence): kernel.request(link: index, sequence: sequence)
    case .connect(let peer):
      sockets[peer.index] = Socket(phase: .connecting)
      network.append(.connect(peer.index))
    // Nobody in this world connects to an appliance.
    case .accept, .refuse: return
    case .close(let connection):
      guard connection.side == .outgoing else { return }
      let peer = connection.peer
      if sockets[peer.index].phase != .closed { network.append(.close(peer.index)) }
      sockets[peer.index] = Socket()
    case .send(let connection, let bytes): send(connection.peer, bytes, armed: nil)
    case .fire(let connection, let bytes, let shift):
      note(bytes)
      fire(connection.peer, bytes, shift)
    case .hello, .note: return
    }
  }

  private func dump(_ what: DumpRequest, _ sequence: UInt32) {
    // A dump begins with links; from then on the class can become whole.
    if what == .links { isDumpClean = true }
    dumpSequence = sequence
    if unsendableDumps > 0 {
      unsendableDumps -= 1
      reached.insert(.dumpUnsendable)
      failures.append(.dumpFailed(.interfaces, code: 105))
      return
    }
    kernel.request(what, sequence: sequence)
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

  private func send(_ peer: PeerSlot, _ bytes: [UInt8], armed: [UInt8]?) {
    guard sockets[peer.index].phase == .open else { return }
    if sockets[peer.index].isBroken {
      sockets[peer.index] = Socket()
      network.append(.close(peer.index))
      failures.append(.closed(ConnectionSlot(peer, .outgoing)))
      return
    }
    let isEnd = bytes == WireMessage.endOfRIB(.ipv4) || bytes == WireMessage.endOfRIB(.ipv6)
    if isEnd, sabotage == .forgetEndOfRIB { return }
    network.append(.send(peer.index, bytes, armed: armed))
  }

  private func fire(_ peer: PeerSlot, _ bytes: [UInt8], _ shift: UInt32) {
    if sabotage == .forgetIPv6 {
      var stream = bytes
      let first = WireMessage.take(from: &stream).first?.bytes ?? []
      return send(peer, first, armed: first)
    }
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
    case .alterByte:
      // The last octet of the last prefix.
      send(peer, bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], armed: bytes)
    default: send(peer, bytes, armed: bytes)
    }
  }
}
