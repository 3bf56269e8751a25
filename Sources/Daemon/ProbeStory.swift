// What the probes found out, as lines for the log and records for monitors.

import Control
import Engine
import Linux
import Model
import Probes

enum ProbeStory {
  static func log(_ note: ProbeNote, plan: Plan, log: Log) {
    switch note {
    // A first loss moves nothing; the host's own line says what the others come to.
    case .signal(_, .failing, _): return
    case .signal(let slot, let signal, let reason):
      let line = "\(name(slot, plan)) is \(signal): \(reason)"
      if signal == .down { log.warning(line) } else { log.notice(line) }
    case .macChanged, .disputed: log.warning("\(name(slot(of: note), plan)): \(words(note, plan))")
    case .proxied: log.notice("\(name(slot(of: note), plan)): \(words(note, plan))")
    }
  }

  static func record(
    _ note: ProbeNote, _ id: String, _ at: Instant, _ engine: borrowing Engine
  ) -> [UInt8] {
    let plan = engine.plan
    let slot = slot(of: note)
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
    default: line.add("event", words(note, plan))
    }
    return line.finish()
  }

  private static func slot(of note: ProbeNote) -> TargetSlot {
    switch note {
    case .signal(let slot, _, _), .macChanged(let slot, _, _), .proxied(let slot, _),
      .disputed(let slot):
      slot
    }
  }

  private static func name(_ slot: TargetSlot, _ plan: Plan) -> String {
    let target = plan.targets[slot.index]
    return "host \(plan.hosts[target.host.index].name): \(VIPWords.words(target.evidence))"
  }

  private static func words(_ note: ProbeNote, _ plan: Plan) -> String {
    switch note {
    case .signal(_, let signal, let reason): "\(signal): \(reason)"
    case .macChanged(_, let before, let mac): "\(mac) answers now, not \(before)"
    case .disputed: "somebody answers without being asked; such answers do not count"
    case .proxied(_, nil): "the host answers for itself again"
    case .proxied(_, .azure):
      "local fabric only: Azure answers ARP for every address, so this says nothing of the host"
    case .proxied(_, .shared(let other)):
      "local fabric only: host \(plan.hosts[other.index].name) answers with the same MAC, so this "
        + "says nothing of the host"
    }
  }

  static func sentence(_ port: InterfaceName, _ code: Int32) -> String {
    "arp on \(port) is not possible: \(advice(code)); "
      + "its targets stay unknown, everything else goes on"
  }

  static func sentence(_ socket: ProbeSocket, _ code: Int32) -> String {
    let what =
      switch socket {
      case .echo: "icmp is not possible"
      case .bfd: "bfd is not possible on port \(BFDTransport.port)"
      case .bfdMultihop: "bfd is not possible on port \(BFDTransport.multihopPort)"
      }
    return "\(what): \(advice(code)); its targets stay unknown, everything else goes on"
  }

  private static func advice(_ code: Int32) -> String {
    let error = Errno(code: code)
    guard error == .notPermitted || error == .accessDenied else { return "\(error)" }
    return "\(error): it needs CAP_NET_RAW"
  }
}
