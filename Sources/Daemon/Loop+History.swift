// The loop's side of the history: shifts as they are told, and how far they come.

import Chronicle
import Engine
import Failover
import Model

extension Loop {
  mutating func remember(_ note: Note, _ stamp: Stamp) {
    if case .confirmed(_, let shift) = note {
      history.confirmed(shift, stamp.seen)
      measures.confirmed(shift, at: stamp.seen)
    }
    if case .wish(let vip, let wish, let generation) = note {
      measures.wished(vip, generation, at: stamp.decided)
      history.wished(vip, wish, generation)
    }
    guard case .standing(let vip, let from, let to, let shift, let trigger) = note, shift != 0
    else { return }
    timeline.remember(shift, vip, seen: stamp.seen)
    measures.decided(shift, vip, seen: stamp.seen, at: stamp.decided)
    history.remember(
      Shift(
        number: shift, vip: vip, from: from, to: to, trigger: trigger,
        link: Story.link(of: note, engine), seen: stamp.seen, decided: stamp.decided,
        heldBack: engine.failover.heldBack(vip, shiftedAt: stamp.seen)))
  }

  /// How far a shift has come in route tables, as the courier says.
  mutating func rememberOutcome(_ vip: VIPSlot, _ outcome: RouteOutcomes.Outcome, at now: Instant) {
    guard let generation = outcome.number(inRun: engine.run) else { return }
    switch outcome.stage {
    case .accepted: history.accepted(vip, generation, now)
    case .done:
      guard let shift = history.settled(vip, generation, now) else { return }
      Story.tellTabled(
        shift, plan, at: now, stages: StageFields(timeline, history), log: log, to: control)
    case .queued, .written, .foreign, .failed: return
    }
  }

  /// Stages of this turn, also of shifts of earlier turns.
  mutating func rememberStages() {
    for reached in timeline.stages {
      switch reached.stage {
      case .written:
        history.written(reached.shift, at: reached.peer, reached.at)
        measures.written(reached.shift, at: reached.peer, reached.at)
      case .acknowledged:
        history.acknowledged(reached.shift, at: reached.peer, reached.at)
        measures.acknowledged(reached.shift, at: reached.peer, reached.at)
      }
    }
  }
}
