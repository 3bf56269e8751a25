// The whole slow path with sockets, disk and clock taken away: records and answers in, calls out.
//
// What the daemon says goes to the desk at once and to the store at the same time. A write to Azure
// waits until the store has the word, but never longer than `durableLimit`.

package import Model

/// Whose call it is.
package enum OfficeCall: Hashable, Sendable {
  /// Of a desk by its number: another configuration is another desk.
  case table(desk: UInt64, DeskCall)
  case token(CallID)
  case machine(CallID)
  case place(CallID)
  case events(CallID)
  /// The approval of an event, by its id.
  case start(String)
  /// Keeps a connection to the resource manager open.
  case warm
  /// Of an inspection by its number.
  case look(UInt64, CallID)
}

package enum OfficeInput: Hashable, Sendable {
  /// Everything that the daemon says, in answer to all questions up to `ask`.
  case snapshot(ask: UInt64, Settings?, [Desired], CrowdSnapshot? = nil)
  case desired(Desired)
  /// Who writes the routes of the kernel, and which those are.
  case writer(CrowdState)
  case routes(CrowdSet)
  /// What the store had when it was opened.
  case remembered([KeptWord])
  /// Whoever hears reports has heard none.
  case connected
  case answer(OfficeCall, Answer)
  case lost(OfficeCall, Loss)
  /// This process was away.
  case paused
  /// What became of words that were to be kept.
  case kept(UInt64, isDurable: Bool)
  /// The store has lost what it had.
  case forgotten
  /// Events for which the daemon's traffic has left this machine, as far as it depends on it.
  case vacated([String])
  /// What the VIPs are besides their routes; it stands until it is said anew.
  case carried([Carriage])
  /// Somebody wants to know what will hurt; answered by `inspected`.
  case inspect
  case turn
}

package enum OfficeOutput: Hashable, Sendable {
  case call(OfficeCall, Request)
  /// Nothing more is to be heard of this call, and it need not be carried on.
  case abandon(OfficeCall)
  case ask(UInt64)
  /// In the words of the control protocol's `report`.
  case report(Report)
  /// Answered by `kept`. What answers a question holds whatever its generation.
  case keep(UInt64, [KeptWord], isAnswer: Bool)
  /// A read has shown what was wished.
  case finish(route: String, Generation)
  /// A route of the kernel is not there any more, or not ours.
  case forget(route: String, Generation)
  /// How far routes of the kernel have come; each that has changed.
  case routes([RouteReport])
  /// What Azure is about to do to this machine, as a whole.
  case events([ScheduledEvent])
  /// What is new of that, for the past.
  case happened(EventNews)
  /// For all who have asked until now.
  case inspected([Advice], [ReturnRoute])
  /// Routes of a table that is written from now on; whoever knows the machine's own routes warns.
  case returns([ReturnRoute])
  case say(Urgency, Topic, String)
}

/// What a line of the log is about.
package enum Topic: Hashable, Sendable {
  case token
  /// Which machine this is, and where.
  case surroundings
  /// Something in Azure that is in the way.
  case advice
  case event
  case kernelRoutes
}

/// How a line of the log is meant.
package enum Urgency: Hashable, Sendable {
  case notice
  case warning
}

/// One word about one route, as it is kept.
package struct KeptWord: Hashable, Sendable {
  /// The path of the route, in lower case.
  package var route: String
  package var generation: Generation
  package var wish: Wish
  /// Of a route of the kernel: where it may still lead by our hand.
  package var earlier: [IPAddress] = []

  package init(
    route: String, generation: Generation, wish: Wish, earlier: [IPAddress] = []
  ) {
    self.route = route
    self.generation = generation
    self.wish = wish
    self.earlier = earlier
  }
}

/// How far the routes of a VIP have come.
package struct Report: Hashable, Sendable {
  package var vip: String
  package var generation: Generation
  package var stage: RouteStage
  package var isDurable: Bool
  package var detail: String
}

/// Where the servers are, unless Azure says so itself.
package struct Servers: Hashable, Sendable {
  package var metadata: Endpoint
  /// Of the resource manager; nil: the cloud's.
  package var management: Endpoint?

  package init(metadata: Endpoint = .metadata, management: Endpoint? = nil) {
    self.metadata = metadata
    self.management = management
  }
}

package struct Office: Sendable {
  /// How long a write waits for the disk. From then on it is said that nothing would survive.
  package static let durableLimit = Nanoseconds.milliseconds(50)
  /// Until a disk that failed is tried again.
  package static let keepAgain = Nanoseconds.seconds(5)
  /// Between two calls for nothing but an open connection: well below the 118 s after which libcurl
  /// closes an idle one, and the four minutes of Azure's load balancers.
  package static let warmPeriod = Nanoseconds.seconds(60)
  /// Until it is looked again whether our own subnet has a route table by now.
  package static let placePeriod = Nanoseconds.seconds(60)
  /// How long the findings of an inspection are told again: it makes some ten calls.
  package static let inspectionLife = Nanoseconds.seconds(20)

  let servers: Servers
  var dice: Dice

  // What the daemon said.
  var settings: Settings?
  var records: [Desired] = []
  var carriages: [Carriage] = []

  // Who and where we are.
  var introduction: Introduction
  var keeper: TokenKeeper?
  var discovery: Discovery?
  var watch: EventWatch?
  /// Events that may begin, as far as the daemon is concerned.
  var vacated: [String] = []
  var management: Endpoint?
  var toldMachine = false
  var toldToken: String?
  var toldPlace: String?

  // The routes.
  var desk: Desk?
  var deskNumber: UInt64 = 0
  var openWrites: [OfficeCall] = []
  var warmAt = Instant.zero
  var isWarming = false

  // What the store has of them.
  var slots: [WordSlot] = []
  var lastKeep: UInt64 = 0
  var answeredKeep: UInt64 = 0
  var keepAt: Instant?
  var gate: Gate?
  var held: [HeldCall] = []
  var reports: [ReportSlot] = []

  // The routes of the kernel.
  var crowd = Crowd()
  var crowdKeepAt: Instant?
  var toldExcuse: String?
  var toldStrays = 0

  // What was found when somebody asked.
  var inspector: Inspector?
  var inspectionNumber: UInt64 = 0
  var inspected: (advice: [Advice], returns: [ReturnRoute], at: Instant)?

  struct Gate: Sendable {
    var number: UInt64
    var until: Instant
  }

  struct HeldCall: Sendable {
    var call: OfficeCall
    var request: Request
  }

  package init(_ servers: Servers, seed: UInt64, now: Instant) {
    self.servers = servers
    dice = Dice(seed: seed)
    introduction = Introduction(at: servers.metadata, seed: dice.next(), now: now)
  }

  /// What goes behind `Bearer`, when there is a token that is good; only the edge reads it.
  package func token(at now: Instant) -> String? {
    guard let keeper, keeper.isGood(at: now) else { return nil }
    return keeper.token?.secret
  }

  /// How long the answer to this call may take.
  package func limit(of call: OfficeCall) -> Nanoseconds? {
    if case .events = call { return watch?.answerLimit }
    return nil
  }

  /// Whether a write is waiting or on its way: then a pause must be noticed soon.
  package var isWriting: Bool { !held.isEmpty || !openWrites.isEmpty }

  /// Virtual IPs that are not settled, and writes that wait for the disk.
  package var queueDepth: Int {
    held.count + reports.count { $0.report.stage != .done } + crowd.openCount
  }

  package var deadline: Instant? {
    guard settings != nil else { return nil }
    var result = Instant.earlier(introduction.deadline, keeper?.deadline)
    result = Instant.earlier(result, watch?.deadline)
    if desk == nil { result = Instant.earlier(result, discovery?.deadline) }
    result = Instant.earlier(result, desk?.deadline)
    result = Instant.earlier(result, gate?.until)
    result = Instant.earlier(result, keepAt)
    result = Instant.earlier(result, crowdKeepAt)
    result = Instant.earlier(result, inspector?.deadline)
    if desk != nil, !isWarming { result = Instant.earlier(result, warmAt) }
    return result
  }

  /// `wall` is the time of day in seconds.
  package mutating func handle(
    _ input: OfficeInput, at now: Instant, wall: Int64?, into outputs: inout [OfficeOutput]
  ) {
    switch input {
    case .snapshot(let ask, let settings, let records, let crowd):
      take(ask, settings, records, crowd, at: now, into: &outputs)
    case .desired(let record): take(record, at: now, into: &outputs)
    case .writer(let state):
      crowd.take(state)
      settleCrowd(at: now, into: &outputs)
    case .routes(let set):
      crowd.take(set)
      settleCrowd(at: now, into: &outputs)
    case .remembered(let words):
      crowd.remember(words)
      settleCrowd(at: now, into: &outputs)
    case .connected:
      crowd.tellAnew()
      vacated = []
    case .answer(let call, let answer): answered(call, answer, wall, at: now, into: &outputs)
    case .lost(let call, let loss): lost(call, loss, at: now, into: &outputs)
    case .paused: paused(at: now, into: &outputs)
    case .kept(let number, let isDurable):
      kept(number, isDurable, at: now, into: &outputs)
    case .forgotten:
      for index in slots.indices { slots[index].isKept = false }
      keepAt = now
      crowd.forget()
    case .vacated(let events):
      vacated = events
      approve(at: now, into: &outputs)
    case .carried(let carriages): take(carriages)
    case .inspect: inspect(at: now, into: &outputs)
    case .turn: break
    }
    advance(at: now, into: &outputs)
  }

  // MARK: The daemon's words

  private mutating func take(
    _ ask: UInt64, _ settings: Settings?, _ records: [Desired], _ routes: CrowdSnapshot?,
    at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    let isSame = settings == self.settings && sameRoutes(records)
    if settings?.identity != self.settings?.identity { keeper = nil }
    if settings?.events != self.settings?.events
      || settings?.countsFreezes != self.settings?.countsFreezes
    {
      watch = nil
    }
    self.settings = settings
    self.records = records
    if !isSame {
      forgetInspection(into: &outputs)
      desk = nil
      crowd.use([])
      discovery = nil
      toldPlace = nil
      reports = []
      dropHeld()
    }
    crowd.take(routes)
    settleCrowd(ask: ask, at: now, into: &outputs)
    if desk != nil {
      give(
        .answered(ask: ask, records.map(heeded)), records, isAnswer: true, at: now, into: &outputs)
    }
    // A daemon that is new has heard nothing yet.
    for index in reports.indices { reports[index].isTold = false }
    if let watch, watch.hasAnswered { outputs.append(.events(watch.known)) }
  }

  private mutating func take(
    _ record: Desired, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    guard let index = records.firstIndex(where: { $0.vip == record.vip }),
      records[index].routes == record.routes
    else { return }
    records[index] = record
    guard desk != nil else { return }
    give(.desired(heeded(record)), [record], at: now, into: &outputs)
  }

  private func sameRoutes(_ others: [Desired]) -> Bool {
    others.map(\.vip) == records.map(\.vip) && others.map(\.routes) == records.map(\.routes)
  }

  /// In shadow mode nothing is ever ours.
  func heeded(_ record: Desired) -> Desired {
    guard settings?.isShadow == true else { return record }
    var record = record
    record.voice = .others
    return record
  }

  // MARK: Pauses

  /// Whoever was frozen may have been beaten: what has not left does not leave, and of what may
  /// have left the outcome is read.
  private mutating func paused(at now: Instant, into outputs: inout [OfficeOutput]) {
    give(.paused, [], at: now, into: &outputs)
    dropHeld(at: now, into: &outputs)
    let open = openWrites
    openWrites = []
    for call in open {
      outputs.append(.abandon(call))
      if case .table(deskNumber, let call) = call {
        give(.lost(call, .unanswered(.cancelled)), [], at: now, into: &outputs)
      }
    }
  }

  private mutating func dropHeld() {
    held = []
    gate = nil
  }

  /// Writes that wait for the disk are taken back.
  mutating func dropHeld(at now: Instant, into outputs: inout [OfficeOutput]) {
    let dropped = held
    held = []
    for held in dropped {
      guard case .table(deskNumber, let call) = held.call else { continue }
      give(.lost(call, .notSent(.cancelled)), [], at: now, into: &outputs)
    }
  }

  // MARK: The desk

  /// `news` are records that go to the desk with this input, and so to the store.
  mutating func give(
    _ input: DeskInput, _ news: [Desired], isAnswer: Bool = false, at now: Instant,
    into outputs: inout [OfficeOutput]
  ) {
    guard desk != nil else { return }
    let isOver = news.contains { heeded($0).voice != .ours }
    if isOver, !held.isEmpty { dropHeld(at: now, into: &outputs) }
    keep(news, isAnswer, at: now, into: &outputs)
    var heard: [DeskOutput] = []
    desk?.handle(input, at: now, into: &heard)
    for output in heard {
      switch output {
      case .call(let call, let request):
        send(.table(desk: deskNumber, call), request, into: &outputs)
      case .ask(let number): outputs.append(.ask(number))
      case .renewToken: keeper?.refused(at: now)
      case .report(let vip, let generation, let stage, let detail):
        note(vip, generation, stage, detail, into: &outputs)
      case .crowd(let table, let prefix, let generation, let stage, let detail):
        note(table, prefix, generation, stage, detail, into: &outputs)
      case .read: break
      }
    }
  }

  private mutating func send(
    _ call: OfficeCall, _ request: Request, into outputs: inout [OfficeOutput]
  ) {
    guard request.isWrite else {
      outputs.append(.call(call, request))
      return
    }
    if gate != nil {
      held.append(HeldCall(call: call, request: request))
    } else {
      openWrites.append(call)
      outputs.append(.call(call, request))
    }
  }

  mutating func openGate(into outputs: inout [OfficeOutput]) {
    gate = nil
    let released = held
    held = []
    for held in released {
      openWrites.append(held.call)
      outputs.append(.call(held.call, held.request))
    }
  }
}
