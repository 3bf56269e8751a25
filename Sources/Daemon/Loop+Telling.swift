// The loop's last word of a turn: what monitors, the log and systemd hear of it.

import BGP
import Engine
import Linux
import Model

extension Loop {
  /// Tells every note of the turn, when everything readable was read and answered.
  mutating func tell(at now: Instant) {
    var rungs = 0
    var told = 0
    for place in 0..<outputs.count {
      guard case .note(let note) = outputs[place] else { continue }
      let stamp = timeline.stamps[told]
      told += 1
      var isOneOfMany = false
      switch note {
      case .standing:
        rungs += 1
        isOneOfMany = rungs > Loop.rungLines
      case .session(let peer, _, _): isOneOfMany = !sessionLines.allows(peer, at: now)
      case .paused(let length): isOneOfMany = !pauses.allows(length, at: now)
      default: break
      }
      if !isOneOfMany {
        Story.log(note, plan: plan, engine: engine, connections: connections, log: log)
      }
      Story.publish(
        note, at: stamp, plan: plan, engine: engine, history: history, to: control)
      remember(note, stamp)
      status.heed(note)
    }
    if rungs > Loop.rungLines {
      log.notice("and \(rungs - Loop.rungLines) more VIPs in the same turn")
    }
    rememberStages()
    Story.publish(timeline, plan: plan, to: control)
  }

  /// Tells systemd how we are. When it knows that we are ready, what only starting needed goes.
  mutating func tellService(at now: Instant) {
    guard status.turn(at: now, engine: engine) else { return }
    Memory.giveBack()
  }

  /// Says how many lines were not written, and how it stands now.
  mutating func tellWithheldLines(at now: Instant) {
    if let (count, longest) = pauses.nextWithheld(at: now) {
      log.warning(
        "this process stood still \(count) more times, the longest for \(longest.milliseconds) ms; "
          + "a machine that is always late sees a death in up to twice the time")
    }
    while let (index, count) = sessionLines.nextWithheld(at: now) {
      guard index < plan.routeServers.peers.count else {
        log.warning("connections from route servers: \(count) more lines were withheld")
        continue
      }
      let state = engine.speaker.sessions[index].state
      log.warning(
        "route server \(plan.routeServers.peers[index]): \(count) more lines were withheld, "
          + "now \(state)")
    }
  }
}
