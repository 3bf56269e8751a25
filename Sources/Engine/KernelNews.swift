// The engine's ear: datagrams of each class become facts, and losses become dumps.

import BGP
import Failover
import Model
import Probes
import Rtnetlink

extension Engine {
  // MARK: Sockets

  mutating func opened(
    _ kernelClass: KernelClass, port: UInt32, at now: Instant, into outputs: inout Outputs
  ) {
    feeds[Int(kernelClass.rawValue)].opened(port: port, at: now)
    recent[Int(kernelClass.rawValue)].removeAll()
    beginConfirming(kernelClass)
    ask(kernelClass, into: &outputs)
  }

  mutating func openFailed(
    _ kernelClass: KernelClass, code: Int32, at now: Instant, into outputs: inout Outputs
  ) {
    feeds[Int(kernelClass.rawValue)].openFailed(at: now)
    outputs.add(.note(.alarm(.notOpened(kernelClass, code: code))))
  }

  mutating func need(_ kernelClass: KernelClass, _ who: Needs, into outputs: inout Outputs) {
    if feeds[Int(kernelClass.rawValue)].need(who) { outputs.add(.subscribe(kernelClass)) }
  }

  mutating func release(_ kernelClass: KernelClass, _ who: Needs, into outputs: inout Outputs) {
    if feeds[Int(kernelClass.rawValue)].release(who) { outputs.add(.unsubscribe(kernelClass)) }
  }

  // MARK: Datagrams

  mutating func read(
    _ bytes: Span<UInt8>, _ kernelClass: KernelClass, at now: Instant, into outputs: inout Outputs
  ) {
    let slot = Int(kernelClass.rawValue)
    var cursor = FactCursor(port: feeds[slot].port)
    var isPart = false
    while true {
      let step = cursor.next(in: bytes)
      if cursor.sawInterruption { feeds[slot].noteInterruption() }
      switch step {
      case .fact(let fact):
        // What is left of a dump that was given up is older than news that came before it.
        if cursor.isListed, !feeds[slot].isOurs(cursor.sequence) { continue }
        if case .dumping = feeds[slot].state {
          isPart = isPart || cursor.isListed
          guard isNew(fact, slot, isListed: cursor.isListed) else { continue }
        }
        take(fact, kernelClass, isListed: cursor.isListed, at: now, into: &outputs)
      case .skipped: continue
      case .malformed:
        malformed += 1
        lose(kernelClass, .malformed, at: now, into: &outputs)
        return
      case .end:
        if isPart { recent[slot].partEnded() }
        return
      }
    }
  }

  /// Whether a fact that comes while a dump runs still says something: a part of the dump may be
  /// older than the news before it.
  private mutating func isNew(_ fact: Fact, _ slot: Int, isListed: Bool) -> Bool {
    guard isListed else {
      recent[slot].note(fact)
      return true
    }
    switch recent[slot].worth(of: fact) {
    case .valid: return true
    case .overtaken:
      if case .route(let route, _) = fact { exportsPassed(route) }
      return false
    case .unknown:
      feeds[slot].noteInterruption()
      return true
    }
  }

  private mutating func take(
    _ fact: Fact, _ kernelClass: KernelClass, isListed: Bool, at now: Instant,
    into outputs: inout Outputs
  ) {
    switch fact {
    case .address(let address):
      probes.learned(address)
      failover.learned(address, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      tell(fact, as: .address(address), isListed, kernelClass, into: &outputs)
    case .addressGone(let address):
      probes.lost(address)
      failover.lost(address, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      outputs.add(.note(.addressGone(address)))
      if case .v4 = address.address { changedSilently(at: now, into: &outputs) }
    case .link(let link): take(link, at: now, into: &outputs)
    case .linkGone(let index):
      let before = failover.lost(index, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      probesLost(index, at: now, into: &outputs)
      outputs.add(.note(.linkGone(index, before: before)))
      changedSilently(at: now, into: &outputs)
    case .nextHopGone:
      outputs.add(.note(.heard(fact)))
      changedSilently(at: now, into: &outputs)
    case .route(let route, let arrival):
      judge(route, isGone: false, at: now, into: &outputs)
      exportsLearned(route, arrival, at: now, into: &outputs)
      tell(fact, as: .heard(fact), isListed, kernelClass, into: &outputs)
    case .routeGone(let route):
      judge(route, isGone: true, at: now, into: &outputs)
      exportsLost(route, at: now, into: &outputs)
      tell(fact, as: .heard(fact), isListed, kernelClass, into: &outputs)
    case .neighbour(let neighbour):
      // First what the entry says: who answers for it may make an old failure count.
      judge(neighbour, isGone: false, at: now, into: &outputs)
      probesLearned(neighbour, at: now, into: &outputs)
      tell(fact, as: .heard(fact), isListed, kernelClass, into: &outputs)
    case .neighbourGone(let neighbour):
      judge(neighbour, isGone: true, at: now, into: &outputs)
      tell(fact, as: .heard(fact), isListed, kernelClass, into: &outputs)
    case .nextHop:
      tell(fact, as: .heard(fact), isListed, kernelClass, into: &outputs)
    case .dumpDone, .refused, .overrun: take(control: fact, kernelClass, at: now, into: &outputs)
    }
  }

  private mutating func judge(
    _ route: Route, isGone: Bool, at now: Instant, into outputs: inout Outputs
  ) {
    failover.learned(route, isGone: isGone, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
  }

  private mutating func judge(
    _ neighbour: Neighbour, isGone: Bool, at now: Instant, into outputs: inout Outputs
  ) {
    failover.learned(neighbour, isGone: isGone, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
  }

  private mutating func take(_ link: Link, at now: Instant, into outputs: inout Outputs) {
    let before = failover.learned(link, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    probesLearned(link, at: now, into: &outputs)
    // Its addresses were told under the other name, and the kernel does not repeat them.
    if let before, before.name != link.name, probes.concerns(link.index) {
      lose(.interfaces, .silentChange, at: now, into: &outputs)
    }
    guard before != link else { return }
    outputs.add(.note(.link(link, before: before)))
    if let before, before.isUp, !link.isUp { changedSilently(at: now, into: &outputs) }
  }

  /// What the first dump lists is no news; what a later one lists is for those who keep a copy.
  private func tell(
    _ fact: Fact, as note: Note, _ isListed: Bool, _ kernelClass: KernelClass,
    into outputs: inout Outputs
  ) {
    if !isListed {
      outputs.add(.note(note))
    } else if !feeds[Int(kernelClass.rawValue)].isFirstRound {
      outputs.add(.note(.listed(fact)))
    }
  }

  private mutating func take(
    control fact: Fact, _ kernelClass: KernelClass, at now: Instant, into outputs: inout Outputs
  ) {
    let slot = Int(kernelClass.rawValue)
    switch fact {
    case .dumpDone(let sequence, let interrupted):
      guard feeds[slot].isOurs(sequence) else { return }
      if interrupted { feeds[slot].noteInterruption() }
      dumpEnded(kernelClass, at: now, into: &outputs)
    case .refused(let sequence, let code):
      guard feeds[slot].isOurs(sequence) else { return }
      if code == Engine.notSupported, feeds[slot].state == .dumping(.nextHops) {
        // A kernel built without next hop objects has none to list.
        dumpEnded(kernelClass, at: now, into: &outputs)
        return
      }
      outputs.add(.note(.alarm(.dumpRefused(kernelClass, code: code))))
      dumpFailed(kernelClass, .refusedDump, at: now, into: &outputs)
    default: lose(kernelClass, .overrun, at: now, into: &outputs)
    }
  }

  /// EOPNOTSUPP.
  private static let notSupported: Int32 = 95

  // MARK: Dumps

  private mutating func dumpEnded(
    _ kernelClass: KernelClass, at now: Instant, into outputs: inout Outputs
  ) {
    switch feeds[Int(kernelClass.rawValue)].dumpEnded(at: now) {
    case .nothing: return
    case .next: ask(kernelClass, into: &outputs)
    case .failed:
      outputs.add(.note(.stale(kernelClass, .interruptedDump)))
      alarmIfFailing(kernelClass, into: &outputs)
    case .firstComplete where kernelClass != .interfaces:
      isComplete(kernelClass, at: now, into: &outputs)
      outputs.add(.note(.complete(kernelClass)))
    case .firstComplete:
      interfacesAreComplete(at: now, into: &outputs)
      outputs.add(.note(.current(kernelClass)))
    case .complete where kernelClass == .interfaces:
      interfacesAreComplete(at: now, into: &outputs)
      // The loss may have hidden what takes routes along: that a link went down and came up again,
      // or that an address went which no VIP waits for.
      changedSilently(at: now, into: &outputs)
      outputs.add(.note(.current(kernelClass)))
    case .complete:
      isComplete(kernelClass, at: now, into: &outputs)
      outputs.add(.note(.current(kernelClass)))
    }
    if kernelClass == .routes { heedRouteDoubt(at: now, into: &outputs) }
  }

  private mutating func isComplete(
    _ kernelClass: KernelClass, at now: Instant, into outputs: inout Outputs
  ) {
    failover.isComplete(kernelClass, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    if kernelClass == .routes { routesAreComplete(at: now) }
  }

  mutating func becameStale(_ kernelClass: KernelClass) {
    failover.becameStale(kernelClass)
    if kernelClass == .routes { routesBecameStale() }
  }

  private mutating func interfacesAreComplete(at now: Instant, into outputs: inout Outputs) {
    let gone = failover.viewIsComplete(at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    for link in gone {
      probesLost(link.index, at: now, into: &outputs)
      outputs.add(.note(.linkGone(link.index, before: link)))
    }
    probes.dropUnconfirmed()
    beginEvidence(at: now, into: &outputs)
  }

  mutating func dumpFailed(
    _ kernelClass: KernelClass, _ reason: StaleReason, at now: Instant, into outputs: inout Outputs
  ) {
    guard feed(kernelClass).isOpen else { return }
    becameStale(kernelClass)
    feeds[Int(kernelClass.rawValue)].failed(at: now)
    outputs.add(.note(.stale(kernelClass, reason)))
    alarmIfFailing(kernelClass, into: &outputs)
  }

  /// Messages were lost: nothing is decided on this class until a complete dump was read.
  mutating func lose(
    _ kernelClass: KernelClass, _ reason: StaleReason, at now: Instant, into outputs: inout Outputs
  ) {
    let slot = Int(kernelClass.rawValue)
    guard feeds[slot].isOpen else { return }
    let isKnown = awaitsDump(kernelClass) && !feeds[slot].awaitsOnlySilentChange
    becameStale(kernelClass)
    feeds[slot].lostMessages(at: now)
    // While one loss waits for its dump, another is counted and changes nothing.
    if isKnown { return }
    outputs.add(.note(.stale(kernelClass, reason)))
    alarmIfFailing(kernelClass, into: &outputs)
  }

  /// Routes may be gone without a word.
  mutating func changedSilently(at now: Instant, into outputs: inout Outputs) {
    let slot = Int(KernelClass.routes.rawValue)
    guard feeds[slot].changedSilently(at: now) else { return }
    becameStale(.routes)
    outputs.add(.note(.stale(.routes, .silentChange)))
  }

  private func alarmIfFailing(_ kernelClass: KernelClass, into outputs: inout Outputs) {
    let feed = feed(kernelClass)
    guard feed.alarmIsDue else { return }
    outputs.add(.note(.alarm(.dumpsFailing(kernelClass, times: feed.failures))))
  }

  mutating func drained(_ kernelClass: KernelClass, at now: Instant, into outputs: inout Outputs) {
    feeds[Int(kernelClass.rawValue)].drained()
    dumpIfDue(kernelClass, at: now, into: &outputs)
  }

  mutating func turnFeeds(at now: Instant, into outputs: inout Outputs) {
    for slot in feeds.indices {
      let kernelClass = feeds[slot].kernelClass
      if feeds[slot].reopensNow(at: now) { outputs.add(.subscribe(kernelClass)) }
      if feeds[slot].staleAlarmIsDue(at: now) {
        outputs.add(.note(.alarm(.staleForLong(kernelClass))))
      }
      dumpIfDue(kernelClass, at: now, into: &outputs)
    }
  }

  private mutating func dumpIfDue(
    _ kernelClass: KernelClass, at now: Instant, into outputs: inout Outputs
  ) {
    let slot = Int(kernelClass.rawValue)
    guard feeds[slot].isDue(at: now) else { return }
    feeds[slot].begin(at: now)
    recent[slot].removeAll()
    beginConfirming(kernelClass)
    ask(kernelClass, into: &outputs)
  }

  private func ask(_ kernelClass: KernelClass, into outputs: inout Outputs) {
    if let request = feed(kernelClass).request { outputs.add(request) }
  }

  // MARK: Doubt

  /// Asks for one link at once, on the socket of its class.
  mutating func ask(for index: InterfaceIndex, into outputs: inout Outputs) {
    guard interfaces.isOpen else { return }
    outputs.add(.askLink(index, sequence: feeds[0].nextNumber()))
  }

  /// A session that was lost, or does not come up, puts the link of our own address in doubt.
  mutating func heedComplaints(since start: Int, into outputs: inout Outputs) {
    var isComplaint = false
    for index in start..<outputs.notes.count {
      guard case .session(_, _, let reason?) = outputs.notes[index] else { continue }
      switch reason {
      case .holdTimerExpired, .sendHoldTimerExpired, .closed, .connectFailed, .connectTimedOut:
        isComplaint = true
      case .notificationReceived(let code, _): isComplaint = isComplaint || code == Engine.silence
      case .notificationSent, .stopped: continue
      }
    }
    guard isComplaint else { return }
    for place in 0..<failover.localInterfaceCount {
      ask(for: failover.localInterface(place), into: &outputs)
    }
  }

  /// Hold Timer Expired: the peer has not heard us (RFC 4271 section 4.5).
  private static let silence: UInt8 = 4
}
