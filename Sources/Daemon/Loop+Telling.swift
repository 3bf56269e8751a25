// The loop's last word of a turn: what monitors, the log and systemd hear of it.

import BGP
import Chronicle
import Engine
import Failover
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
      case .paused(let length): isOneOfMany = !pauses.allows(length, at: now)
      default: break
      }
      // Before the log, whose entry of a confirmation has the time of that stage.
      remember(note, stamp)
      if !isOneOfMany {
        Story.log(
          note, at: stamp, plan: plan, engine: engine, connections: connections,
          stages: StageFields(timeline, history), allowances: &allowances, log: log)
      }
      Story.publish(
        note, at: stamp, plan: plan, engine: engine, history: history, to: control)
      status.heed(note)
    }
    if rungs > Loop.rungLines {
      log.notice(
        .withheld, "and \(rungs - Loop.rungLines) more VIPs in the same turn",
        [("COUNT", "\(rungs - Loop.rungLines)")])
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
        .withheld,
        "this process stood still \(count) more times, the longest for \(longest.milliseconds) ms; "
          + "a machine that is always late sees a death in up to twice the time",
        [("COUNT", "\(count)")])
    }
    while let (subject, count) = allowances.nextWithheld(at: now) {
      log.warning(
        .withheld, "\(words(subject, count)) more lines were withheld\(present(subject))",
        [("COUNT", "\(count)")])
    }
  }

  private func words(_ subject: LogSubject, _ count: UInt64) -> String {
    switch subject {
    case .routeServer(let slot):
      "route server \(plan.routeServers.peers[slot.index]): \(count)"
    case .strangers: "connections from route servers: \(count)"
    case .host(let slot): "host \(plan.hosts[slot.index].name): \(count)"
    case .target(let slot):
      "host \(plan.hosts[plan.targets[slot.index].host.index].name): "
        + "\(VIPWords.words(plan.targets[slot.index].evidence)): \(count)"
    case .speaker(let slot): "speaker \(VIPWords.speaker(slot, plan)): \(count)"
    case .routes(let slot): "vip \(plan.vips[slot.index].name): routes: \(count)"
    }
  }

  /// How it stands now, where that is one word.
  private func present(_ subject: LogSubject) -> String {
    switch subject {
    case .routeServer(let slot): ", now \(engine.speaker.sessions[slot.index].state)"
    case .host(let slot): ", now \(engine.failover.hosts[slot].health)"
    case .target(let slot): ", now \(engine.failover.hosts.signals[slot.index].signal)"
    case .strangers, .speaker, .routes: ""
    }
  }
}
