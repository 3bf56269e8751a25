// What is only supposed: news that no datagram brings in a rehearsal.

package import Failover
package import Model

extension Engine {
  /// A fellow says again what it said last.
  package mutating func suppose(
    heard fellow: FellowSlot, at now: Instant, into outputs: inout Outputs
  ) {
    let before = begin(outputs, at: now)
    failover.heard(fellow, at: now, into: &verdicts)
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
