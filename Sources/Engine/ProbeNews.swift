// What the probes found out, handed to deciding; and what they need of the kernel.

import Failover
import Model
import Probes
import Redistribution

extension Engine {
  mutating func probe(
    _ event: ProbeEvent, _ bytes: Span<UInt8>, at now: Instant, into outputs: inout Outputs
  ) {
    if heedConfirmation(event, bytes, into: &outputs) { return }
    let start = outputs.probes.list.count
    probes.handle(event, bytes, at: now, into: &outputs.probes)
    switch event {
    case .portFailed(let port, let code):
      outputs.add(.note(.alarm(.portNotOpened(probes.ports.names[port.index], code: code))))
    case .socketFailed(let socket, let code):
      outputs.add(.note(.alarm(.probesNotOpened(socket, code: code))))
    default: break
    }
    heedProbes(since: start, at: now, into: &outputs)
  }

  mutating func turnProbes(at now: Instant, into outputs: inout Outputs) {
    let start = outputs.probes.list.count
    probes.turn(at: now, into: &outputs.probes)
    heedProbes(since: start, at: now, into: &outputs)
  }

  /// Signals are judged one by one, in the order in which they came.
  mutating func heedProbes(since start: Int, at now: Instant, into outputs: inout Outputs) {
    var doubted: InterfaceIndex?
    for index in start..<outputs.probes.list.count {
      guard case .note(let note) = outputs.probes.list[index] else { continue }
      outputs.add(.note(.probe(note)))
      switch note {
      case .signal(let target, let signal, _):
        failover.learned(target, signal, at: now, into: &verdicts)
        apply(at: now, into: &outputs)
        if signal == .failing || signal == .down {
          doubt(target, but: &doubted, into: &outputs)
        }
      case .proxied(let target, _): recognise(target, at: now, into: &outputs)
      case .macChanged, .disputed: continue
      }
    }
  }

  /// An entry that the network made, and not the neighbour, is none.
  private mutating func recognise(
    _ target: TargetSlot, at now: Instant, into outputs: inout Outputs
  ) {
    failover.recognised(
      target, isDiscounted: probes.isDiscounted(target), at: now, into: &verdicts)
    apply(at: now, into: &outputs)
  }

  /// Another Plan can have other VIPs, anchors and hosts, and with them others who answer for all.
  mutating func recogniseAll(at now: Instant, into outputs: inout Outputs) {
    for index in plan.targets.indices { recognise(TargetSlot(index), at: now, into: &outputs) }
  }

  /// Our own network works again: whoever went down meanwhile is asked anew.
  mutating func reconsider(at now: Instant, into outputs: inout Outputs) {
    let start = outputs.probes.list.count
    failover.takeDoubted { probes.reconsider($0, at: now, into: &outputs.probes) }
    heedProbes(since: start, at: now, into: &outputs)
  }

  /// A probe that was not answered puts the link in doubt: the kernel may hold the news back.
  private mutating func doubt(
    _ target: TargetSlot, but doubted: inout InterfaceIndex?, into outputs: inout Outputs
  ) {
    if let index = probes.interface(of: target) {
      return doubt(index, but: &doubted, into: &outputs)
    }
    for place in 0..<failover.localInterfaceCount {
      doubt(failover.localInterface(place), but: &doubted, into: &outputs)
    }
  }

  private mutating func doubt(
    _ index: InterfaceIndex, but doubted: inout InterfaceIndex?, into outputs: inout Outputs
  ) {
    guard index != doubted else { return }
    doubted = index
    ask(for: index, into: &outputs)
  }

  // MARK: The kernel

  /// The interfaces are known: now the rest of the evidence is gathered.
  mutating func beginEvidence(at now: Instant, into outputs: inout Outputs) {
    guard !probes.isStarted else { return }
    probes.start(at: now)
    let needsRoutes = failover.kernelEvidence.needsRoutes || !exporter.isIdle
    if needsRoutes { need(.routes, .plan, into: &outputs) }
    if failover.kernelEvidence.needsNeighbours { need(.neighbours, .plan, into: &outputs) }
  }

  mutating func beginConfirming(_ kernelClass: KernelClass) {
    failover.beginConfirming(kernelClass)
    if kernelClass == .interfaces { probes.beginConfirming() }
    if kernelClass == .routes, !exporter.isIdle { exporter.exports.beginConfirming() }
  }

  mutating func probesLearned(_ link: Link, at now: Instant, into outputs: inout Outputs) {
    let start = outputs.probes.list.count
    probes.learned(link, at: now, into: &outputs.probes)
    heedProbes(since: start, at: now, into: &outputs)
  }

  mutating func probesLost(_ link: InterfaceIndex, at now: Instant, into outputs: inout Outputs) {
    let start = outputs.probes.list.count
    probes.lost(link, at: now, into: &outputs.probes)
    heedProbes(since: start, at: now, into: &outputs)
  }

  mutating func probesLearned(
    _ neighbour: Neighbour, at now: Instant, into outputs: inout Outputs
  ) {
    let start = outputs.probes.list.count
    probes.learned(neighbour, into: &outputs.probes)
    heedProbes(since: start, at: now, into: &outputs)
  }
}
