// The whole machine with the sockets taken away: one input, one complete transition.

package import BGP
package import Failover
package import Model
import Rtnetlink

/// The deterministic heart of `hopshiftd`. Same Plan, same seed, same inputs: same outputs, byte
/// for byte.
///
/// It asks for no time, no randomness and no descriptor. `now` never runs backwards. Whoever drives
/// it carries out the outputs of one call before the next, and then says `.idle` so that used
/// volleys are armed again.
package struct Engine: ~Copyable {
  package let plan: Plan
  package private(set) var failover: Failover
  package private(set) var speaker: Speaker
  /// The class of links and addresses.
  package private(set) var interfaces = KernelFeed()
  package private(set) var shifts: UInt32 = 0
  /// Messages that were no netlink, or lacked what they must hold.
  package private(set) var malformed: UInt64 = 0

  private var verdicts: [Verdict]
  private var latest = Instant(nanoseconds: .min)
  private var hasStarted = false
  private var isStopping = false

  package init(_ plan: Plan, seed: UInt64) {
    self.plan = plan
    failover = Failover(plan)
    speaker = Speaker(plan, seed: seed)
    verdicts = []
    verdicts.reserveCapacity(plan.vips.count)
  }

  /// When `.turn` is due if nothing else comes.
  package var deadline: Instant? {
    var earliest: Instant?
    for candidate in [speaker.deadline, failover.deadline, interfaces.deadline] {
      guard let candidate else { continue }
      earliest = min(earliest ?? candidate, candidate)
    }
    return earliest
  }

  /// The bytes of an armed volley, without a copy.
  package borrowing func withBytes<Result>(
    of volley: VolleyID, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    speaker.magazine.withBytes(of: volley, body)
  }

  /// Takes one input and writes what follows from it.
  package mutating func handle(
    _ input: Input, _ bytes: Span<UInt8>, at now: Instant, into outputs: inout Outputs
  ) {
    precondition(now >= latest, "time runs backwards")
    latest = now
    switch input {
    case .opened(.interfaces, let port):
      interfaces.opened(port: port)
      failover.beginConfirming()
      ask(into: &outputs)
    case .kernel(.interfaces): read(bytes, at: now, into: &outputs)
    case .overrun(.interfaces): lose(.overrun, into: &outputs)
    case .drained(.interfaces):
      interfaces.drained()
      dumpIfDue(at: now, into: &outputs)
    case .dumpFailed(.interfaces, let code):
      outputs.add(.note(.alarm(.dumpRefused(.interfaces, code: code))))
      dumpFailed(.refusedDump, at: now, into: &outputs)
    case .connected(let peer):
      speaker.handle(.connected, ConnectionSlot(peer, .outgoing), at: now, into: &outputs)
    case .connectFailed(let peer):
      speaker.handle(.connectFailed, ConnectionSlot(peer, .outgoing), at: now, into: &outputs)
    case .accepted(let peer): speaker.accepted(peer, at: now, into: &outputs)
    case .received(let connection): speaker.receive(bytes, connection, at: now, into: &outputs)
    case .closed(let connection): speaker.handle(.closed, connection, at: now, into: &outputs)
    case .turn: turn(at: now, into: &outputs)
    case .idle: speaker.arm()
    case .stop: stop(at: now, into: &outputs)
    }
  }

  private mutating func turn(at now: Instant, into outputs: inout Outputs) {
    failover.turn(at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    speaker.turn(at: now, into: &outputs)
    dumpIfDue(at: now, into: &outputs)
  }

  private mutating func stop(at now: Instant, into outputs: inout Outputs) {
    isStopping = true
    speaker.stop(at: now, into: &outputs)
  }

  // MARK: The kernel

  private mutating func read(
    _ bytes: Span<UInt8>, at now: Instant, into outputs: inout Outputs
  ) {
    var cursor = FactCursor(port: interfaces.port)
    while true {
      let step = cursor.next(in: bytes)
      if cursor.sawInterruption { interfaces.noteInterruption() }
      switch step {
      case .fact(let fact): take(fact, at: now, into: &outputs)
      case .skipped: continue
      case .malformed:
        malformed += 1
        lose(.malformed, into: &outputs)
        return
      case .end: return
      }
    }
  }

  private mutating func take(_ fact: Fact, at now: Instant, into outputs: inout Outputs) {
    switch fact {
    case .link(let link):
      let before = failover.learned(link, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      if before != link { outputs.add(.note(.link(link, before: before))) }
    case .linkGone(let index):
      let before = failover.lost(index, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      outputs.add(.note(.linkGone(index, before: before)))
    case .address(let address):
      failover.learned(address, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      outputs.add(.note(.address(address)))
    case .addressGone(let address):
      failover.lost(address, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      outputs.add(.note(.addressGone(address)))
    case .dumpDone(let sequence, let interrupted):
      if interrupted { interfaces.noteInterruption() }
      if interfaces.isOurs(sequence) { dumpEnded(at: now, into: &outputs) }
    case .refused(let sequence, let code):
      guard interfaces.isOurs(sequence) else { return }
      outputs.add(.note(.alarm(.dumpRefused(.interfaces, code: code))))
      dumpFailed(.refusedDump, at: now, into: &outputs)
    case .overrun: lose(.overrun, into: &outputs)
    }
  }

  private mutating func dumpEnded(at now: Instant, into outputs: inout Outputs) {
    switch interfaces.dumpEnded(at: now) {
    case .nothing: return
    case .next: ask(into: &outputs)
    case .failed:
      outputs.add(.note(.stale(.interfaces, .interruptedDump)))
      alarmIfFailing(into: &outputs)
    case .complete:
      failover.viewIsComplete(at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      outputs.add(.note(.current(.interfaces)))
      startSessions(at: now, into: &outputs)
    }
  }

  private mutating func dumpFailed(
    _ reason: StaleReason, at now: Instant, into outputs: inout Outputs
  ) {
    failover.viewBecameStale()
    interfaces.failed(at: now)
    outputs.add(.note(.stale(.interfaces, reason)))
    alarmIfFailing(into: &outputs)
  }

  /// Messages were lost: nothing is decided on this class until a complete dump was read.
  private mutating func lose(_ reason: StaleReason, into outputs: inout Outputs) {
    failover.viewBecameStale()
    interfaces.lostMessages()
    outputs.add(.note(.stale(.interfaces, reason)))
    alarmIfFailing(into: &outputs)
  }

  private mutating func alarmIfFailing(into outputs: inout Outputs) {
    guard interfaces.alarmIsDue else { return }
    outputs.add(.note(.alarm(.dumpsFailing(.interfaces, times: interfaces.failures))))
  }

  private mutating func dumpIfDue(at now: Instant, into outputs: inout Outputs) {
    guard interfaces.isDue(at: now) else { return }
    interfaces.begin()
    failover.beginConfirming()
    ask(into: &outputs)
  }

  private func ask(into outputs: inout Outputs) {
    if let request = interfaces.request { outputs.add(request) }
  }

  // MARK: Verdicts

  /// Sessions begin when the kernel was heard: the first announcement is true, or it is not made.
  private mutating func startSessions(at now: Instant, into outputs: inout Outputs) {
    guard !hasStarted, !isStopping else { return }
    hasStarted = true
    speaker.start(at: now, into: &outputs)
  }

  private mutating func apply(at now: Instant, into outputs: inout Outputs) {
    for verdict in verdicts { apply(verdict, at: now, into: &outputs) }
    verdicts.removeAll(keepingCapacity: true)
  }

  private mutating func apply(
    _ verdict: Verdict, at now: Instant, into outputs: inout Outputs
  ) {
    let vip = verdict.vip
    switch verdict.judgement {
    case .unchanged: return
    case .stand(let rung), .resign(let rung):
      announce(vip, rung, shift: 0, at: now, into: &outputs)
    case .claim(let rung, let isLast):
      shifts += 1
      announce(vip, rung, shift: shifts, at: now, into: &outputs)
      if isLast { outputs.add(.note(.alarm(.lastRung(vip)))) }
    case .exhausted: outputs.add(.note(.alarm(.outOfRungs(vip))))
    }
  }

  private mutating func announce(
    _ vip: VIPSlot, _ rung: Rung, shift: UInt32, at now: Instant, into outputs: inout Outputs
  ) {
    let before = speaker.standing(vip)
    let next = failover.claims[vip.index].next
    speaker.announce(vip, rung, next: next, shift: shift, at: now, into: &outputs)
    outputs.add(.note(.rung(vip, from: before, to: rung, shift: shift)))
  }
}
