// One machine: a kernel, a daemon that can be frozen, killed and started again, and the sockets
// between.

import BGP
import Engine
package import Model
package import Probes

/// What reaches a socket.
package enum Segment: Equatable, Sendable {
  /// A connection is asked for (to a server), or stands (to an appliance).
  case begin
  case refused
  case bytes([UInt8])
  case end
  /// TCP has so much of what was sent (to an appliance).
  case acknowledged(Int)
}

/// What an appliance asks of the network.
package enum NetworkEffect: Equatable, Sendable {
  case connect(Int)
  case close(Int)
  /// `armed` is what the magazine held, when it is a volley.
  case send(Int, [UInt8], armed: [UInt8]?)
  /// The body of a hello, for every speaker of the group.
  case hello([UInt8])
  case probe(ProbeOutput, [UInt8])
}

/// Freezing the process leaves the kernel and keepalived at work; freezing the machine stops all of
/// it.
package enum Freeze: Equatable, Sendable {
  case process
  case machine
}

/// Driven as the daemon drives it: kernel first, then route servers, then deadlines.
package class Machine {
  package struct Socket {
    package var connection: Int?
    var phase = Phase.closed
    var inbox: [Segment] = []
    /// The next send fails.
    var isBroken = false
    /// Bytes that were handed over.
    var sent = 0

    /// What is sent leaves.
    var isOpen: Bool { phase == .open && !isBroken }

    enum Phase { case closed, connecting, open }
  }

  /// Datagrams that one wake-up reads at most, as in the loop of the daemon.
  private static let kernelBudget = 64
  /// As in the daemon, for its state file.
  private static let saveSpacing = Nanoseconds.milliseconds(100)
  /// The interface on which the address that moves is put.
  package static let link: UInt32 = 2

  package let index: Int
  package let plan: Plan
  package var kernel: FakeKernel
  /// The routes of the same kernel, behind a socket of their own.
  package var routing: FakeKernel
  package private(set) var driver: Driver?
  /// Counts the starts of the daemon.
  package private(set) var run = 0
  package var freeze: Freeze?
  package var sockets: [Socket]
  package private(set) var complaints: [(Checker, String)] = []
  /// Every so many inputs another engine takes this one's place.
  package var transplantEvery: Int?
  /// Every so many inputs another Plan takes over.
  package var reloadEvery: Int?
  /// Keep a journal of each run.
  package var isRecorded = false
  /// The daemon has a state file, which outlives it.
  let hasMemory: Bool
  var memory: [UInt8]?
  private var nextSave = Instant.zero
  /// The journals of the runs that were killed.
  private var oldJournals: [[UInt8]] = []
  /// The next requests for a dump cannot be sent.
  package var unsendableDumps = 0

  /// What follows at once from what was carried out.
  private var consequences: [Input] = []
  var network: [NetworkEffect] = []
  /// The time of the last input.
  private(set) var clock = Instant.zero

  init(_ index: Int, plan: Plan, hasMemory: Bool) {
    self.index = index
    self.plan = plan
    self.hasMemory = hasMemory
    kernel = FakeKernel(port: UInt32(100 + index))
    routing = FakeKernel(port: UInt32(200 + index))
    sockets = plan.routeServers.peers.map { _ in Socket() }
  }

  package var isRunning: Bool { driver != nil && freeze == nil }
  package var isReadable: Bool { hasNews }
  /// The kernel or a route server has said something that was not read.
  package var hasNews: Bool {
    kernel.isReadable || routing.isReadable || sockets.contains { !$0.inbox.isEmpty }
  }
  package var hasDumpRunning: Bool { kernel.hasDumpRunning || routing.hasDumpRunning }
  /// When the daemon wants to run next if nothing comes.
  package var deadline: Instant? { driver?.deadline }

  /// One for each run that was recorded.
  package var journals: [[UInt8]] {
    guard isRecorded, let driver else { return oldJournals }
    return oldJournals + [driver.journal]
  }

  // MARK: Life

  package func start(seed: UInt64, at now: Instant) -> [NetworkEffect] {
    run += 1
    driver = Driver(plan, seed: seed, run: UInt64(run), recordedFrom: isRecorded ? now : nil)
    driver?.transplantEvery = transplantEvery
    driver?.reloadEvery = reloadEvery
    kernel.open()
    nextSave = now
    if let memory { feed(.recalled(isSameBoot: true), memory, at: now) }
    feed(.opened(.interfaces, port: kernel.port), at: now)
    return takeNetwork()
  }

  /// Writes the state file, not more often than the daemon does. The answer is whether it says
  /// something else now.
  func save(at now: Instant) -> Bool {
    guard hasMemory, now >= nextSave, let kept = driver?.takeMemory(), kept != memory else {
      return false
    }
    memory = kept
    nextSave = now + Machine.saveSpacing
    return true
  }

  /// kill -9: the kernel closes what was open.
  package func kill() {
    checkBounds()
    oldJournals = journals
    driver = nil
    kernel.close()
    routing.close()
    for peer in sockets.indices { sockets[peer] = Socket() }
  }

  /// One wake-up.
  package func wake(at now: Instant) -> [NetworkEffect] {
    guard isRunning else { return [] }
    read(at: now)
    hearProbes(at: now)
    if let deadline = driver?.deadline, now >= deadline { feed(.turn, at: now) }
    turned(at: now)
    return takeNetwork()
  }

  /// Everything that can be read.
  func read(at now: Instant) {
    readKernel(at: now)
    for peer in sockets.indices { readSocket(peer, at: now) }
    if !plan.redistributions.isEmpty { readRoutes(at: now) }
  }

  /// Says up to when every answer was read.
  func hearProbes(at now: Instant) {}

  /// The engine has judged its deadlines.
  func turned(at now: Instant) {}

  func takeNetwork() -> [NetworkEffect] {
    defer { network.removeAll() }
    if network.count > Limits.effectsPerWake {
      complain(.bounds, "\(network.count) network effects in one wake-up")
    }
    return network
  }

  func complain(_ checker: Checker, _ text: String) {
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
    for _ in 0..<Machine.kernelBudget {
      switch kernel.read() {
      case .overrun: overran(at: now)
      case .datagram(let bytes, let told): heard(told, bytes, at: now)
      case .empty:
        feed(.drained(.interfaces), at: now)
        return
      }
    }
  }

  private func readRoutes(at now: Instant) {
    for _ in 0..<Machine.kernelBudget {
      switch routing.read() {
      case .overrun: routesOverran(at: now)
      case .datagram(let bytes, let told): heardRoutes(told, bytes, at: now)
      case .empty:
        feed(.drained(.routes), at: now)
        return
      }
    }
  }

  func routesOverran(at now: Instant) { feed(.overrun(.routes), at: now) }

  func heardRoutes(_ told: Told, _ bytes: [UInt8], at now: Instant) {
    feed(.kernel(.routes), bytes, at: now)
  }

  func overran(at now: Instant) { feed(.overrun(.interfaces), at: now) }

  func heard(_ told: Told, _ bytes: [UInt8], at now: Instant) {
    feed(.kernel(.interfaces), bytes, at: now)
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
      case (.bytes(let segment), .open):
        guard var bytes = hears(segment) else { continue }
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
      case (.acknowledged(let total), .open):
        // Of what has left since then there is another one.
        if total == sockets[peer].sent {
          feed(.acknowledged(ConnectionSlot(slot, .outgoing)), at: now)
        }
      default: continue
      }
    }
  }

  /// What is heard of what a route server said: all of it, unless a defect is planted.
  func hears(_ bytes: [UInt8]) -> [UInt8]? { bytes }

  // MARK: Engine

  func feed(_ input: Input, _ bytes: [UInt8] = [], at now: Instant) {
    guard let driver else { return }
    clock = now
    let effects = driver.feed(input, bytes, at: now)
    answered(input, bytes, effects, at: now)
    for effect in effects { carryOut(effect, at: now) }
    if driver.engine.probes.hasAsked { feed(.probe(.sent(at: now)), at: now) }
    while let input = consequences.popLast() { feed(input, at: now) }
  }

  /// What the engine made of an input, before it is carried out.
  func answered(_ input: Input, _ bytes: [UInt8], _ effects: [Effect], at now: Instant) {}

  private func carryOut(_ effect: Effect, at now: Instant) {
    switch effect {
    case .dump(let what, let sequence): dump(what, sequence)
    case .subscribe(let kernelClass):
      routing.open()
      consequences.append(.opened(kernelClass, port: routing.port))
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
    case .fire(let connection, let bytes, let shift): fire(connection.peer, bytes, shift)
    case .hello(let body): network.append(.hello(body))
    case .probe(let output, let bytes): network.append(.probe(output, bytes))
    case .note(let note): noted(note)
    }
  }

  /// The engine tells something.
  func noted(_ note: Note) {}

  func dump(_ what: DumpRequest, _ sequence: UInt32) {
    if unsendableDumps > 0 {
      unsendableDumps -= 1
      consequences.append(.dumpFailed(what.kernelClass, code: 105))
      return
    }
    if what.kernelClass == .routes {
      routing.request(what, sequence: sequence)
    } else {
      kernel.request(what, sequence: sequence)
    }
  }

  func send(_ peer: PeerSlot, _ bytes: [UInt8], armed: [UInt8]?) {
    guard sockets[peer.index].phase == .open else { return }
    if sockets[peer.index].isBroken {
      sockets[peer.index] = Socket()
      network.append(.close(peer.index))
      consequences.append(.closed(ConnectionSlot(peer, .outgoing)))
      return
    }
    sockets[peer.index].sent += bytes.count
    network.append(.send(peer.index, bytes, armed: armed))
  }

  func fire(_ peer: PeerSlot, _ bytes: [UInt8], _ shift: UInt32) {
    send(peer, bytes, armed: bytes)
  }
}
