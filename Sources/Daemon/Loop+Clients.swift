// The loop's side of the control socket: one request of each client in a turn.

import Chronicle
import Control
import Engine
import Linux
import Model

extension Loop {
  /// One request of each client: the kernel and the route servers are looked at in between.
  mutating func answerClients(at now: Instant) {
    guard control.hasWork else { return }
    let moment = Moment(
      facts: facts, door: door.facts, group: group, turned: status.lastTurn, turns: turns,
      pauses: pauses, outcomes: outcomes, tables: tableReports, events: machineEvents,
      measures: measures,
      hasCourier: control.hasCourier, vacated: departure.told, now: now)
    var wasReported = false
    let state = stateIfAsked()
    var commands: [(Request, ControlClient)] = []
    Loop.answer(
      control, engine: engine, connections: connections, sources: sources, recorder: recorder,
      state: state, history: history, moment: moment, wasReported: &wasReported,
      commands: &commands)
    if wasReported { turns.wereReported() }
    for (request, client) in commands { obey(request, client, at: now) }
    finishTurn(at: now)
  }

  private static func answer(
    _ control: borrowing ControlServer, engine: borrowing Engine, connections: [Connection],
    sources: [KernelSource], recorder: borrowing Recorder, state: [UInt8]?,
    history: History, moment: Moment, wasReported: inout Bool,
    commands: inout [(Request, ControlClient)]
  ) {
    for client in control.waiting {
      guard let request = client.takeRequest() else { continue }
      if request.verb.isWriting, client.mayRead {
        commands.append((request, client))
        continue
      }
      Report.answer(
        request, to: client, engine: engine, connections: connections, sources: sources,
        recorder: recorder, state: state, history: history, moment: moment)
      if request.verb == .status { wasReported = true }
    }
  }
}
