// What operators ask for, and what must not be forgotten of it.

import Chronicle
import Control
import Engine
import Failover
import Linux
import Model
import Redistribution

extension Loop {
  /// Carries out the commands of one request and answers it.
  mutating func obey(_ request: Request, _ client: ControlClient, at now: Instant) {
    guard client.mayWrite || request.verb.isTelling && client.mayTell else {
      let text = "not allowed: be root or a member of group \(ControlServer.writers)"
      return client.enqueue(JSONLine.end(id: request.id, code: .noPermission, message: text))
    }
    if request.verb == .reload { return takeReload(request, client, at: now) }
    if request.verb == .report { return take(request, client, at: now) }
    if request.verb == .events { return takeEvents(request, client, at: now) }
    switch CommandRequest.parse(request, plan) {
    case .failure(let error):
      client.enqueue(JSONLine.end(id: request.id, code: error.code, message: error.text))
    case .success(let wanted):
      var isGood = true
      for command in wanted.commands {
        let answer = obey(command, isDryRun: wanted.isDryRun, at: now)
        isGood = isGood && CommandReport.isGood(answer)
        client.enqueue(
          CommandReport.record(
            request.id, command, answer, isDryRun: wanted.isDryRun, engine, now))
      }
      client.enqueue(
        JSONLine.end(
          id: request.id, code: isGood ? .ok : .failure,
          message: isGood ? "" : "not everything was done"))
    }
  }

  private mutating func obey(
    _ command: OperatorCommand, isDryRun: Bool, at now: Instant
  ) -> OperatorAnswer {
    if isDryRun { return engine.failover.answer(to: command, at: now) }
    feed(.command(command), at: now)
    return engine.lastAnswer
  }

  /// What became of a route: kept for `desired` and told to who follows it.
  private mutating func take(_ request: Request, _ client: ControlClient, at now: Instant) {
    if request.words.first == TableReports.word {
      let error = tableReports.take(request.words)
      return client.enqueue(
        JSONLine.end(id: request.id, code: error == nil ? .ok : .usage, message: error?.text ?? ""))
    }
    switch outcomes.take(request.words, plan, at: now) {
    case .failure(let error):
      client.enqueue(JSONLine.end(id: request.id, code: .usage, message: error.text))
    case .success(let vip):
      if let outcome = outcomes[vip] {
        measures.reported(vip, outcome, run: engine.run, at: now)
        rememberOutcome(vip, outcome, at: now)
        control.publish(.desired) { RouteOutcomes.record($0, vip, outcome, plan, now) }
      }
      client.enqueue(JSONLine.end(id: request.id, code: .ok, message: ""))
    }
  }

  /// What Azure is about to do to this machine: kept for `status`, and told in the log.
  private mutating func takeEvents(_ request: Request, _ client: ControlClient, at now: Instant) {
    switch machineEvents.take(request.words) {
    case .failure(let error):
      client.enqueue(JSONLine.end(id: request.id, code: .usage, message: error.text))
    case .success(let lines):
      for line in lines { log.warning(.machineEvent, line) }
      client.enqueue(JSONLine.end(id: request.id, code: .ok, message: ""))
      heedEvents(at: now)
    }
  }

  /// Follows the events as the present configuration wants it; where they are off, nobody tells
  /// when one is over.
  mutating func heedEvents(at now: Instant) {
    let mode = plan.azure?.scheduledEvents ?? .off
    if mode == .off { machineEvents = MachineEvents() }
    let isDoomed = mode == .shift && !machineEvents.events.isEmpty
    if isDoomed != engine.failover.isDoomed { feed(.doomed(isDoomed), at: now) }
  }

  /// Tells whoever follows what of the kernel's routes is to stand in route tables.
  mutating func tellTables(at now: Instant) {
    guard engine.tableRoutes.generation != toldTables else { return }
    TableSetReport.publish(since: toldTables, engine, now, to: control)
    toldTables = engine.tableRoutes.generation
  }

  /// Tells whoever follows that no traffic comes here any more: then an event may begin.
  mutating func tellDeparture(at now: Instant) {
    let events = engine.failover.isDoomed ? machineEvents.events.map(\.id) : []
    let isEmpty = !events.isEmpty && Departure.isEmpty(engine)
    guard departure.turn(events, isEmpty: isEmpty, at: now) else { return }
    let told = departure.told
    if !told.isEmpty { log.notice(.vacated, "the traffic has left this machine") }
    control.publish(.desired) { DesiredReport.vacated($0, told) }
  }

  /// Writes down what has changed; it runs when everything else of a turn is done.
  mutating func keepState(at now: Instant) {
    tracks.keep(engine, at: now, log: log)
    guard state.isDue(at: now, hasChanged: engine.hasUnsavedMemory) else { return }
    engine.memoryWasTaken()
    state.save(engine.memory(isEnding: false), at: now, log: log)
  }
}
