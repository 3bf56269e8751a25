// The targets in the answer to `status`: what each piece of evidence says, and since when.

import Chronicle
import Control
import Engine
import Failover
import Model
import Probes

enum ProbeReport {
  static func answer(_ id: String, _ engine: borrowing Engine, _ now: Instant) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in engine.plan.targets.indices {
      bytes += target(id, engine, TargetSlot(index), now)
    }
    return bytes
  }

  private static func target(
    _ id: String, _ engine: borrowing Engine, _ slot: TargetSlot, _ now: Instant
  ) -> [UInt8] {
    let planned = engine.plan.targets[slot.index]
    let entry = engine.failover.hosts.signals[slot.index]
    let target = engine.probes.target(slot)
    var line = JSONLine(id: id, type: "target")
    line.add("host", engine.plan.hosts[planned.host.index].name)
    line.add("target", VIPWords.words(planned.evidence))
    line.add("state", entry.signal.description)
    // What the kernel says is its own reason.
    let isAsked = target.map { !$0.isNeighbour } ?? false
    let reason = isAsked || target?.isDiscounted ?? false ? target?.reason.description : nil
    line.add("reason", reason)
    if entry.since == .zero {
      line.addNull("since-ms")
    } else {
      line.add("since-ms", (now - entry.since).milliseconds)
    }
    guard let target, isAsked else { return line.finish() }
    addCounts(target, now, to: &line)
    switch target.method {
    case .arp: addBinding(target, engine.plan, to: &line)
    case .bfd(let session, _): addSession(engine.probes.sessions[session], to: &line)
    default: break
    }
    return line.finish()
  }

  private static func addCounts(_ target: ProbeTarget, _ now: Instant, to line: inout JSONLine) {
    let liveness = target.liveness
    if let last = liveness.lastAnswer {
      line.add("answer-age-ms", max(now - last, .zero).milliseconds)
    } else {
      line.addNull("answer-age-ms")
    }
    line.add("failures", liveness.failures)
    line.add("successes", liveness.successes)
    line.add("sent", liveness.counters.sent)
    line.add("answered", liveness.counters.answered)
    line.add("lost", liveness.counters.lost)
    line.add("late", liveness.counters.late)
    line.add("voided", liveness.counters.voided)
    line.add("unasked", liveness.counters.unasked)
    guard !target.isBFD else { return }
    add("rtt-us", liveness.roundTrips.latest, to: &line)
    add("rtt-median-us", liveness.roundTrips.percentile(50), to: &line)
    add("rtt-99-us", liveness.roundTrips.percentile(99), to: &line)
    line.add(
      "rtt-counts", (0..<RoundTrips.bucketCount).map { liveness.roundTrips[$0] })
  }

  private static func add(_ name: String, _ length: Nanoseconds?, to line: inout JSONLine) {
    if let length { line.add(name, length.microseconds) } else { line.addNull(name) }
  }

  private static func addBinding(_ target: ProbeTarget, _ plan: Plan, to line: inout JSONLine) {
    line.add("mac", target.binding.mac?.description)
    line.add("mac-changes", target.binding.changes)
    line.add("unasked-replies", target.binding.unasked)
    line.add("foreign-replies", target.binding.foreign)
    line.add("disputed-replies", target.binding.disputed)
    switch target.proxied {
    case nil: line.addNull("proxied-by")
    case .azure: line.add("proxied-by", "azure")
    case .shared(let other):
      line.add("proxied-by", "whoever answers for \(plan.hosts[other.index].name)")
    }
  }

  private static func addSession(_ session: BFDSession, to line: inout JSONLine) {
    line.add("bfd-state", words(session.state))
    line.add("bfd-diagnostic", session.diagnostic.rawValue)
    line.add("bfd-remote-state", words(session.remote.state))
    line.add("bfd-remote-diagnostic", session.remote.diagnostic)
    line.add("bfd-discriminator", session.discriminator)
    line.add("bfd-remote-discriminator", session.remote.discriminator)
    if let interval = session.transmitInterval {
      line.add("bfd-transmit-us", interval.microseconds)
    } else {
      line.addNull("bfd-transmit-us")
    }
    line.add("bfd-detection-us", session.detectionTime.microseconds)
    line.add("bfd-sent", session.counters.sent)
    line.add("bfd-received", session.counters.received)
    line.add("bfd-ups", session.counters.ups)
  }

  private static func words(_ state: BFDState) -> String {
    switch state {
    case .adminDown: "AdminDown"
    case .down: "Down"
    case .initial: "Init"
    case .up: "Up"
    }
  }
}
