// The loop's side of a reload: another Plan takes over, and every descriptor that is still of use.

import BGP
import Chronicle
import Control
import Engine
import Journal
import Linux
import Model
import Probes
import Seal

extension Loop {
  /// What came of a reload.
  enum Reloaded {
    case done
    /// The file says what is followed already.
    case same
    /// Every problem, ready to print.
    case refused(String)
    /// Something was under way for all the time that there was.
    case busy
  }

  /// An operator's request about the configuration.
  mutating func takeReload(_ request: Request, _ client: ControlClient, at now: Instant) {
    let answer: (ExitCode, String)
    switch (request.words.first, request.words.count) {
    case (nil, _): return want(.client(client, id: request.id, trial: nil), at: now)
    case ("confirm", 2):
      let trial = Int64(request.words[1]).map(Nanoseconds.milliseconds)
      if let trial, trial > .zero, trial <= Reloads.longestTrial {
        return want(.client(client, id: request.id, trial: trial), at: now)
      }
      answer = (.usage, "reload is confirmed within milliseconds, a day of them at most")
    case ("keep", 1):
      answer = reloads.trial == nil ? (.failure, "no reload waits to be confirmed") : (.ok, "")
      if reloads.trial != nil {
        log.notice(.reloadKept, "configuration: the reload was confirmed and stays")
      }
      reloads.trial = nil
    case ("rollback", 1):
      if reloads.trial != nil { return want(.rollback(client, id: request.id), at: now) }
      answer = (.failure, "no reload waits to be confirmed")
    default: answer = (.usage, "reload takes confirm and a time, keep, rollback, or nothing")
    }
    client.enqueue(JSONLine.end(id: request.id, code: answer.0, message: answer.1))
  }

  /// One at a time: the second is told to come again.
  private mutating func want(_ asker: Reloads.Asker, at now: Instant) {
    guard reloads.wanted == nil else { return tell(.busy, asker) }
    reloads.ask(asker, at: now)
  }

  /// Carries out what was asked for, as soon as nothing is in the middle of being done.
  mutating func reloadIfAsked(at now: Instant) {
    if let trial = reloads.trial, now >= trial.ends, reloads.wanted == nil {
      reloads.ask(.time, at: now)
    }
    if reloads.wanted == nil, reloads.isAskedAgain {
      reloads.isAskedAgain = false
      reloads.ask(.signal, at: now)
    }
    guard let wanted = reloads.wanted, now >= reloads.nextLook else { return }
    guard let read = wanted.read else { return read(for: wanted, at: now) }
    reloads.wanted = nil
    switch read {
    case .failure(let problem): tell(.refused(problem.text), wanted.asker)
    case .success(let next):
      let outcome = reload(next, isOnTrial: isOnTrial(wanted.asker), at: now)
      if case .busy = outcome, now < wanted.until || isOfTime(wanted.asker) {
        reloads.wanted = wanted
        return reloads.lookAgain(after: now)
      }
      switch outcome {
      case .done, .same: settle(wanted.asker, at: now)
      // A trial that cannot be taken back was not let begin; should it be so, it is over.
      case .refused where isOfTime(wanted.asker): reloads.trial = nil
      case .refused, .busy: break
      }
      tell(outcome, wanted.asker)
    }
  }

  /// Whether what was before the trial is wanted, and not what the file says.
  private func isOfBefore(_ asker: Reloads.Asker) -> Bool {
    switch asker {
    case .time, .rollback: true
    case .signal, .client: false
    }
  }

  /// A trial that is over ends however long it takes.
  private func isOfTime(_ asker: Reloads.Asker) -> Bool {
    if case .time = asker { true } else { false }
  }

  private func isOnTrial(_ asker: Reloads.Asker) -> Bool {
    if case .client(_, _, _?) = asker { true } else { false }
  }

  /// Has the file read beside the loop, or takes what was in force before.
  private mutating func read(for wanted: Reloads.Wanted, at now: Instant) {
    switch wanted.asker {
    case .time, .rollback:
      let former = reloads.trial.map { Result<Configured, Reloads.ReadProblem>.success($0.former) }
      reloads.hasRead(former ?? .failure(.init(text: "nothing to go back to\n")), at: now)
      return reloadIfAsked(at: now)
    case .signal, .client: break
    }
    guard !reloads.isReading else {
      guard now >= wanted.until else { return }
      reloads.wanted = nil
      reloads.isAbandoned = true
      let words = "\(facts.configuration): error: the disk does not answer\n"
      return tell(.refused(words), wanted.asker)
    }
    // It has read long ago. Right after its answer it may still have to get a processor to end on,
    // and the loop waits for nobody.
    if let thread = readerThread.take() { thread.join() }
    do throws(Errno) {
      readerThread = try reader.begin(facts.configuration)
      reloads.isReading = true
    } catch {
      let words = "\(facts.configuration): error: no thread to read it: \(error)\n"
      reloads.hasRead(.failure(.init(text: words)), at: now)
    }
  }

  /// The file was read.
  mutating func takeConfiguration(at now: Instant) throws(Errno) {
    guard let read = try reader.take() else { return }
    reloads.isReading = false
    if !reloads.isAbandoned, reloads.wanted?.read == nil { reloads.hasRead(read, at: now) }
    reloads.isAbandoned = false
  }

  /// A reload that stays is the word that whatever was on trial stays; one on trial goes back to
  /// what was there before the first that was.
  private mutating func settle(_ asker: Reloads.Asker, at now: Instant) {
    if case .client(_, _, let length?) = asker {
      guard let former = reloads.trial?.former ?? reloads.former else { return }
      reloads.trial = Reloads.Trial(former: former, ends: now + length)
    } else {
      reloads.trial = nil
    }
    reloads.former = nil
  }

  private mutating func tell(_ outcome: Reloaded, _ asker: Reloads.Asker) {
    let words = Loop.words(outcome)
    switch outcome {
    // A trial that could not be taken back is what the file says.
    case .refused: facts.wasRefused = facts.wasRefused || !isOfBefore(asker)
    // What is followed again is not what the file says.
    case .done, .same: facts.wasRefused = isOfBefore(asker)
    case .busy: break
    }
    switch asker {
    case .client(let client, let id, _), .rollback(let client, let id):
      answer(outcome, words, client, id)
    case .signal: break
    case .time: break
    }
    guard words.code == .ok else {
      log.warning(.reloadRefused, "configuration: not reloaded, and nothing has changed")
      for line in words.text.split(separator: "\n") {
        log.warning(.mistake, "configuration: \(line)")
      }
      return
    }
    switch asker {
    case .time:
      log.warning(
        .reloadTakenBack, "configuration: nobody has confirmed the reload; what was before is back")
    case .rollback:
      log.notice(.reloadTakenBack, "configuration: what was before is back, as an operator asked")
    case .client(_, _, let trial?):
      log.notice(
        .reloaded, "configuration: \(words.text), on trial for \(trial.milliseconds) ms",
        [("TRIAL_MS", "\(trial.milliseconds)")])
    case .client, .signal: log.notice(.reloaded, "configuration: \(words.text)")
    }
  }

  private static func words(_ outcome: Reloaded) -> (code: ExitCode, text: String) {
    switch outcome {
    case .done: (.ok, "reloaded")
    case .same: (.ok, "reloaded; it says what was followed already")
    case .refused(let text): (.badConfiguration, text)
    case .busy: (.failure, "something is under way for too long: ask again")
    }
  }

  private func answer(
    _ outcome: Reloaded, _ words: (code: ExitCode, text: String), _ client: ControlClient,
    _ id: String
  ) {
    var bytes: [UInt8] = []
    if case .refused(let text) = outcome {
      for problem in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        var line = JSONLine(id: id, type: "problem")
        line.add("text", String(problem))
        bytes += line.finish()
      }
    } else if words.code == .ok {
      var line = JSONLine(id: id, type: "reloaded")
      line.add("changed", !isSame(outcome))
      if let trial = reloads.trial {
        line.add("confirm-ms", (trial.ends - Clock.monotonic()).milliseconds)
      }
      bytes += line.finish()
    }
    let message = words.code == .badConfiguration ? "nothing has changed" : words.text
    bytes += JSONLine.end(
      id: id, code: words.code, message: words.code == .ok ? "" : message)
    client.enqueue(bytes)
  }

  private func isSame(_ outcome: Reloaded) -> Bool {
    if case .same = outcome { true } else { false }
  }

  // MARK: Taking over

  /// Follows another Plan from now on, or says why not; then nothing has changed.
  private mutating func reload(
    _ next: Configured, isOnTrial: Bool, at now: Instant
  ) -> Reloaded {
    reloads.former = nil
    let former = Configured(
      plan: plan, text: facts.configurationText, protection: protection, key: group?.key)
    var obstacles = obstacles(from: former, to: next)
    if obstacles.isEmpty, isOnTrial {
      // What was there before the first trial is what it would go back to.
      obstacles = self.obstacles(from: next, to: reloads.trial?.former ?? former, isBack: true)
      let advice = "it could not be taken back: reload without --confirm\n"
      if !obstacles.isEmpty { obstacles += advice }
    }
    guard obstacles.isEmpty else { return .refused(obstacles) }
    let isSame = next.plan == plan && next.protection == protection
    guard isSame || engine.canBeSucceeded && connections.allSatisfy(\.isAtRest) else {
      return .busy
    }
    do throws(Errno) {
      try door.protect(next.plan, next.protection)
    } catch {
      return .refused("the password of the sessions: \(error)\n")
    }
    let isSameKey = group?.key == next.key
    if let group, let wanted = next.plan.group, let key = next.key {
      group.succeed(wanted, key: key, at: now, log: log)
    }
    facts.configurationText = next.text
    facts.configurationSum = Checksum.of(next.text.span)
    reloads.former = former
    if isSame { return isSameKey ? .same : .done }
    takeOver(next, at: now)
    return .done
  }

  /// One line for each thing that only a new start can take up; `isBack`: of the way back from
  /// `former`, which is not followed yet.
  private func obstacles(
    from former: Configured, to next: Configured, isBack: Bool = false
  ) -> String {
    var lines = Succession.obstacles(from: former.plan, to: next.plan).map(\.sentence)
    if !facts.mayOpenRawSockets, ProbeSockets.needRawSockets(next.plan) {
      lines.append("probes by arp or icmp need a capability that was given up: they need a restart")
    }
    if let group, let key = next.key, let taken = former.key {
      if isBack, !group.canTake(key, after: taken) {
        lines.append("group: the key from before the trial would be a third one then")
      } else if !isBack, !group.canTake(key) {
        lines.append("group: not all speakers have the last key: reload them first, or restart")
      }
    }
    let isLoose =
      next.protection.password == nil && former.protection.password != nil
      || next.protection.hops == nil && former.protection.hops != nil
    if isLoose, door.facts.sockets > 0 {
      lines.append("route-servers: to let unprotected connections in again needs a restart")
    }
    return lines.map { "\(facts.configuration): error: \($0)\n" }.joined()
  }

  private mutating func takeOver(_ next: Configured, at now: Instant) {
    let succession = Succession(from: plan, to: next.plan)
    let kept = engine.sessionsKept(
      for: next.plan, hasSamePassword: protection == next.protection)
    finishTurn(at: now)
    engine.retire(for: next.plan, keeping: kept, at: now, into: &outputs)
    carryOut(at: now)
    finishTurn(at: now)
    // What these sockets have to say is of sessions that are over.
    consequences.removeAll(keepingCapacity: true)
    hangUpProbes(succession)

    var fresh = Outputs(for: next.plan)
    var successor = Engine(
      next.plan, succeeding: &engine, keeping: kept, at: now, into: &fresh)
    probeSockets = ProbeSockets(
      next.plan, successor.probes, after: probeSockets, engine.probes, succession)
    swap(&engine, &successor)
    outputs = fresh
    plan = next.plan
    protection = next.protection
    succeedBooks(succession, kept, at: now)
    succeedConnections(kept)
    openProbeSockets()
    watchLines()
    carryOut(at: now)
    conclude(at: now)
    heedEvents(at: now)
    finishTurn(at: now)
    Memory.giveBack()
  }

  /// What is kept for people goes on under the new names, and the journal begins anew: its numbers
  /// are those of one Plan.
  private mutating func succeedBooks(
    _ succession: Succession, _ kept: [PeerSlot?], at now: Instant
  ) {
    (carriedOut, recorded, greeted) = (0, 0, 0)
    timeline = Timeline(for: plan)
    salvo = Salvo(for: engine.speaker.magazine)
    allowances = LogAllowances(for: plan)
    tracks = TrackFiles(plan, after: tracks, succession)
    var outcomes = RouteOutcomes(vips: plan.vips.count)
    outcomes.succeed(self.outcomes, succession)
    self.outcomes = outcomes
    var measures = Measures(for: plan)
    measures.succeed(self.measures, succession)
    self.measures = measures
    var history = History(for: plan)
    history.succeed(self.history, succession, peers: kept.map { $0?.index })
    self.history = history
    for client in control.recording { client.endRecording() }
    control.endFollowing()
    let beginning = Loop.beginning(plan, engine.seed, engine.run, facts)
    recorder = Recorder(beginning, at: now, state: engine.state())
  }

  /// Connections of sessions that go on get the numbers of their route servers.
  private mutating func succeedConnections(_ kept: [PeerSlot?]) {
    let longest = engine.speaker.magazine.longest
    var fresh = Loop.connections(of: plan, longest: longest)
    for (peer, former) in kept.enumerated() {
      guard let former else { continue }
      for side in ConnectionSide.allCases {
        let slot = ConnectionSlot(PeerSlot(peer), side)
        let connection = connections[ConnectionSlot(former, side).index]
        connection.succeed(as: slot.peer, vips: plan.vips.count, longest: longest)
        fresh[slot.index] = connection
      }
    }
    connections = fresh
    for index in connections.indices { updateInterest(ConnectionSlot(index: index)) }
  }
}
