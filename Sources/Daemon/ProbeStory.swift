// What the probes found out, as records for monitors.

import Chronicle
import Control
import Engine
import Model
import Probes

enum ProbeStory {
  static func record(
    _ note: ProbeNote, _ id: String, _ at: Instant, _ engine: borrowing Engine
  ) -> [UInt8] {
    let plan = engine.plan
    let slot = ProbeWords.slot(of: note)
    var line = JSONLine(id: id, type: "target")
    line.add("at-ns", at.nanoseconds)
    line.add("host", plan.hosts[plan.targets[slot.index].host.index].name)
    line.add("target", VIPWords.words(plan.targets[slot.index].evidence))
    switch note {
    case .signal(_, let signal, let reason):
      line.add("state", signal.description)
      line.add("reason", reason.description)
      if let last = engine.probes.target(slot)?.liveness.lastAnswer {
        line.add("last-answer-ns", last.nanoseconds)
      } else {
        line.addNull("last-answer-ns")
      }
    default: line.add("event", ProbeWords.words(note, plan))
    }
    return line.finish()
  }
}
