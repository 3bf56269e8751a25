// The engine's side of confirming: shifts that are asked for, and what came of it.

import Failover
package import Model
package import Probes

extension Engine {
  /// How the asking about a VIP's last shift stands; nil when nobody asks.
  package func confirmation(of vip: VIPSlot) -> (state: ConfirmationState, shift: UInt32)? {
    confirmations.state(of: vip)
  }

  /// Whom a connection of the probes is to reach.
  package func place(of slot: TargetSlot) -> (address: IPv4Address, port: UInt16)? {
    if confirmations.owns(slot) { return confirmations.place(of: slot) }
    guard let target = probes.target(slot) else { return nil }
    switch target.method {
    case .tcp(let port), .http(let port, _): return (target.address, port)
    default: return nil
    }
  }

  /// What stands for a VIP has changed.
  mutating func confirm(
    _ vip: VIPSlot, from before: Standing?, to standing: Standing, shift: UInt32, at now: Instant,
    into outputs: inout Outputs
  ) {
    guard !confirmations.isEmpty, !plan.isShadow else { return }
    if shift != 0, !standing.isWithdrawn {
      confirmations.begin(
        vip, shift: shift, candidate: standing.candidate, at: now, into: &outputs.probes)
    } else if standing.isWithdrawn || before?.candidate != standing.candidate {
      confirmations.drop(vip, into: &outputs.probes)
    }
  }

  /// The answer is whether the event was about a connection through a VIP.
  mutating func heedConfirmation(
    _ event: ProbeEvent, _ bytes: Span<UInt8>, into outputs: inout Outputs
  ) -> Bool {
    guard let slot = event.stream, confirmations.owns(slot) else { return false }
    confirmations.handle(event, bytes, into: &outputs.probes)
    tellConfirmations(into: &outputs)
    return true
  }

  mutating func turnConfirmations(at now: Instant, into outputs: inout Outputs) {
    guard let due = confirmations.deadline, now >= due else { return }
    confirmations.turn(at: now, into: &outputs.probes)
    tellConfirmations(into: &outputs)
  }

  private mutating func tellConfirmations(into outputs: inout Outputs) {
    guard confirmations.hasNews else { return }
    confirmations.takeNews { news in
      switch news {
      case .confirmed(let vip, let shift): outputs.add(.note(.confirmed(vip, shift: shift)))
      case .overdue(let vip, let shift):
        outputs.add(.note(.alarm(.unconfirmed(vip, shift: shift))))
      }
    }
  }
}
