// One route table: reads and writes one after the other until it says what it should.
//
// Azure takes one change of a table at a time, and every change moves the one tag that the table
// and its routes share. So there is one write under way at most, from its PUT to the end of its
// operation; each write is guarded by the tag under which the route was read; and what came of it
// is always read, never inferred. A read is a read of the whole table: its one tag then stands for
// all routes in it.

package import Model

package enum TableInput: Hashable, Sendable {
  /// The daemon's word, as it came.
  case intent(RouteSlot, Intent)
  /// The daemon's answer to a question; it counts whatever its generation.
  case word(ask: UInt64, RouteSlot, Intent)
  case answered(CallID, Answer)
  case lost(CallID, Loss)
  /// This process was away, and may have missed that somebody else claimed.
  case paused
  /// There is another token than before.
  case tokenChanged
  /// Time has passed.
  case turn
}

package enum TableOutput: Hashable, Sendable {
  case call(CallID, Request)
  /// Ask the daemon whether the route is ours, and what it is to be.
  case ask(UInt64, RouteSlot)
  case renewToken
  case told(RouteSlot, Generation, Outcome)
  /// The table was read.
  case read(TableRecord)
}

package struct Table: Sendable {
  /// An operation is followed for so long, then what stands is read. Attached tables of the older
  /// control plane took up to a minute.
  package static let operationLimit = Nanoseconds.seconds(180)
  /// Between two reads for nothing but drift.
  package static let lookPeriod = Nanoseconds.seconds(300)
  /// A stranger's hop may be a claim that our daemon will hear of within a hello timeout; who asks
  /// at once would be told the old state.
  package static let foreignWait = Nanoseconds.seconds(1)
  /// Until a question to the daemon is asked again.
  package static let askAgain = Nanoseconds.seconds(1)
  /// While a change that we do not follow is under way.
  package static let underWayWait = Nanoseconds.seconds(1)
  /// Repairs of one route for one word, and the time between two: whoever else writes it believes
  /// that it is right as well, and two who repair at once would never end.
  package static let repairLimit = 3
  package static let repairPause = Nanoseconds.seconds(300)

  package let id: ResourceID
  let endpoint: Endpoint
  let policy: DriftPolicy
  var tasks: [RouteTask]
  var dice: Dice

  var lastCall: UInt64 = 0
  var lastAsk: UInt64 = 0
  var lastOrder: UInt64 = 0

  /// What was last read, and nothing has been written since.
  var view: View?
  /// It was read since others were last able to change it unheard.
  var hasLooked = false
  /// The routes of the kernel among the tasks, and the places of those that went.
  var crowd: [Prefix: RouteSlot] = [:]
  var free: [RouteSlot] = []
  /// The read that is under way, and that nothing has overtaken.
  var look: CallID?
  var write: Write?
  /// When the next read is due, for whatever reason.
  var lookAt: Instant
  /// Reads that failed in a row, and until when none is tried because of that.
  var lookFailures = 0
  var lookPause: Instant?
  var waitsForToken = false
  /// Tokens refused in a row.
  var refusals = 0
  private var wake: Instant?

  struct View: Sendable {
    let tag: String?
    /// By name in lower case: each read is judged for every route that is looked after.
    private let byName: [String: RouteRecord]
    /// The names of the routes of each prefix.
    private let names: [Prefix: String]

    init(_ table: TableRecord) {
      tag = table.etag
      var byName: [String: RouteRecord] = [:]
      var names: [Prefix: String] = [:]
      for route in table.routes {
        byName[route.name.lowercased()] = route
        if let block = route.block { names[block] = route.name }
      }
      self.byName = byName
      self.names = names
    }

    var count: Int { byName.count }

    func route(named name: String) -> RouteRecord? { byName[name.lowercased()] }

    func name(of prefix: Prefix) -> String? { names[prefix] }
  }

  struct Write: Sendable {
    var slot: RouteSlot
    var intent: Intent
    /// The PUT, or a poll; nil between two polls.
    var call: CallID?
    var poll: Poll?
  }

  struct Poll: Sendable {
    var request: Request
    var isLocation: Bool
    var due: Instant
    var deadline: Instant
    var count = 0
  }

  /// `id` must be a route table, and names of routes must be names. Nothing is written before the
  /// table was read and the daemon was asked.
  package init(
    _ id: ResourceID, at endpoint: Endpoint, _ routes: [ManagedRoute], policy: DriftPolicy,
    seed: UInt64, now: Instant
  ) {
    precondition(id.isRouteTable, "not a route table")
    self.id = id
    self.endpoint = endpoint
    self.policy = policy
    tasks = routes.map { route in
      guard let child = id.child("routes", route.name) else {
        preconditionFailure("not a name of a route")
      }
      return RouteTask(route, id: child)
    }
    dice = Dice(seed: seed)
    lookAt = now
  }

  /// When to call again if nothing comes.
  package var deadline: Instant? { wake }

  /// Whether a write is on its way or an operation is followed.
  package var isWriting: Bool { write != nil }

  /// The newest word of a route that was not fulfilled, if there is one.
  package func pending(_ slot: RouteSlot) -> Intent? {
    tasks[slot.index].isDirty ? tasks[slot.index].intent : nil
  }

  /// Why a route waits, as it was last told.
  package func trouble(of slot: RouteSlot) -> Trouble? { tasks[slot.index].toldTrouble }

  package mutating func handle(
    _ input: TableInput, at now: Instant, _ budget: inout Budget,
    into outputs: inout [TableOutput]
  ) {
    switch input {
    case .intent(let slot, let intent):
      if let known = tasks[slot.index].intent {
        if intent.generation < known.generation { break }
        // What waited for the disk comes again under the same generation.
        if intent.generation == known.generation, !tasks[slot.index].isCrowd { break }
      }
      take(slot, intent, at: now, into: &outputs)
    case .word(let ask, let slot, let intent):
      heard(ask, slot, intent, at: now, into: &outputs)
    case .answered(let call, let answer):
      budget.note(answer, at: now)
      answered(call, .success(answer), at: now, &budget, into: &outputs)
    case .lost(let call, let loss):
      answered(call, .failure(loss), at: now, &budget, into: &outputs)
    case .paused:
      for index in tasks.indices { doubt(RouteSlot(index), until: now) }
      hasLooked = false
      // What was read before the pause may be older than what others did meanwhile.
      distrustView(at: now)
    case .tokenChanged: tokenChanged(at: now)
    case .turn: break
    }
    advance(at: now, &budget, into: &outputs)
  }

  /// A word that is believed.
  private mutating func take(
    _ slot: RouteSlot, _ intent: Intent, at now: Instant, into outputs: inout [TableOutput]
  ) {
    lastOrder += 1
    // Before the first read nobody knows whether others were here while we were not.
    let isCrowd = tasks[slot.index].isCrowd
    if tasks[slot.index].intent == nil, !isCrowd || !hasLooked { doubt(slot, until: now) }
    let isNews = tasks[slot.index].intent != intent
    if let undone = tasks[slot.index].take(intent, order: lastOrder) {
      outputs.append(.told(slot, undone, .superseded))
    }
    // Waits that earlier trouble has ordered were not meant for this word.
    if isNews, !isCrowd, view == nil, write == nil {
      lookAt = now
      lookPause = nil
    }
  }

  private mutating func heard(
    _ ask: UInt64, _ slot: RouteSlot, _ intent: Intent, at now: Instant,
    into outputs: inout [TableOutput]
  ) {
    guard let doubt = tasks[slot.index].doubt, ask >= doubt.firstAsk else { return }
    take(slot, intent, at: now, into: &outputs)
    tasks[slot.index].doubt = nil
  }

  /// From now on the route is not written until a question asked at `due` or later was answered.
  mutating func doubt(_ slot: RouteSlot, until due: Instant) {
    let later = max(tasks[slot.index].doubt?.due ?? due, due)
    tasks[slot.index].doubt = Doubt(due: later, firstAsk: lastAsk + 1)
  }

  /// What is known of the table may be wrong: it is read again before anything is written.
  mutating func distrustView(at now: Instant, notBefore: Instant? = nil) {
    view = nil
    look = nil
    lookAt = notBefore ?? now
  }

  mutating func nextCall() -> CallID {
    lastCall += 1
    return CallID(lastCall)
  }

  // MARK: What is done next

  private mutating func advance(
    at now: Instant, _ budget: inout Budget, into outputs: inout [TableOutput]
  ) {
    wake = nil
    askDaemon(at: now, into: &outputs)
    if waitsForToken { return }
    followOperation(at: now, &budget, into: &outputs)
    if write == nil, view != nil { startWrite(at: now, &budget, into: &outputs) }
    // What seems to be so already is verified, not written.
    if tasks.contains(where: { task in
      task.isDirty && (task.seen.map { task.isFulfilled(by: $0) } ?? false)
    }) {
      lookAt = min(lookAt, max(now, lookPause ?? now))
    }
    startLook(at: now, &budget, into: &outputs)
  }

  private mutating func askDaemon(at now: Instant, into outputs: inout [TableOutput]) {
    for index in tasks.indices {
      guard let doubt = tasks[index].doubt, tasks[index].intent != nil else { continue }
      if now >= doubt.due {
        lastAsk += 1
        tasks[index].doubt?.due = now + Table.askAgain
        outputs.append(.ask(lastAsk, RouteSlot(index)))
      }
      wakeUp(at: tasks[index].doubt?.due)
    }
  }

  private mutating func followOperation(
    at now: Instant, _ budget: inout Budget, into outputs: inout [TableOutput]
  ) {
    guard let poll = write?.poll, write?.call == nil else { return }
    if now >= poll.deadline {
      giveUpOperation(at: now, into: &outputs)
      return
    }
    let due = max(poll.due, budget.wait(for: .read, isFailover: true, at: now) ?? poll.due)
    guard now >= due else { return wakeUp(at: min(due, poll.deadline)) }
    let call = nextCall()
    budget.spend(.read, at: now)
    write?.call = call
    write?.poll?.count += 1
    outputs.append(.call(call, poll.request))
  }

  private mutating func startWrite(
    at now: Instant, _ budget: inout Budget, into outputs: inout [TableOutput]
  ) {
    var best: RouteSlot?
    for index in tasks.indices where tasks[index].isDirty && tasks[index].doubt == nil {
      let task = tasks[index]
      guard let seen = task.seen, !task.isFulfilled(by: seen) else { continue }
      if seen?.state == .underWay, let since = task.underWaySince {
        guard now >= since + Table.operationLimit else { continue }
      }
      if let notBefore = task.notBefore, now < notBefore {
        wakeUp(at: notBefore)
        continue
      }
      let kind: Budget.Kind = task.intent?.wish.isRemoval ?? false ? .delete : .write
      if let later = budget.wait(for: kind, isFailover: task.isFailover, at: now) {
        wakeUp(at: later)
        continue
      }
      if let best, tasks[best.index].rank < task.rank { continue }
      if let trouble = obstacle(to: task) {
        tell(RouteSlot(index), trouble, into: &outputs)
        continue
      }
      best = RouteSlot(index)
    }
    if let best { send(best, at: now, &budget, into: &outputs) }
  }

  private mutating func send(
    _ slot: RouteSlot, at now: Instant, _ budget: inout Budget, into outputs: inout [TableOutput]
  ) {
    let task = tasks[slot.index]
    guard let intent = task.intent, let seen = task.seen else { return }
    // A route that is not there has no tag. Whether Azure honours `If-None-Match` for routes is not
    // documented, so a creation is not guarded; the read that follows shows who was last.
    let tag = seen == nil ? nil : seen?.etag ?? view?.tag
    let request: Request
    switch intent.wish {
    case .hop(let hop):
      request = Calls.put(task.id, task.body(for: hop), ifMatch: tag, at: endpoint)
    case .absent, .removed: request = Calls.delete(task.id, ifMatch: tag, at: endpoint)
    case .notOurs: preconditionFailure("a route that is not ours is not dirty")
    }
    let call = nextCall()
    budget.spend(intent.wish.isRemoval ? .delete : .write, at: now)
    write = Write(slot: slot, intent: intent, call: call)
    tasks[slot.index].written = intent.wish
    distrustView(at: now)
    outputs.append(.call(call, request))
  }

  private mutating func startLook(
    at now: Instant, _ budget: inout Budget, into outputs: inout [TableOutput]
  ) {
    // Nothing is known for certain while a write is under way.
    guard write == nil, look == nil, !tasks.isEmpty else { return }
    guard now >= lookAt else { return wakeUp(at: lookAt) }
    let isFailover = tasks.contains { $0.isDirty && $0.isFailover }
    if let later = budget.wait(for: .read, isFailover: isFailover, at: now) {
      return wakeUp(at: later)
    }
    let call = nextCall()
    budget.spend(.read, at: now)
    look = call
    outputs.append(.call(call, Calls.get(id, at: endpoint)))
  }

  private mutating func wakeUp(at instant: Instant?) { wake = Instant.earlier(wake, instant) }
}
