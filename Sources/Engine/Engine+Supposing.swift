// What is only supposed: news that no datagram brings in a rehearsal.

import Failover
package import Model
import Probes

extension Engine {
  /// Probes are neither sent nor judged from now on: all evidence stays as it is.
  package mutating func muteProbes() {
    probes.mute()
    confirmations.mute()
  }

  /// A fellow says again what it said last.
  package mutating func suppose(
    heard fellow: FellowSlot, at now: Instant, into outputs: inout Outputs
  ) {
    let before = begin(outputs, at: now)
    failover.heard(fellow, at: now)
    failover.understood(fellow, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    conclude(since: before, at: now, into: &outputs)
  }

  /// A piece of evidence has changed.
  package mutating func suppose(
    _ target: TargetSlot, _ signal: Signal, at now: Instant, into outputs: inout Outputs
  ) {
    let before = begin(outputs, at: now)
    failover.learned(target, signal, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    conclude(since: before, at: now, into: &outputs)
  }
}
