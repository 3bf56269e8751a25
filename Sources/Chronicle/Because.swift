// Why a VIP was looked at, as the half sentence behind "because".

package import Failover
package import Model

package enum Because {
  /// `link` is what the kernel says now of the link that the trigger names, when it still has it.
  package static func of(_ trigger: Trigger, _ plan: Plan, link: Link? = nil) -> String {
    switch trigger {
    case .start: return "that is what was found at the start"
    case .relisted: return "the kernel's links and addresses were read again after a loss"
    case .address(let address, let isGone):
      return "\(address) \(isGone ? "left this machine" : "came to this machine")"
    case .link(let index):
      guard let link else { return "link \(index) changed" }
      return "link \(link.name) \(link.isRunning ? "runs" : "does not run")"
    case .evidence(let target, let signal): return evidence(target, signal, plan)
    case .fellowSilent(let fellow): return "speaker \(VIPWords.speaker(fellow, plan)) is silent"
    case .fellowHeard(let fellow): return "speaker \(VIPWords.speaker(fellow, plan)) is heard"
    case .fellowSaid(let fellow):
      return "speaker \(VIPWords.speaker(fellow, plan)) said so"
    case .time: return "a wait was over"
    case .operatorsWord: return "an operator asked for it"
    case .scheduledEvent: return "of what Azure has scheduled for this machine"
    case .fellowDoomed(let fellow):
      return "of what Azure has scheduled for the machine of speaker "
        + VIPWords.speaker(fellow, plan)
    }
  }

  /// The evidence that the trigger is, as the configuration calls it; nil for other triggers.
  package static func evidence(_ trigger: Trigger, _ plan: Plan) -> String? {
    guard case .evidence(let target, _) = trigger else { return nil }
    return VIPWords.words(plan.targets[target.index].evidence)
  }

  private static func evidence(
    _ slot: TargetSlot, _ signal: Signal, _ plan: Plan
  ) -> String {
    let target = plan.targets[slot.index]
    let host = plan.hosts[target.host.index].name
    switch target.evidence {
    case .probe(let probe): return answer(of: host, to: probe, signal)
    case .link(let name):
      return "link \(name), which speaks for \(host), \(signal.isUp ? "runs" : "does not run")"
    case .address(let address):
      return "\(address), which speaks for \(host), is \(signal.isUp ? "here" : "not here")"
    case .route(let prefix):
      return "the route \(prefix), which speaks for \(host), is \(signal.isUp ? "there" : "gone")"
    case .neighbour(let address):
      return signal == .down
        ? "the kernel could not reach \(host) at \(address)"
        : "the kernel's neighbour entry of \(host) is \(signal)"
    }
  }

  private static func answer(
    of host: String, to probe: Plan.Probe, _ signal: Signal
  ) -> String {
    let kind = name(of: probe)
    switch signal {
    case .down where kind == "BFD": return "BFD with \(host) went down"
    case .up where kind == "BFD": return "BFD with \(host) came up"
    case .down: return "\(host) did not answer \(count(probe.fall, kind)) in a row"
    case .up: return "\(host) answered \(count(probe.rise, kind)) in a row"
    case .failing: return "\(host) did not answer the last \(kind) probe"
    case .unknown, .neutral: return "the \(kind) probe of \(host) is \(signal)"
    }
  }

  private static func count(_ number: Int, _ kind: String) -> String {
    number == 1 ? "1 \(kind) probe" : "\(number) \(kind) probes"
  }

  private static func name(of probe: Plan.Probe) -> String {
    switch probe.kind {
    case .arp: "ARP"
    case .icmp: "ICMP"
    case .tcp: "TCP"
    case .http: "HTTP"
    case .bfd: "BFD"
    }
  }
}
