// Reading a table: what stands there, what of it is done, and what somebody else has changed.

import Model

extension Table {
  mutating func lookAnswered(
    _ result: Result<Answer, Loss>, at now: Instant, _ budget: inout Budget,
    into outputs: inout [TableOutput]
  ) {
    switch result {
    case .failure(let loss): lookFailed(.lost(loss), at: now, into: &outputs)
    case .success(let answer):
      let meaning = answer.meaning
      if case .unauthorised = meaning {} else { refusals = 0 }
      switch meaning {
      case .fine:
        guard answer.status == 200, let table = TableRecord(answer.body) else {
          return lookFailed(.unreadable, at: now, into: &outputs)
        }
        saw(table, at: now, into: &outputs)
      case .accepted, .changed: lookFailed(.unreadable, at: now, into: &outputs)
      case .busy(let complaint, let after):
        lookFailed(.busy(complaint), after: after, at: now, into: &outputs)
      case .throttled(let complaint, let after):
        budget.block(until: now + (after ?? throttleWait()))
        lookFailed(.throttled(complaint), after: .zero, at: now, into: &outputs)
      case .unauthorised(let complaint):
        tokenRefused(into: &outputs)
        lookFailed(.unauthorised(complaint), after: tokenWait(), at: now, into: &outputs)
      case .forbidden(let complaint):
        lookFailed(.forbidden(complaint), at: now, into: &outputs)
      case .absent(let complaint), .homeless(let complaint):
        lookFailed(.homeless(complaint), at: now, into: &outputs)
      case .refused(let complaint):
        lookFailed(.refused(complaint), at: now, into: &outputs)
      case .failing(let complaint, let after):
        lookFailed(.failing(complaint), after: after, at: now, into: &outputs)
      }
    }
  }

  private mutating func lookFailed(
    _ trouble: Trouble, after: Nanoseconds? = nil, at now: Instant,
    into outputs: inout [TableOutput]
  ) {
    lookFailures += 1
    let backoff = trouble.isForPeople ? Backoff.forPeople : Backoff.trouble
    let pause = now + (after ?? backoff.wait(after: lookFailures, &dice))
    lookAt = pause
    lookPause = pause
    for index in tasks.indices where tasks[index].isDirty {
      tell(RouteSlot(index), trouble, into: &outputs)
    }
  }

  private mutating func saw(
    _ table: TableRecord, at now: Instant, into outputs: inout [TableOutput]
  ) {
    lookFailures = 0
    lookPause = nil
    view = View(table)
    hasLooked = true
    lookAt = now + dice.jittered(Table.lookPeriod)
    outputs.append(.read(table))
    for index in tasks.indices {
      guard tasks[index].intent != nil || !tasks[index].isCrowd else { continue }
      let record = view?.route(named: tasks[index].route.name)
      judge(RouteSlot(index), record, at: now, into: &outputs)
    }
  }

  private mutating func judge(
    _ slot: RouteSlot, _ record: RouteRecord?, at now: Instant,
    into outputs: inout [TableOutput]
  ) {
    let index = slot.index
    let isForeign = tasks[index].isForeign(record)
    tasks[index].seen = .some(record)
    if record?.state != .underWay { tasks[index].isUncertain = false }
    guard let intent = tasks[index].intent, intent.wish != .notOurs else { return }
    if tasks[index].isFulfilled(by: record) {
      if case .removed = intent.wish, let record, tasks[index].settled != intent.generation {
        // Somebody has led it elsewhere: it is theirs now, and that is told.
        outputs.append(.told(slot, intent.generation, .drifted(record)))
      }
      return fulfilled(slot, intent, into: &outputs)
    }
    if record?.state == .underWay {
      // Ours whose answer was lost, or somebody else's: it is not written over before its end.
      let since = tasks[index].underWaySince ?? now
      tasks[index].underWaySince = since
      if now < since + Table.operationLimit {
        let wait = max(Table.underWayWait, (now - since) / 4)
        lookAt = min(lookAt, now + wait)
        return
      }
    } else {
      tasks[index].underWaySince = nil
    }
    if tasks[index].settled == intent.generation {
      drifted(slot, intent, record, at: now, into: &outputs)
    } else if isForeign {
      doubt(slot, until: now + Table.foreignWait)
    }
  }

  private mutating func fulfilled(
    _ slot: RouteSlot, _ intent: Intent, into outputs: inout [TableOutput]
  ) {
    let index = slot.index
    tasks[index].underWaySince = nil
    tasks[index].failures = 0
    tasks[index].notBefore = nil
    tasks[index].toldTrouble = nil
    tasks[index].toldDrift = nil
    tasks[index].isRepair = false
    guard tasks[index].settled != intent.generation else { return }
    tasks[index].settled = intent.generation
    outputs.append(.told(slot, intent.generation, .done))
  }

  /// It was as wished, and is not any more.
  private mutating func drifted(
    _ slot: RouteSlot, _ intent: Intent, _ record: RouteRecord?, at now: Instant,
    into outputs: inout [TableOutput]
  ) {
    let index = slot.index
    if tasks[index].toldDrift != .some(record) {
      tasks[index].toldDrift = .some(record)
      outputs.append(.told(slot, intent.generation, .drifted(record)))
    }
    guard policy == .repair else { return }
    guard tasks[index].repairs < Table.repairLimit else {
      return tell(slot, .contested, into: &outputs)
    }
    let next = tasks[index].repairedAt.map { $0 + Table.repairPause } ?? now
    guard now >= next else {
      lookAt = min(lookAt, next)
      return
    }
    tasks[index].repairs += 1
    tasks[index].repairedAt = now
    tasks[index].isRepair = true
    tasks[index].settled = nil
    // Whoever changed it may have claimed: only whom the daemon calls the claimant repairs.
    doubt(slot, until: now + Table.foreignWait)
  }
}
