// The one thread: waits for everything at once, feeds the engine, and carries out what it says.

import BGP
import Control
import Engine
import Failover
import Linux
import Model

/// Owns every descriptor of the daemon. One wake-up reads links first, then route servers, then
/// control clients; timers are judged after that, so that a late process does not expire a hold
/// timer with a KEEPALIVE unread.
struct Loop: ~Copyable {
  /// What an event token's `kind` says.
  enum Kind: UInt8 {
    case kernel = 1
    case peer = 2
    case signal = 3
    case listener = 4
    case client = 5
    case door = 6
  }

  /// Events that one wake-up reports. We chose it: every descriptor the daemon can have at once.
  static let eventCapacity = 64
  /// Datagrams and reads that one source gets in one wake-up before the next source's turn.
  static let kernelBudget = 64
  static let peerBudget = 16
  /// Outputs that may wait to be told before the turn is interrupted for it.
  static let noteReserve = 2_048

  let plan: Plan
  let protection: TCPProtection
  var engine: Engine
  var outputs: Outputs
  var epoll: Epoll
  var netlink: NetlinkSocket
  var signals: SignalDescriptor
  var buffer = ReceiveBuffer()
  /// By `ConnectionSlot`.
  let connections: [Connection]
  /// Where route servers connect to us.
  var door: Door
  var control: ControlServer
  var timeline: Timeline
  var salvo: Salvo
  var status: ServiceStatus
  let facts: ProcessFacts
  let log: Log
  /// Sockets that failed while outputs were carried out: told to the engine afterwards.
  var failures: [Input] = []
  var lastDrops: UInt32 = 0
  /// How many of the outputs were carried out.
  var carriedOut = 0
  var isStopping = false

  init(
    _ plan: Plan, facts: ProcessFacts, log: Log, control path: String, door: consuming Door,
    protection: TCPProtection
  ) throws(StartError) {
    let seed = try StartError.wrap("random numbers") { () throws(Errno) in try Entropy.seed() }
    let epoll = try StartError.wrap("epoll") { () throws(Errno) in
      try Epoll(capacity: Loop.eventCapacity)
    }
    let signals = try StartError.wrap("signals") { () throws(Errno) in
      try SignalDescriptor([SignalNumber.terminate, SignalNumber.interrupt])
    }
    let netlink = try StartError.wrap("netlink socket") { () throws(Errno) in
      try NetlinkSocket(groups: .interfaces)
    }
    let control = try Loop.openControl(path)
    do throws(Errno) {
      try epoll.add(netlink.raw, token: Loop.token(.kernel, 0, 0), interest: .read)
      try epoll.add(signals.raw, token: Loop.token(.signal, 0, 0), interest: .read)
      try epoll.add(control.raw, token: Loop.token(.listener, 0, 0), interest: .read)
      try door.watch(with: epoll)
    } catch {
      throw StartError(what: "epoll", error: error)
    }
    self.door = door
    self.plan = plan
    self.protection = protection
    self.facts = facts
    self.log = log
    self.epoll = epoll
    self.signals = signals
    self.netlink = netlink
    self.control = control
    engine = Engine(plan, seed: seed)
    let longest = engine.speaker.magazine.longest
    salvo = Salvo(longest: longest)
    outputs = Outputs(for: plan)
    timeline = Timeline(for: plan)
    let slots = plan.routeServers.peers.count * ConnectionSlot.perPeer
    connections = (0..<slots).map {
      Connection(ConnectionSlot(index: $0).peer, vips: plan.vips.count, longest: longest)
    }
    failures.reserveCapacity(slots)
    status = ServiceStatus()
  }

  private static func openControl(_ path: String) throws(StartError) -> ControlServer {
    do throws(Errno) {
      return try ControlServer(path: path)
    } catch {
      let what = error == .addressInUse ? "another hopshiftd answers on" : "control socket"
      throw StartError(what: "\(what) \(path)", error: error)
    }
  }

  static func token(_ kind: Kind, _ slot: Int, _ generation: UInt32) -> EventToken {
    EventToken(kind: kind.rawValue, slot: UInt16(slot), generation: generation)
  }

  /// Runs until a signal ends it.
  mutating func run() throws(Errno) {
    let start = Clock.monotonic()
    feed(.opened(.interfaces, port: netlink.portID), at: start)
    finishTurn(at: start)
    while !isStopping || connections.contains(where: \.isWaiting) {
      let count = try epoll.wait(until: earliestDeadline())
      try wake(count, at: Clock.monotonic())
      if isStopping && status.stopDeadlinePassed(Clock.monotonic()) { break }
    }
    for connection in connections { connection.close() }
  }

  private func earliestDeadline() -> Instant? {
    var earliest = status.deadline
    if let deadline = engine.deadline { earliest = min(earliest ?? deadline, deadline) }
    return earliest
  }

  private mutating func wake(_ count: Int, at now: Instant) throws(Errno) {
    for position in 0..<count where isOf(.kernel, position) { try readKernel(at: now) }
    for position in 0..<count where isOf(.peer, position) {
      peerEvent(epoll.event(at: position), at: now)
    }
    for position in 0..<count where isOf(.door, position) {
      acceptPeers(epoll.event(at: position), at: now)
    }
    for position in 0..<count where isOf(.signal, position) { try readSignals(at: now) }
    for position in 0..<count where isOf(.listener, position) { try acceptClients() }
    for position in 0..<count where isOf(.client, position) {
      clientEvent(epoll.event(at: position), at: now)
    }
    // The clock again: what was read above may have taken its time.
    let later = Clock.monotonic()
    if let deadline = engine.deadline, later >= deadline { feed(.turn, at: later) }
    finishTurn(at: later)
    control.settle(epoll: epoll)
    status.turn(at: later, engine: engine)
  }

  private func isOf(_ kind: Kind, _ position: Int) -> Bool {
    epoll.event(at: position).token.kind == kind.rawValue
  }

  // MARK: Sources

  private mutating func readKernel(at now: Instant) throws(Errno) {
    for _ in 0..<Loop.kernelBudget {
      switch try netlink.receive(into: &buffer) {
      case .datagram: feedBytes(.kernel(.interfaces), at: now)
      case .overrun: feed(.overrun(.interfaces), at: now)
      case .foreign: continue
      case .empty:
        try compareDrops(at: now)
        feed(.drained(.interfaces), at: now)
        return
      }
    }
  }

  /// The kernel counts what it dropped; a moved counter without ENOBUFS is a loss all the same.
  private mutating func compareDrops(at now: Instant) throws(Errno) {
    let drops = try netlink.drops()
    if drops == lastDrops { return }
    lastDrops = drops
    if engine.interfaces.isCurrent { feed(.overrun(.interfaces), at: now) }
  }

  private mutating func readSignals(at now: Instant) throws(Errno) {
    while let number = try signals.next() {
      guard !isStopping else { continue }
      log.notice("signal \(number): stopping")
      Systemd.stopping()
      isStopping = true
      status.beginStopping(at: now)
      feed(.stop, at: now)
    }
  }

  private mutating func acceptClients() throws(Errno) {
    while let client = try control.accept() {
      try epoll.add(
        client.raw, token: Loop.token(.client, client.slot, client.generation), interest: .read)
    }
  }

  private mutating func clientEvent(_ event: Epoll.Event, at now: Instant) {
    let slot = Int(event.token.slot)
    guard let client = control.client(slot, event.token.generation) else { return }
    do throws(Errno) {
      let isThere = try client.receive(&buffer)
      let moment = Moment(
        facts: facts, netlink: NetlinkFacts(netlink), door: door.facts, turned: status.lastTurn,
        now: now)
      while let request = client.nextRequest() {
        Report.answer(request, to: client, engine: engine, connections: connections, moment: moment)
      }
      if !isThere || event.error { control.drop(slot) }
    } catch {
      // ECONNRESET: the client went away in the middle of a request.
      control.drop(slot)
    }
  }

  // MARK: The engine

  mutating func feedBytes(_ input: Input, at now: Instant) {
    Loop.handle(input, buffer, &engine, &outputs, at: now)
    carryOut(at: now)
  }

  mutating func feed(_ input: Input, at now: Instant) {
    engine.handle(input, Span(), at: now, into: &outputs)
    carryOut(at: now)
  }

  private static func handle(
    _ input: Input, _ buffer: borrowing ReceiveBuffer, _ engine: inout Engine,
    _ outputs: inout Outputs, at now: Instant
  ) {
    buffer.withBytes { bytes in engine.handle(input, bytes, at: now, into: &outputs) }
  }

  /// Does what the engine said, in order. What is only to be told waits until everything readable
  /// was read.
  private mutating func carryOut(at now: Instant) {
    timeline.handled(seen: now, decided: Clock.monotonic())
    for index in carriedOut..<outputs.list.count {
      switch outputs.list[index] {
      case .fire(let slot, let volley, let shift): fire(volley, slot, shift)
      case .send(let slot, let piece): send(piece, slot)
      case .connect(let slot): connect(slot)
      case .accept(let slot): accept(slot)
      case .refuse(let slot, let piece): refuse(piece, slot)
      case .close(let slot): close(slot)
      case .dump(let what, let sequence): dump(what, sequence)
      case .note: timeline.stampNote()
      }
    }
    launchAll()
    carriedOut = outputs.list.count
    reportFailures(at: now)
    // A long dump tells more than one turn can hold.
    if carriedOut > Loop.noteReserve { finishTurn(at: now) }
  }

  /// Everything readable was read and answered: now the telling, and the arming of what was used.
  private mutating func finishTurn(at now: Instant) {
    guard carriedOut > 0 || !timeline.stages.isEmpty else { return }
    tell()
    outputs.removeAll()
    timeline.removeAll()
    carriedOut = 0
    engine.handle(.idle, Span(), at: now, into: &outputs)
  }

  private mutating func dump(_ what: DumpRequest, _ sequence: UInt32) {
    do throws(Errno) {
      try netlink.requestDump(what == .links ? .links : .addresses, sequence: sequence)
    } catch {
      // No answer will come, and nothing makes the socket readable: the engine asks again after a
      // pause.
      log.error("netlink: dump request failed: \(error)")
      failures.append(.dumpFailed(.interfaces, code: error.code))
    }
  }

  private mutating func reportFailures(at now: Instant) {
    while let failure = failures.popLast() { feed(failure, at: now) }
  }

  private mutating func tell() {
    var told = 0
    for index in outputs.list.indices {
      guard case .note(let note) = outputs.list[index] else { continue }
      let stamp = timeline.stamps[told]
      told += 1
      Story.log(note, plan: plan, connections: connections, log: log)
      Story.publish(note, at: stamp, plan: plan, engine: engine, to: control)
      if case .rung(let vip, _, _, let shift) = note, shift != 0 {
        timeline.remember(shift, vip, seen: stamp.seen)
      }
      status.heed(note)
    }
    Story.publish(timeline, plan: plan, to: control)
  }
}
