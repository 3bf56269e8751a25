// The whole machine with the sockets taken away: one input, one complete transition.

package import BGP
package import Failover
package import Model
package import Probes

/// The deterministic heart of `hopshiftd`. Same Plan, same seed, same inputs: same outputs, byte
/// for byte.
///
/// It asks for no time, no randomness and no descriptor. `now` never runs backwards. Whoever drives
/// it carries out the outputs of one call before the next, and then says `.idle` so that used
/// volleys are armed again.
package struct Engine: ~Copyable {
  package let plan: Plan
  /// Greater than that of any run before.
  package let run: UInt64
  package let seed: UInt64
  package internal(set) var failover: Failover
  package internal(set) var speaker: Speaker
  package internal(set) var probes: Probes
  /// One for each class of kernel news, in its order.
  package internal(set) var feeds = KernelClass.allCases.map(KernelFeed.init)
  /// For each class what was heard since the last part of the dump that runs.
  var recent = KernelClass.allCases.map { _ in RecentNews() }
  package internal(set) var shifts: UInt32 = 0
  /// By VIP: what led to its last change.
  var causes: [Trigger?]
  /// What is kept has changed since it was last taken.
  package internal(set) var hasUnsavedMemory = false
  /// Counts what operators took out of service or back, and what became of addresses that they gave
  /// away.
  package internal(set) var serviceChanges: UInt64 = 0
  /// What became of the last command.
  package private(set) var lastAnswer = OperatorAnswer.unchanged
  /// Messages that were no netlink, or lacked what they must hold.
  package internal(set) var malformed: UInt64 = 0

  var verdicts: [Verdict]
  /// VIPs whose rung changed during this input, each once, and by which shift.
  private var moved: [VIPSlot]
  private var movedBy: [UInt32?]
  /// What stands now for those, in their order.
  private var standings: [Standing?]
  /// What route tables should say.
  var wishes: RouteWishes
  /// What is announced of the kernel's routes.
  package internal(set) var exporter: Exporter
  /// Whether shifts have arrived.
  var confirmations: Confirmations
  /// The speaking side of hello.
  var speaking: HelloSpeaker
  /// The time of the last input.
  package internal(set) var latest = Instant(nanoseconds: .min)
  var hasStarted = false
  private(set) var isStopping = false
  /// When sessions end that stay for a while after a stop.
  private var drained: Instant?
  /// Everything that a stop asks for was put out.
  package private(set) var hasStopped = false

  /// `run` is the number of this run, greater than that of any run before.
  package init(_ plan: Plan, seed: UInt64, run: UInt64 = 1) {
    self.plan = plan
    self.run = run
    self.seed = seed
    speaking = HelloSpeaker(plan, start: run)
    wishes = RouteWishes(plan)
    exporter = Exporter(plan)
    confirmations = Confirmations(plan)
    failover = Failover(plan)
    speaker = Speaker(plan, seed: seed)
    // Other numbers than the sessions' waits, which a peer can see.
    probes = Probes(plan, seed: ~seed)
    verdicts = []
    verdicts.reserveCapacity(plan.vips.count)
    moved = []
    moved.reserveCapacity(plan.vips.count)
    movedBy = Array(repeating: nil, count: plan.vips.count)
    standings = []
    standings.reserveCapacity(plan.vips.count)
    causes = Array(repeating: nil, count: plan.vips.count)
    // Whoever drives the engine opens this socket first, and says so.
    _ = feeds[0].need(.plan)
  }

  /// What led to a VIP's last change.
  package func cause(of vip: VIPSlot) -> Trigger? { causes[vip.index] }

  package mutating func memoryWasTaken() { hasUnsavedMemory = false }

  /// Whether the group's socket is needed.
  package var isSpeaking: Bool { plan.group != nil }

  /// The class of links and addresses.
  package var interfaces: KernelFeed { feeds[0] }

  /// One class of kernel news.
  package func feed(_ kernelClass: KernelClass) -> KernelFeed { feeds[Int(kernelClass.rawValue)] }

  /// Whether a monitor holds this class open.
  package func isWatched(_ kernelClass: KernelClass) -> Bool {
    feeds[Int(kernelClass.rawValue)].needs.contains(.monitor)
  }

  /// Whether a loss in this class is known and its dump has not begun.
  package func awaitsDump(_ kernelClass: KernelClass) -> Bool {
    if case .waiting = feeds[Int(kernelClass.rawValue)].state { return true }
    return false
  }

  /// When `.turn` is due if nothing else comes.
  package var deadline: Instant? {
    // No list of them: it would be made on the heap, at each turn.
    var earliest = Instant.earlier(speaker.deadline, failover.deadline)
    earliest = Instant.earlier(earliest, helloDeadline)
    earliest = Instant.earlier(earliest, probes.deadline)
    earliest = Instant.earlier(earliest, confirmations.deadline)
    earliest = Instant.earlier(earliest, drained)
    earliest = Instant.earlier(earliest, wishDeadline)
    earliest = Instant.earlier(earliest, exportDeadline)
    for index in feeds.indices { earliest = Instant.earlier(earliest, feeds[index].deadline) }
    return earliest
  }

  /// The bytes of an armed volley, without a copy.
  package borrowing func withBytes<Result>(
    of volley: VolleyID, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    speaker.magazine.withBytes(of: volley, body)
  }

  /// Takes one input and writes what follows from it.
  package mutating func handle(
    _ input: Input, _ bytes: Span<UInt8>, at now: Instant, into outputs: inout Outputs
  ) {
    let before = begin(outputs, at: now)
    if isQuietNews(input) { wishes.outdate() }
    switch input {
    case .opened(let kernelClass, let port):
      opened(kernelClass, port: port, at: now, into: &outputs)
    case .openFailed(let kernelClass, let code):
      openFailed(kernelClass, code: code, at: now, into: &outputs)
    case .kernel(let kernelClass):
      if kernelClass == .routes { routesAreRead(false, at: now) }
      read(bytes, kernelClass, at: now, into: &outputs)
    case .overrun(let kernelClass): lose(kernelClass, .overrun, at: now, into: &outputs)
    case .drained(let kernelClass):
      if kernelClass == .routes { routesAreRead(true, at: now) }
      drained(kernelClass, at: now, into: &outputs)
    case .dumpFailed(let kernelClass, let code):
      outputs.add(.note(.alarm(.dumpRefused(kernelClass, code: code))))
      dumpFailed(kernelClass, .refusedDump, at: now, into: &outputs)
    case .watched(let kernelClass): need(kernelClass, .monitor, into: &outputs)
    case .unwatched(let kernelClass): release(kernelClass, .monitor, into: &outputs)
    case .doubted(let index): ask(for: index, into: &outputs)
    case .connected(let peer):
      speaker.handle(.connected, ConnectionSlot(peer, .outgoing), at: now, into: &outputs)
    case .connectFailed(let peer):
      speaker.handle(.connectFailed, ConnectionSlot(peer, .outgoing), at: now, into: &outputs)
    case .accepted(let peer): speaker.accepted(peer, at: now, into: &outputs)
    case .received(let connection): speaker.receive(bytes, connection, at: now, into: &outputs)
    case .closed(let connection): speaker.handle(.closed, connection, at: now, into: &outputs)
    case .held(let connection): speaker.held(connection, at: now)
    case .taken(let connection): speaker.taken(connection, at: now, into: &outputs)
    case .acknowledged(let connection): speaker.acknowledged(connection)
    case .hello(let fellow): heard(fellow, bytes, at: now, into: &outputs)
    case .paused(let length): paused(for: length, at: now, into: &outputs)
    case .probe(let event): probe(event, bytes, at: now, into: &outputs)
    case .recalled(let isSameBoot): recall(bytes, isSameBoot: isSameBoot, into: &outputs)
    case .command(let command): obey(command, at: now, into: &outputs)
    case .doomed(let isPending): heed(isPending, at: now, into: &outputs)
    case .turn: turn(at: now, into: &outputs)
    case .idle: speaker.arm(failover)
    case .stop: stop(at: now, into: &outputs)
    }
    conclude(since: before, at: now, into: &outputs)
  }

  /// The answer is where among the notes those of this input will begin.
  mutating func begin(_ outputs: borrowing Outputs, at now: Instant) -> Int {
    precondition(now >= latest, "time runs backwards")
    latest = now
    return outputs.notes.count
  }

  /// What follows from any input.
  mutating func conclude(since before: Int, at now: Instant, into outputs: inout Outputs) {
    if failover.hasDoubted { reconsider(at: now, into: &outputs) }
    if !moved.isEmpty { announceMoved(at: now, into: &outputs) }
    noteNews()
    if failover.hasOccurrences { tellOccurrences(into: &outputs) }
    if !hasStarted { startSessions(at: now, into: &outputs) }
    followSessions()
    // When nobody hears it any more, leaving slowly is only slow.
    if let drained, now >= drained || !speaker.isHeard { finishStopping(at: now, into: &outputs) }
    // Whatever was said, moved or proved may have changed what route tables should say.
    if outputs.notes.count > before { wishes.outdate() }
    heedComplaints(since: before, into: &outputs)
  }

  private mutating func turn(at now: Instant, into outputs: inout Outputs) {
    if let due = failover.deadline, now >= due { wishes.outdate() }
    failover.turn(at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    speaker.turn(at: now, into: &outputs)
    turnFeeds(at: now, into: &outputs)
    turnProbes(at: now, into: &outputs)
    turnConfirmations(at: now, into: &outputs)
    turnHello(at: now, into: &outputs)
    turnWishes(at: now, into: &outputs)
    turnExports(at: now, into: &outputs)
    judgeWriter()
  }

  /// This process stood still: what was due meanwhile proves nothing about others.
  private mutating func paused(
    for length: Nanoseconds, at now: Instant, into outputs: inout Outputs
  ) {
    speaking.pauses += 1
    failover.paused(for: length, at: now)
    probes.noteAbsence(for: length, at: now)
    confirmations.paused(for: length)
    outputs.add(.note(.paused(length)))
  }

  private mutating func obey(
    _ command: OperatorCommand, at now: Instant, into outputs: inout Outputs
  ) {
    lastAnswer = failover.obey(command, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    if case .outOfService(let vip, let isOut) = command, lastAnswer == .done {
      serviceChanges += 1
      hasUnsavedMemory = true
      outputs.add(.note(.outOfService(vip, isOut)))
    }
  }

  private mutating func heed(
    _ isDoomed: Bool, at now: Instant, into outputs: inout Outputs
  ) {
    // Whoever places addresses is told by a file, as of an operator's word.
    if failover.doom(isDoomed, at: now, into: &verdicts) { serviceChanges += 1 }
    apply(at: now, into: &outputs)
  }

  /// Leaves at once: a machine that goes must not look frozen. When the Plan says so, route servers
  /// hear first that the VIPs are resigned and about to go, and the sessions stay for a while.
  /// Whoever asks again does not want to wait for that.
  private mutating func stop(at now: Instant, into outputs: inout Outputs) {
    guard !isStopping else { return finishStopping(at: now, into: &outputs) }
    isStopping = true
    leaveTables()
    sayGoodbye(into: &outputs)
    let length = plan.routeServers.drain
    guard length > .zero, speaker.isHeard else {
      return finishStopping(at: now, into: &outputs)
    }
    drained = now + length
    speaker.drain(at: now, into: &outputs)
    outputs.add(.note(.draining(length)))
  }

  private mutating func finishStopping(at now: Instant, into outputs: inout Outputs) {
    drained = nil
    hasStopped = true
    speaker.stop(at: now, into: &outputs)
    probes.stop(at: now, into: &outputs.probes)
    confirmations.stop(into: &outputs.probes)
  }

  // MARK: Verdicts

  /// Sessions begin when the kernel was heard: the first announcement is true, or it is not made.
  mutating func startSessions(at now: Instant, into outputs: inout Outputs) {
    guard !hasStarted, !isStopping, !plan.isShadow, failover.isReady else { return }
    hasStarted = true
    speaker.start(at: now, into: &outputs)
  }

  /// Whether this input has moved a VIP, of which nobody was told yet.
  var isMoving: Bool { !moved.isEmpty }

  mutating func apply(at now: Instant, into outputs: inout Outputs) {
    for verdict in verdicts { apply(verdict, at: now, into: &outputs) }
    verdicts.removeAll(keepingCapacity: true)
  }

  private mutating func apply(
    _ verdict: Verdict, at now: Instant, into outputs: inout Outputs
  ) {
    let vip = verdict.vip
    switch verdict.judgement {
    case .unchanged: return
    case .ready: speaker.prepare(vip)
    case .stand, .resign, .stepBack, .followed: announce(vip, shift: 0)
    case .claim(_, let isLast):
      shifts += 1
      announce(vip, shift: shifts)
      if isLast { outputs.add(.note(.alarm(.lastRung(vip)))) }
    case .moved:
      shifts += 1
      announce(vip, shift: shifts)
    case .exhausted: outputs.add(.note(.alarm(.outOfRungs(vip))))
    case .allDown: outputs.add(.note(.alarm(.allDown(vip))))
    case .recovered: outputs.add(.note(.recovered(vip)))
    case .withdraw(let isClaim): announceVacancy(vip, isClaim && speaker.standing(vip) != nil)
    case .restore(let isClaim): announceVacancy(vip, isClaim)
    }
  }

  /// A claim that goes or comes back moves the next hop; with another verdict of the same input it
  /// is one shift.
  private mutating func announceVacancy(_ vip: VIPSlot, _ isShift: Bool) {
    if isShift, (movedBy[vip.index] ?? 0) == 0 { shifts += 1 }
    announce(vip, shift: isShift ? shifts : 0)
  }

  mutating func announce(_ vip: VIPSlot, shift: UInt32) {
    if movedBy[vip.index] == nil { moved.append(vip) }
    movedBy[vip.index] = max(movedBy[vip.index] ?? 0, shift)
  }

  /// Announces what stands now for each VIP that moved: however often it moved during one input,
  /// that is one UPDATE, and none when it ended where it was.
  private mutating func announceMoved(at now: Instant, into outputs: inout Outputs) {
    failover.standings(of: moved, into: &standings)
    let trigger = failover.trigger
    let cause = outputs.keep(trigger)
    for index in moved.indices {
      let vip = moved[index]
      let shift = movedBy[vip.index] ?? 0
      movedBy[vip.index] = nil
      // Whoever is leaving says nothing new.
      guard !isStopping, let standing = standings[index] else { continue }
      let before = speaker.standing[vip.index]
      if let before, before == standing { continue }
      causes[vip.index] = trigger
      hasUnsavedMemory = true
      // It may be all that has happened, as when an operator has chosen.
      wishes.outdate()
      speaker.announce(vip, standing, shift: shift, at: now, into: &outputs)
      outputs.change(vip, from: before, to: standing, shift: shift, trigger: cause)
      confirm(vip, from: before, to: standing, shift: shift, at: now, into: &outputs)
    }
    standings.removeAll(keepingCapacity: true)
    moved.removeAll(keepingCapacity: true)
  }

  private mutating func tellOccurrences(into outputs: inout Outputs) {
    failover.takeOccurrences { occurrence in
      switch occurrence {
      case .health(let host, let health): outputs.add(.note(.health(host, health)))
      case .ownNetwork(let state): outputs.add(.note(.ownNetwork(state)))
      case .fellow(let fellow, let isAlive): outputs.add(.note(.fellow(fellow, isAlive: isAlive)))
      case .placement(let vip, let placement):
        serviceChanges += 1
        hasUnsavedMemory = true
        outputs.add(.note(.placement(vip, placement)))
      }
    }
  }
}

// MARK: State

extension Engine {
  /// Whether nothing is in the middle of being done: no dump runs, and every output of the inputs
  /// before was carried out. Only then is the state complete without what was heard meanwhile.
  package var isQuiet: Bool {
    moved.isEmpty && verdicts.isEmpty
      && feeds.allSatisfy {
        if case .dumping = $0.state { false } else { true }
      }
  }

  /// Everything that an engine made from the same Plan, seed and run needs to go on in this one's
  /// place, with the same outputs. To be asked when it is quiet, behind `.idle`.
  package mutating func state() -> [UInt8] {
    precondition(isQuiet, "a state in the middle of something")
    var keeper = Keeper()
    keep(in: &keeper)
    return keeper.finish()
  }

  /// Goes on where another stood; false when the bytes are none of this version and Plan, and then
  /// this engine must not be used.
  package mutating func restore(_ state: [UInt8]) -> Bool {
    var keeper = Keeper(reading: state)
    keep(in: &keeper)
    return keeper.isComplete()
  }

  private mutating func keep(in keeper: inout Keeper) {
    failover.keep(in: &keeper)
    speaker.keep(in: &keeper)
    keeper.keep(each: &feeds) { $0.keep(in: &$1) }
    probes.keep(in: &keeper)
    keeper.keep(&shifts)
    keeper.keep(each: &causes) {
      $1.keep(&$0, blank: .start) { $0.keep(in: &$1) }
    }
    keeper.keep(&hasUnsavedMemory)
    keeper.keep(&serviceChanges)
    keeper.keep(&malformed)
    speaking.keep(in: &keeper)
    wishes.keep(in: &keeper)
    exporter.keep(in: &keeper)
    confirmations.keep(in: &keeper)
    keeper.keep(&latest)
    keeper.keep(&hasStarted)
    keeper.keep(&isStopping)
    keeper.keep(&drained)
    keeper.keep(&hasStopped)
  }
}
