// What answers to writes and polls do to a table.

import Model

extension Table {
  mutating func answered(
    _ call: CallID, _ result: Result<Answer, Loss>, at now: Instant, _ budget: inout Budget,
    into outputs: inout [TableOutput]
  ) {
    if look == call {
      look = nil
      lookAnswered(result, at: now, &budget, into: &outputs)
    } else if let write, write.call == call {
      self.write?.call = nil
      if write.poll == nil {
        writeAnswered(write, result, at: now, &budget, into: &outputs)
      } else {
        pollAnswered(write, result, at: now, &budget, into: &outputs)
      }
    }
    // Any other call was overtaken, and its answer may be older than what overtook it.
  }

  // MARK: Writes

  private mutating func writeAnswered(
    _ write: Write, _ result: Result<Answer, Loss>, at now: Instant, _ budget: inout Budget,
    into outputs: inout [TableOutput]
  ) {
    switch result {
    case .failure(.notSent(let reason)):
      end(write, .lost(.notSent(reason)), at: now, into: &outputs)
    case .failure(let loss):
      tasks[write.slot.index].isUncertain = true
      // It may have been carried out; the read that follows settles it.
      end(write, .lost(loss), at: now, into: &outputs)
    case .success(let answer):
      understood(write, answer.meaning, at: now, &budget, into: &outputs)
    }
  }

  private mutating func understood(
    _ write: Write, _ meaning: Meaning, at now: Instant, _ budget: inout Budget,
    into outputs: inout [TableOutput]
  ) {
    if isTokenGood(meaning) { refusals = 0 }
    switch meaning {
    case .fine:
      tasks[write.slot.index].isUncertain = true
      outputs.append(.told(write.slot, write.intent.generation, .accepted))
      finish(at: now)
    case .accepted(let watch):
      tasks[write.slot.index].isUncertain = true
      outputs.append(.told(write.slot, write.intent.generation, .accepted))
      follow(watch, at: now)
    case .changed:
      // The table's tag moves with every change of any route, so this is routine. It may also be
      // that somebody else has claimed: the daemon is asked while the table is read.
      doubt(write.slot, until: now)
      finish(at: now)
    case .busy(let complaint, let after):
      end(write, .busy(complaint), after: after, at: now, into: &outputs)
    case .throttled(let complaint, let after):
      budget.block(until: now + (after ?? throttleWait()))
      end(write, .throttled(complaint), after: .zero, at: now, into: &outputs)
    case .unauthorised(let complaint):
      tokenRefused(into: &outputs)
      end(write, .unauthorised(complaint), after: tokenWait(), at: now, into: &outputs)
    case .forbidden(let complaint):
      end(write, .forbidden(complaint), at: now, into: &outputs)
    case .absent(let complaint):
      // A route that is not there is what a DELETE is for; a PUT misses its table.
      if write.intent.wish.isRemoval {
        finish(at: now)
      } else {
        end(write, .homeless(complaint), at: now, into: &outputs)
      }
    case .homeless(let complaint):
      end(write, .homeless(complaint), at: now, into: &outputs)
    case .refused(let complaint):
      end(write, .refused(complaint), at: now, into: &outputs)
    case .failing(let complaint, let after):
      tasks[write.slot.index].isUncertain = true
      end(write, .failing(complaint), after: after, at: now, into: &outputs)
    }
  }

  /// The write is over as far as we can follow it; what came of it is read.
  private mutating func finish(at now: Instant) {
    write = nil
    distrustView(at: now)
  }

  /// The write came to nothing, or nobody knows. It is tried again later if the read that follows
  /// shows that it is still needed.
  private mutating func end(
    _ write: Write, _ trouble: Trouble, after: Nanoseconds? = nil, at now: Instant,
    into outputs: inout [TableOutput]
  ) {
    self.write = nil
    distrustView(at: now)
    let index = write.slot.index
    let isCurrent = tasks[index].intent == write.intent
    // What was wrong with the old word says nothing of the new one.
    if case .refused = trouble, !isCurrent { return }
    tasks[index].failures += 1
    let backoff = trouble.isForPeople ? Backoff.forPeople : Backoff.trouble
    let wait = after ?? backoff.wait(after: tasks[index].failures, &dice)
    tasks[index].notBefore = now + wait
    // Nothing is learned from a read before the wait is over, except of a write that got lost.
    switch trouble {
    case .lost(.unanswered): break
    // Of many routes one is wrong: that is no reason for the others to wait.
    case .refused where tasks[index].isCrowd: break
    default: lookAt = now + wait
    }
    if isCurrent { tell(write.slot, trouble, into: &outputs) }
  }

  mutating func tell(
    _ slot: RouteSlot, _ trouble: Trouble, into outputs: inout [TableOutput]
  ) {
    guard let intent = tasks[slot.index].intent, tasks[slot.index].toldTrouble != trouble else {
      return
    }
    tasks[slot.index].toldTrouble = trouble
    outputs.append(.told(slot, intent.generation, .waiting(trouble)))
  }

  // MARK: Tokens and throttling

  private func isTokenGood(_ meaning: Meaning) -> Bool {
    if case .unauthorised = meaning { false } else { true }
  }

  /// A token may expire on its way: a new one is asked for, once. If that is refused too, time has
  /// to pass.
  mutating func tokenRefused(into outputs: inout [TableOutput]) {
    refusals += 1
    outputs.append(.renewToken)
    waitsForToken = refusals == 1
  }

  /// What waited only because there was no token goes on at once.
  mutating func tokenChanged(at now: Instant) {
    waitsForToken = false
    let missing = Trouble.lost(.notSent(.noToken))
    for index in tasks.indices where tasks[index].toldTrouble == missing {
      tasks[index].notBefore = nil
      lookPause = nil
      lookAt = now
    }
  }

  func tokenWait() -> Nanoseconds? { refusals == 1 ? .zero : nil }

  mutating func throttleWait() -> Nanoseconds { dice.jittered(.seconds(5)) }

  // MARK: Operations

  private mutating func follow(_ watch: Watch, at now: Instant) {
    // A URL of another host is not asked: it would get our token.
    let operation = watch.operation.flatMap { Request.poll($0, of: endpoint) }
    let location = watch.location.flatMap { Request.poll($0, of: endpoint) }
    guard let request = operation ?? location else { return finish(at: now) }
    let wait = watch.after ?? Backoff.polling.first
    write?.poll = Poll(
      request: request, isLocation: operation == nil, due: now + wait,
      deadline: now + Table.operationLimit)
  }

  private mutating func pollAnswered(
    _ write: Write, _ result: Result<Answer, Loss>, at now: Instant, _ budget: inout Budget,
    into outputs: inout [TableOutput]
  ) {
    guard let poll = write.poll else { return }
    var pause = Backoff.polling.wait(after: poll.count, &dice)
    if case .success(let answer) = result {
      switch poll.isLocation ? answer.locationProgress : answer.operationProgress {
      case .running(let after): pause = after ?? pause
      case .succeeded, .forgotten: return finish(at: now)
      case .failed(let complaint):
        return end(write, .operationFailed(complaint), at: now, into: &outputs)
      case .unclear(.unauthorised): tokenRefused(into: &outputs)
      case .unclear(.throttled(_, let after)):
        budget.block(until: now + (after ?? throttleWait()))
      case .unclear(let meaning):
        if case .busy(_, let after?) = meaning { pause = after }
        if case .failing(_, let after?) = meaning { pause = after }
      }
    }
    self.write?.poll?.due = now + pause
  }

  mutating func giveUpOperation(at now: Instant, into outputs: inout [TableOutput]) {
    guard let write else { return }
    end(write, .operationNeverEnds, after: .zero, at: now, into: &outputs)
  }
}
