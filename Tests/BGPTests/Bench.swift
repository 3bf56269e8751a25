// A session on the test bench: what it asks for is collected, what it sends is cut into messages.

import BGP
import Bytes
import Model

/// A class, because the test macros copy what they look at and a `Session` is not to be copied.
final class Bench {
  private var session: Session
  private var output = SessionOutput()
  /// Every message the session asked to send so far.
  var sent: [[UInt8]] = []
  private(set) var omittedUpdates = 0

  static let settings = SessionSettings(
    localASN: ASNumber(65000), localIdentifier: IPv4Address(10, 0, 0, 1),
    peerASN: ASNumber(65001), holdTime: .seconds(180))

  init(_ settings: SessionSettings = Bench.settings, seed: UInt64 = 1) {
    session = Session(settings, seed: seed)
  }

  private func drain() -> [SessionAction] {
    let actions = output.actions
    let bytes = output.bytes.bytes
    for case .send(let range) in actions { sent.append(Array(bytes[range])) }
    omittedUpdates += output.omittedUpdates
    output.removeAll()
    return actions
  }

  func on(_ event: SessionEvent, at now: Instant = .zero) -> [SessionAction] {
    session.handle(event, at: now, into: &output)
    return drain()
  }

  func receive(_ bytes: [UInt8], at now: Instant = .zero) -> [SessionAction] {
    session.receive(bytes.span, at: now, into: &output)
    return drain()
  }

  /// Brings the session to a state, and says whether it got there.
  func reach(
    _ state: SessionState, open: [UInt8] = Wire.open(), at now: Instant = .zero
  ) -> Bool {
    if state.rawValue >= SessionState.connect.rawValue { _ = on(.start, at: now) }
    if state.rawValue >= SessionState.openSent.rawValue { _ = on(.connected, at: now) }
    if state.rawValue >= SessionState.openConfirm.rawValue { _ = receive(open, at: now) }
    if state == .established { _ = receive(Wire.keepalive, at: now) }
    sent.removeAll()
    return session.state == state
  }

  func noteSent(at now: Instant) { session.noteSent(at: now) }
  func noteHeld(at now: Instant) { session.noteHeld(at: now) }
  func noteTaken() { session.noteTaken() }

  var state: SessionState { session.state }
  var since: Instant { session.since }
  var epoch: UInt32 { session.epoch }
  var deadline: Instant? { session.deadline }
  var negotiated: Negotiated? { session.negotiated }
  var counters: SessionCounters { session.counters }
  var lastError: DownReason? { session.lastError }
  var received: ReceivedRoutes { session.received }
  var faults: [MessageFault] { session.faults }
  var shutdownCommunication: String? { session.shutdownCommunication }
}
