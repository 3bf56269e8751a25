// The courier's one loop: control socket, store, HTTPS and time on one epoll set.

import Azure
import Control
import HTTPS
import Linux
import Model
import Store

/// Owns every descriptor. It waits for nothing but all of them.
final class Loop {
  /// What an event token's `kind` says.
  enum Kind: UInt8 {
    case control = 1
    case vault = 2
    case signal = 3
    case exchange = 4
    case web = 5
    case history = 6
    case reader = 7
  }

  /// Lateness after which others may have claimed. We chose it: less than the three hellos after
  /// which another speaker takes over, more than a busy machine makes a process wait.
  static let lateness = Nanoseconds.milliseconds(250)
  /// How often it looks whether it was away, while something could be written.
  static let shortBeat = Nanoseconds.milliseconds(100)
  static let longBeat = Nanoseconds.seconds(1)
  /// Descriptors that one wake-up reports: every one that there can be.
  static let eventCapacity =
    5 + HistoryDoor.clientLimit + Transport.limit + Int(Transport.keptConnections)
  /// How long the disk may take to end.
  static let farewell = Nanoseconds.seconds(2)

  let options: Options
  let log: Log
  var epoll: Epoll
  let signals: SignalDescriptor
  let vault: Vault
  let transport: Transport
  var link: ControlLink
  var office: Office
  var clock: LoopClock
  /// What epoll was told of the control socket.
  var linkWatch: LinkWatch?
  /// The registrations of libcurl's sockets, by descriptor.
  var sockets: [Int32: UInt32] = [:]
  var lastSocket: UInt32 = 0
  /// What failed where it could not be thrown.
  var failure: Errno?
  var calls: [ExchangeID: OfficeCall] = [:]
  var exchangeDue: Instant?
  var exchangeSettings: UInt64 = 0
  var diskTrouble: StoreError?
  /// When a store that refused something is tried with it again.
  var storeAt: Instant?
  var isStopping = false
  var service = ServiceLine()
  var shifts = ShiftWatch()
  var wishes = Wishes()
  var history: HistoryDoor?
  /// Who waits for the findings of an inspection.
  var inspections: [HistoryDoor.Ask] = []
  let started: Instant
  var traffic = Traffic()
  /// Where metrics are wanted, and the door when it is open.
  var metricsPlace: String?
  var door: MetricsDoor?
  var lastDoor: UInt32 = 0
  /// When the door is opened, or tried again.
  var doorAt: Instant?
  var doorTrouble: Errno?
  /// The last page, and until when it is good for whoever asks next.
  var page: (text: String, until: Instant)?
  /// Until when somebody waits for a page.
  var pageDue: Instant?

  init(_ options: Options, log: Log, seed: UInt64) throws(StartError) {
    self.options = options
    self.log = log
    let now = Clock.monotonic()
    started = now
    epoll = try StartError.wrap("epoll") { () throws(Errno) in
      try Epoll(capacity: Loop.eventCapacity)
    }
    signals = try StartError.wrap("signals") { () throws(Errno) in
      try SignalDescriptor([SignalNumber.terminate, SignalNumber.interrupt])
    }
    vault = try StartError.wrap("the store's thread") { () throws(Errno) in
      try Vault(path: options.state + "/store")
    }
    guard let transport = Transport(authority: options.authority) else {
      throw StartError(what: "libcurl", error: .inputOutput)
    }
    self.transport = transport
    link = ControlLink(path: options.control, now: now)
    office = Office(options.servers, seed: seed, now: now)
    clock = LoopClock(at: now)
    do throws(Errno) {
      try epoll.add(signals.raw, token: Loop.token(.signal, 0, 0), interest: .read)
      try epoll.add(vault.raw, token: Loop.token(.vault, 0, 0), interest: .read)
    } catch {
      throw StartError(what: "epoll", error: error)
    }
    transport.onWatch = { [unowned self] in watch($0) }
    openHistory()
  }

  static func token(_ kind: Kind, _ slot: UInt16, _ generation: UInt32) -> EventToken {
    EventToken(kind: kind.rawValue, slot: slot, generation: generation)
  }

  /// Runs until a signal ends it.
  func run() throws(Errno) {
    let worker = try vault.start()
    Systemd.ready(status: "starting")
    while !isStopping {
      let now = Clock.monotonic()
      let deadline = deadline(at: now)
      clock.promise(deadline, at: now)
      let count = try epoll.wait(until: deadline)
      try wake(count)
      if let failure { throw failure }
    }
    Systemd.stopping()
    try end(worker)
  }

  private func deadline(at now: Instant) -> Instant {
    var result = now + (office.isWriting ? Loop.shortBeat : Loop.longBeat)
    for other in [
      link.deadline, office.deadline, exchangeDue, service.deadline, metricsDeadline,
      historyDeadline, storeAt,
    ] {
      if let other { result = min(result, other) }
    }
    return result
  }

  private func wake(_ count: Int) throws(Errno) {
    let now = Clock.monotonic()
    if let pause = clock.woke(at: now) {
      log.warning(
        .paused, "this process stood still for \(pause.milliseconds) ms: hopshiftd is asked anew")
      give(.paused)
    }
    // The daemon's words first: what it takes back must not be sent.
    for position in 0..<count where isOf(.control, position) { readControl(position) }
    for position in 0..<count where isOf(.vault, position) { try readVault() }
    for position in 0..<count where isOf(.exchange, position) { readExchange(position) }
    for position in 0..<count where isOf(.history, position) { try acceptReaders() }
    for position in 0..<count where isOf(.reader, position) { try readReader(position) }
    for position in 0..<count where isOf(.signal, position) { try readSignals() }
    fireTimer()
    hear(link.turn(at: Clock.monotonic()))
    give(.turn)
    turnMetrics(at: Clock.monotonic())
    try turnHistory(at: Clock.monotonic())
    try tryStore(at: Clock.monotonic())
    hear(link.flush(at: Clock.monotonic()))
    try watchLink()
    service.turn(at: Clock.monotonic(), link.isConnected, office, diskTrouble)
  }

  private func isOf(_ kind: Kind, _ position: Int) -> Bool {
    epoll.event(at: position).token.kind == kind.rawValue
  }

  private func readSignals() throws(Errno) {
    while let number = try signals.next() {
      log.notice(.stopping, "signal \(number): stopping")
      isStopping = true
    }
  }

  /// What was kept is on the disk; a disk that hangs is not waited for.
  private func end(_ worker: consuming Worker) throws(Errno) {
    try vault.post(.end)
    let until = Clock.monotonic() + Loop.farewell
    while Clock.monotonic() < until {
      for news in try vault.takeNews() {
        if case .ended = news {
          worker.join()
          return
        }
      }
      _ = try epoll.wait(until: min(until, Clock.monotonic() + Loop.shortBeat))
    }
    log.warning(.storeFailed, "the disk does not answer: it is left")
  }

  // MARK: The office

  func give(_ input: OfficeInput) {
    var inputs = [input]
    while !inputs.isEmpty {
      let next = inputs.removeFirst()
      let now = Clock.monotonic()
      var outputs: [OfficeOutput] = []
      office.handle(
        next, at: now, wall: Clock.wall().nanoseconds / 1_000_000_000, into: &outputs)
      for output in outputs { inputs += carryOut(output, at: now) }
    }
  }

  private func carryOut(_ output: OfficeOutput, at now: Instant) -> [OfficeInput] {
    switch output {
    case .call(let call, let request):
      if let loss = send(call, request, at: now) { return [.lost(call, loss)] }
    case .abandon(let call): abandon(call)
    case .ask(let number): link.question(number, at: now)
    case .report(let report): tell(report, at: now)
    case .keep(let number, let words, let isAnswer):
      post(.keep(number, words.map(KeptIntent.init), isAnswer: isAnswer))
    case .finish(let route, let generation): post(.finish(route: route, generation))
    case .forget(let route, let generation): post(.forget(route: route, generation))
    case .routes(let reports): tell(reports, at: now)
    case .events(let events): tell(events, at: now)
    case .happened(let news):
      post(.shifts([EventLine.kept(news, wallNanoseconds: Clock.wall().nanoseconds)]))
    case .inspected(let advice, let returns): tell(advice + loops(returns))
    case .returns(let returns):
      for advice in loops(returns) { log.warning(.advice, "\(advice.what): \(advice.why)") }
    case .say(.notice, let topic, let text): log.notice(CourierMessage(topic), text)
    case .say(.warning, let topic, let text): log.warning(CourierMessage(topic), text)
    }
    return []
  }

  private func post(_ command: Vault.Command) {
    do throws(Errno) {
      try vault.post(command)
    } catch {
      failure = error
    }
  }
}
