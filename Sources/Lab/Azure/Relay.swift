// What spoils a host's cable: loss and delay in either direction, or in one only.

import Control
package import Model
package import Platform

/// `hopshift-lab relay` in the forwarding namespace, between a host's cable and the bridge it was
/// plugged into. Without loss and delay it only passes frames on; same seed, same losses.
///
///     let relay = try Relay(lab, on: "a", program: path)
///     try relay.set(.fromHost, loss: 1)            // one-way: nothing comes from a any more
///     try relay.set(.toHost, loss: 0.1, delay: .milliseconds(20), jitter: .milliseconds(5))
///
/// Frozen or killed it is a cable that was cut without loss of carrier.
package final class Relay {
  package typealias Direction = RelayDirection

  package let host: String
  package let process: AzureProcess

  /// Puts a relay into a host's cable.
  package init(
    _ lab: Lab, on host: String, program: String = AzureProcess.ownProgram, seed: UInt64 = 1
  ) throws(LabError) {
    self.host = host
    let (inner, outer) = try RelaySetUp.split(lab, host)
    process = try AzureProcess(
      lab, name: "\(host).relay", on: Topology.fabric, program: program,
      ["relay", "--host", outer, "--network", inner, "--seed", "\(seed)"])
  }

  /// Joins a host's tap to the network; until then it has no carrier.
  package init(
    _ lab: Lab, joining host: String, program: String = AzureProcess.ownProgram, seed: UInt64 = 1
  ) throws(LabError) {
    self.host = host
    process = try AzureProcess(
      lab, name: "\(host).relay", on: Topology.fabric, program: program,
      [
        "relay", "--tap-in", lab.namespace(of: host), "--host", Lab.interface, "--network",
        RelaySetUp.inner(of: host), "--seed", "\(seed)",
      ])
  }

  /// Gives a host's tap its carrier, or takes it.
  package func setCarrier(_ carries: Bool) throws(LabError) {
    try process.ask(["carrier", carries ? "on" : "off"])
  }

  /// Sets one direction. `loss` is the share of frames that are lost, 0 to 1. A frame is late by
  /// `delay` and up to `jitter` more, and never overtakes another.
  package func set(
    _ direction: Direction, loss: Double = 0, delay: Nanoseconds = .zero,
    jitter: Nanoseconds = .zero
  ) throws(LabError) {
    guard (0...1).contains(loss) else { throw .unsuitable("a loss of \(loss) is no share") }
    let millionths = Int((loss * 1_000_000).rounded())
    try process.ask([
      "set", direction.rawValue, "\(millionths)", "\(delay.microseconds)us",
      "\(jitter.microseconds)us",
    ])
  }

  /// Passes everything on at once again.
  package func clear() throws(LabError) {
    try set(.toHost)
    try set(.fromHost)
  }

  /// What one direction has done so far.
  package func counts(_ direction: Direction) throws(LabError) -> RelayCounts {
    guard let record = try process.ask(["counts", direction.rawValue]).first,
      let passed = record.integer("passed"), let lost = record.integer("lost"),
      let overflowed = record.integer("overflowed")
    else { throw .unsuitable("the relay of \(host) does not count") }
    return RelayCounts(passed: Int(passed), lost: Int(lost), overflowed: Int(overflowed))
  }
}
