// What the probes found out, in words that the log, records and replays share.

package import Model
package import Probes

package enum ProbeWords {
  /// Nil for what moves nothing: a first loss, of which the host's own line says what it comes to.
  static func sentence(_ note: ProbeNote, _ plan: Plan) -> NoteSentence? {
    let name = name(slot(of: note), plan)
    switch note {
    case .signal(_, .failing, _): return nil
    case .signal(_, let signal, let reason):
      return NoteSentence(
        signal == .down ? .warning : .notice, "\(name) is \(signal): \(reason)")
    case .macChanged, .disputed: return NoteSentence(.warning, "\(name): \(words(note, plan))")
    case .proxied: return NoteSentence(.notice, "\(name): \(words(note, plan))")
    }
  }

  package static func slot(of note: ProbeNote) -> TargetSlot {
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

  package static func words(_ note: ProbeNote, _ plan: Plan) -> String {
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

  static func sentence(
    _ port: InterfaceName, _ code: Int32, errno name: (Int32) -> String
  ) -> String {
    "arp on \(port) is not possible: \(advice(code, name)); "
      + "its targets stay unknown, everything else goes on"
  }

  static func sentence(
    _ socket: ProbeSocket, _ code: Int32, errno name: (Int32) -> String
  ) -> String {
    let what =
      switch socket {
      case .echo: "icmp is not possible"
      case .bfd: "bfd is not possible on port \(BFDTransport.port)"
      case .bfdMultihop: "bfd is not possible on port \(BFDTransport.multihopPort)"
      }
    return "\(what): \(advice(code, name)); its targets stay unknown, everything else goes on"
  }

  /// EPERM and EACCES, as linux/errno-base.h numbers them.
  private static let refusals: [Int32] = [1, 13]

  private static func advice(_ code: Int32, _ name: (Int32) -> String) -> String {
    refusals.contains(code) ? "\(name(code)): it needs CAP_NET_RAW" : name(code)
  }
}
