// The one thread: waits for everything at once, feeds the engine, and carries out what it says.

import BGP
import Chronicle
import Control
import Engine
import Failover
import Journal
import Linux
import Model
import Probes

/// Owns every descriptor of the daemon. One wake-up reads links and addresses first, then route
/// servers, then hello, then routes, neighbours and control clients; timers are judged after that,
/// so that a late process does not expire a hold timer with a KEEPALIVE unread.
struct Loop: ~Copyable {
  /// What an event token's `kind` says.
  enum Kind: UInt8 {
    case kernel = 1
    case peer = 2
    case signal = 3
    case listener = 4
    case client = 5
    case door = 6
    case group = 7
    case probeLine = 8
    case probeStream = 9
    case reader = 10
  }

  /// A turn that took so long may have missed what its sockets would say now.
  static var standstill: Nanoseconds { .milliseconds(100) }
  /// Lateness that is a pause. We chose it: more than the scheduler of a busy machine was seen to
  /// take, less than half of the shortest hello timeout.
  static var lateness: Nanoseconds { .milliseconds(50) }
  /// How long the control listener rests after a client that could not be accepted.
  static let listenerRest = Nanoseconds.seconds(1)
  /// Events that one wake-up reports, beside those of probes. We chose it: every descriptor the
  /// daemon can have at once.
  static let eventCapacity = 64
  /// Where BFD sessions begin to look for a free port: the first of RFC 5881 section 4.
  static let firstControlPort: UInt16 = 49_152
  /// Datagrams and reads that one source gets in one wake-up before the next source's turn.
  static let kernelBudget = 64
  /// The same for routes and for neighbours, of which there may be millions.
  static let streamBudget = 8
  /// Bytes after which a wake-up is content with routes or neighbours: two messages of a dump. A
  /// turn stays short, so that links and addresses come first again soon.
  static let streamBytes = 65_536
  static let peerBudget = 16
  /// Bytes after which a route server has to wait for the next turn. We chose it: its routes are
  /// entered into a list, and a turn stays well below a millisecond.
  static let peerBytes = 65_536
  /// VIPs whose change of rung is logged one by one in one turn; more of them are only counted, and
  /// monitors hear of each.
  static let rungLines = 32
  /// Outputs that may wait to be told before the turn is interrupted for it.
  static let noteReserve = 2_048

  var plan: Plan
  var protection: TCPProtection
  var engine: Engine
  var outputs: Outputs
  var probeSockets: ProbeSockets
  var epoll: Epoll
  /// One for each class of kernel news, in its order.
  let sources: [KernelSource]
  var signals: SignalDescriptor
  var buffer = ReceiveBuffer()
  var timersWerePutOff = false
  /// When new control clients are accepted again, after one could not be.
  var listenerPause: Instant?
  var controlBuffer = ReceiveBuffer(capacity: ControlClient.readSize)
  /// By `ConnectionSlot`.
  var connections: [Connection]
  /// Where route servers connect to us.
  var door: Door
  /// Where the other speakers are heard; nil without a group.
  let group: GroupDoor?
  var control: ControlServer
  var timeline: Timeline
  var salvo: Salvo
  var allowances: LogAllowances
  var pauses = Pauses()
  var status: ServiceStatus
  var state: StateFile
  var tracks: TrackFiles
  var facts: ProcessFacts
  let log: Log
  var recorder: Recorder
  var history: History
  var outcomes: RouteOutcomes
  var tableReports = TableReports()
  /// The last change of what route tables should have that those who follow were told.
  var toldTables: UInt64 = 0
  var measures: Measures
  var machineEvents = MachineEvents()
  var departure = Departure()
  var reloads = Reloads()
  let reader: ConfigurationReader
  var readerThread: Worker?
  /// When the engine had wanted to be woken.
  var promised: Instant?
  /// How long the machine has been suspended in all.
  var asleep: Nanoseconds?
  /// What carrying outputs out led to (sockets that failed or were opened): told to the engine
  /// afterwards.
  var consequences: [Input] = []
  var turns = TurnLengths()
  /// How many of the outputs were carried out, and how many belong to inputs that were recorded.
  var carriedOut = 0
  var recorded = 0
  /// How many of `Outputs.others` were looked at for hellos.
  var greeted = 0
  var isStopping = false

  init(
    _ plan: Plan, facts: ProcessFacts, log: Log, control path: String, state: StateFile,
    door: consuming Door, group: GroupDoor?, protection: TCPProtection
  ) throws(StartError) {
    let seed = try StartError.wrap("random numbers") { () throws(Errno) in try Entropy.seed() }
    let epoll = try StartError.wrap("epoll") { () throws(Errno) in
      try Epoll(capacity: Loop.eventCapacity + plan.targets.count * ProbeConnection.lanes)
    }
    let signals = try StartError.wrap("signals") { () throws(Errno) in
      try SignalDescriptor([
        SignalNumber.terminate, SignalNumber.interrupt, SignalNumber.hangUp,
      ])
    }
    let sources = KernelClass.allCases.map(KernelSource.init)
    let opened = try StartError.wrap("netlink socket") { () throws(Errno) in
      try sources[0].open()
    }
    let control = try Loop.openControl(path)
    let reader = try StartError.wrap("eventfd") { () throws(Errno) in try ConfigurationReader() }
    do throws(Errno) {
      try epoll.add(
        opened.raw, token: Loop.token(.kernel, 0, sources[0].generation), interest: .read)
      try epoll.add(reader.raw, token: Loop.token(.reader, 0, 0), interest: .read)
      try epoll.add(signals.raw, token: Loop.token(.signal, 0, 0), interest: .read)
      try epoll.add(control.raw, token: Loop.token(.listener, 0, 0), interest: .read)
      if let group {
        try epoll.add(group.raw, token: Loop.token(.group, 0, 0), interest: .read)
      }
    } catch {
      throw StartError(what: "epoll", error: error)
    }
    self.door = door
    self.group = group
    self.plan = plan
    self.protection = protection
    self.facts = facts
    self.log = log
    self.epoll = epoll
    self.signals = signals
    self.sources = sources
    self.control = control
    self.reader = reader
    engine = Engine(plan, seed: seed, run: state.run)
    history = History(for: plan)
    outcomes = RouteOutcomes(vips: plan.vips.count)
    measures = Measures(for: plan)
    recorder = Recorder(Loop.beginning(plan, seed, state.run, facts), at: facts.started)
    probeSockets = ProbeSockets(plan, engine.probes)
    let longest = engine.speaker.magazine.longest
    salvo = Salvo(for: engine.speaker.magazine)
    outputs = Outputs(for: plan)
    timeline = Timeline(for: plan)
    let slots = plan.routeServers.peers.count * ConnectionSlot.perPeer
    connections = Loop.connections(of: plan, longest: longest)
    consequences.reserveCapacity(
      2 * slots + KernelClass.allCases.count + plan.targets.count)
    allowances = LogAllowances(for: plan)
    status = ServiceStatus()
    self.state = state
    tracks = TrackFiles(plan, directory: "\(Files.directory(of: path))/track")
    if let kept = state.kept {
      let now = Clock.monotonic()
      let input = Input.recalled(isSameBoot: kept.isSameBoot)
      engine.handle(input, kept.memory.span, at: now, into: &outputs)
      recorder.record(
        input, kept.memory.span, at: now, OutputSum(outputs, from: 0, engine))
      recorded = outputs.list.count
    }
    consequences.append(.opened(.interfaces, port: opened.port))
  }

  /// Two for each route server: the one that we open, and the one that it opens.
  static func connections(of plan: Plan, longest: Int) -> [Connection] {
    (0..<plan.routeServers.peers.count * ConnectionSlot.perPeer).map {
      Connection(
        ConnectionSlot(index: $0).peer, vips: plan.vips.count, longest: longest,
        holdTime: plan.routeServers.holdTime)
    }
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
    openProbeSockets()
    follow(at: start)
    finishTurn(at: start)
    while !engine.hasStopped || connections.contains(where: \.isWaiting) {
      promised = engine.deadline
      let count = try epoll.wait(until: earliestDeadline())
      let woken = Clock.monotonic()
      noteLateness(at: woken)
      try wake(count, at: woken)
      turns.add(Clock.monotonic() - woken)
      if isStopping && status.stopDeadlinePassed(Clock.monotonic()) { break }
    }
    state.save(engine.memory(isEnding: true), at: Clock.monotonic(), log: log)
    for connection in connections { connection.close() }
  }

  private func earliestDeadline() -> Instant? {
    if control.hasWork || sources.contains(where: \.isUnfinished) { return .zero }
    if control.recording.contains(where: { $0.canServeRecording(recorder.end) }) { return .zero }
    let files = Instant.earlier(tracks.deadline, state.deadline)
    let ours = Instant.earlier(status.deadline, Instant.earlier(listenerPause, files))
    let late = Instant.earlier(departure.deadline, probeSockets.gatherDue)
    let others = Instant.earlier(late, reloads.deadline)
    return Instant.earlier(Instant.earlier(ours, others), promised)
  }

  private mutating func wake(_ count: Int, at now: Instant) throws(Errno) {
    try readKernel(.interfaces, count, at: now)
    for position in 0..<count where isOf(.peer, position) {
      peerEvent(epoll.event(at: position), at: now)
    }
    for position in 0..<count where isOf(.door, position) {
      acceptPeers(epoll.event(at: position), at: now)
    }
    readProbes(count, at: now)
    for position in 0..<count where isOf(.group, position) { readGroup(at: now) }
    try readKernel(.routes, count, at: now)
    try readKernel(.neighbours, count, at: now)
    for position in 0..<count where isOf(.signal, position) { try readSignals(at: now) }
    for position in 0..<count where isOf(.listener, position) { try acceptClients(at: now) }
    for position in 0..<count where isOf(.reader, position) { try takeConfiguration(at: now) }
    for position in 0..<count where isOf(.client, position) {
      clientEvent(epoll.event(at: position))
    }
    // The clock again: what was read above may have taken its time.
    let later = Clock.monotonic()
    judgeTimers(since: now, at: later)
    finishTurn(at: later)
    tellWithheldLines(at: later)
    try resumeListener(at: later)
    answerClients(at: later)
    reloadIfAsked(at: later)
    serveRecordings()
    tellTables(at: later)
    tellDeparture(at: later)
    control.settle(at: later, epoll: epoll)
    heedMonitors(at: later)
    keepState(at: later)
    tellService(at: later)
  }

  /// Tells the engine which classes are watched now; what follows is carried out at once.
  private mutating func heedMonitors(at now: Instant) {
    for kernelClass in KernelClass.allCases {
      let isWatched = control.hears(ControlClient.Interests.of(kernelClass))
      if isWatched == engine.isWatched(kernelClass) { continue }
      feed(isWatched ? .watched(kernelClass) : .unwatched(kernelClass), at: now)
    }
    finishTurn(at: now)
  }

  func isOf(_ kind: Kind, _ position: Int) -> Bool {
    epoll.event(at: position).token.kind == kind.rawValue
  }

  // MARK: Sources

  private mutating func readKernel(
    _ kernelClass: KernelClass, _ count: Int, at now: Instant
  ) throws(Errno) {
    let source = sources[Int(kernelClass.rawValue)]
    var isReady = source.isUnfinished
    for position in 0..<count where isOf(.kernel, position) {
      let token = epoll.event(at: position).token
      isReady =
        isReady
        || token.slot == UInt16(kernelClass.rawValue) && token.generation == source.generation
    }
    if isReady { try read(source, at: now) }
  }

  private mutating func read(_ source: KernelSource, at now: Instant) throws(Errno) {
    let kernelClass = source.kernelClass
    var turn = KernelTurn(reads: source.budget, bytes: source.byteBudget)
    source.isUnfinished = true
    while turn.goesOn {
      switch turn.step(try source.receive(into: &buffer), buffer.count) {
      case .news: feedBytes(.kernel(kernelClass), at: now)
      case .lost: feed(.overrun(kernelClass), at: now)
      case .nothing: continue
      case .drained:
        // A moved counter without ENOBUFS is a loss all the same.
        if try source.dropsMoved(), !engine.awaitsDump(kernelClass) {
          feed(.overrun(kernelClass), at: now)
        }
        source.isUnfinished = turn.isUnfinished
        feed(.drained(kernelClass), at: now)
      }
    }
  }

  private mutating func readSignals(at now: Instant) throws(Errno) {
    while let number = try signals.next() {
      // Who asks twice does not want to wait for route servers.
      if engine.hasStopped { continue }
      if number == SignalNumber.hangUp {
        reloads.askAgain(at: now)
        continue
      }
      log.notice(.stopping, "signal \(number): stopping\(isStopping ? " at once" : "")")
      if !isStopping { Systemd.stopping() }
      status.beginStopping(at: now, drain: isStopping ? .zero : plan.routeServers.drain)
      isStopping = true
      feed(.stop, at: now)
    }
  }

  /// A client that cannot be taken (no descriptors left, no memory) costs nobody else anything: the
  /// listener rests for a while, since it would stay readable.
  private mutating func acceptClients(at now: Instant) throws(Errno) {
    do throws(Errno) {
      while let client = try control.accept() {
        try epoll.add(
          client.raw, token: Loop.token(.client, client.slot, client.generation), interest: .read)
      }
    } catch {
      log.warning(.alarm, "control socket: a client could not be accepted: \(error)")
      listenerPause = now + Loop.listenerRest
      try epoll.modify(control.raw, token: Loop.token(.listener, 0, 0), interest: [])
    }
  }

  private mutating func resumeListener(at now: Instant) throws(Errno) {
    guard let listenerPause, now >= listenerPause else { return }
    self.listenerPause = nil
    try epoll.modify(control.raw, token: Loop.token(.listener, 0, 0), interest: .read)
  }

  private mutating func clientEvent(_ event: Epoll.Event) {
    let slot = Int(event.token.slot)
    guard let client = control.client(slot, event.token.generation) else { return }
    // A hang-up is both directions: nobody is there to read an answer.
    if event.error || event.hangup { return control.drop(slot) }
    do throws(Errno) {
      if event.readable { try client.receive(&controlBuffer) }
    } catch {
      // ECONNRESET: the client went away in the middle of a request.
      control.drop(slot)
    }
  }

  // MARK: The engine

  mutating func feedBytes(_ input: Input, at now: Instant) {
    Loop.handle(input, buffer, &engine, &outputs, at: now)
    carryOut(at: now)
    Loop.record(input, buffer, from: recorded, outputs, engine, in: &recorder, at: now)
    conclude(at: now)
  }

  mutating func feed(_ input: Input, at now: Instant) {
    engine.handle(input, Span(), at: now, into: &outputs)
    carryOut(at: now)
    record(input, at: now)
    conclude(at: now)
  }

  private static func handle(
    _ input: Input, _ buffer: borrowing ReceiveBuffer, _ engine: inout Engine,
    _ outputs: inout Outputs, at now: Instant
  ) {
    buffer.withBytes { bytes in engine.handle(input, bytes, at: now, into: &outputs) }
  }

  /// Does what the engine said, in order. What is only to be told waits until everything readable
  /// was read.
  mutating func carryOut(at now: Instant) {
    // Most answers to probes change nothing.
    guard outputs.count > carriedOut else { return }
    timeline.handled(seen: now, decided: Clock.monotonic())
    var index = carriedOut
    while index < outputs.count {
      if case .other(let place) = outputs.slots[index] {
        carryOut(outputs.others[Int(place)])
        index += 1
      } else {
        index = fire(from: index)
      }
    }
    launchAll()
    sayHello(at: now)
    carriedOut = outputs.count
  }

  /// The volleys have left: now the rest, and what carrying out led to.
  mutating func conclude(at now: Instant) {
    recorded = carriedOut
    if !outputs.probes.list.isEmpty { carryOutProbes() }
    follow(at: now)
    // A long dump tells more than one turn can hold.
    if carriedOut > Loop.noteReserve { finishTurn(at: now) }
  }

  private mutating func carryOut(_ output: Output) {
    switch output {
    case .send(let slot, let piece): send(piece, slot)
    case .connect(let slot): connect(slot)
    case .accept(let slot): accept(slot)
    case .refuse(let slot, let piece): refuse(piece, slot)
    case .close(let slot): close(slot)
    case .dump(let what, let sequence): dump(what, sequence)
    case .askLink(let index, let sequence): ask(for: index, sequence)
    case .subscribe(let kernelClass): open(kernelClass)
    case .unsubscribe(let kernelClass): sources[Int(kernelClass.rawValue)].close()
    case .hello: break  // when the route servers have been served
    case .fire, .note: preconditionFailure("these have places of their own")
    }
  }

  /// Everything readable was read and answered: now the telling, and the arming of what was used.
  mutating func finishTurn(at now: Instant) {
    guard carriedOut > 0 || !timeline.stages.isEmpty else { return }
    tell(at: now)
    outputs.removeAll()
    timeline.removeAll()
    carriedOut = 0
    recorded = 0
    greeted = 0
    engine.handle(.idle, Span(), at: now, into: &outputs)
    record(.idle, at: now)
    noteStart()
  }

  private mutating func dump(_ what: DumpRequest, _ sequence: UInt32) {
    do throws(Errno) {
      try sources[Int(what.kernelClass.rawValue)].request(what, sequence: sequence)
    } catch {
      // No answer will come, and nothing makes the socket readable: the engine asks again after a
      // pause.
      log.error(.alarm, "netlink: dump request failed: \(error)")
      consequences.append(.dumpFailed(what.kernelClass, code: error.code))
    }
  }

  private func ask(for index: InterfaceIndex, _ sequence: UInt32) {
    do throws(Errno) {
      try sources[0].ask(for: index, sequence: sequence)
    } catch {
      // Nothing is lost: the kernel's own event comes, only later.
      log.warning(.alarm, "netlink: link \(index) could not be asked for: \(error)")
    }
  }

  private mutating func open(_ kernelClass: KernelClass) {
    let slot = Int(kernelClass.rawValue)
    do throws(Errno) {
      let opened = try sources[slot].open()
      try epoll.add(
        opened.raw, token: Loop.token(.kernel, slot, sources[slot].generation), interest: .read)
      consequences.append(.opened(kernelClass, port: opened.port))
    } catch {
      sources[slot].close()
      consequences.append(.openFailed(kernelClass, code: error.code))
    }
  }

  mutating func follow(at now: Instant) {
    while let consequence = consequences.popLast() { feed(consequence, at: now) }
  }
}
