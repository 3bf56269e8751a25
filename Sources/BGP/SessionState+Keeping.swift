// The state of one session as bytes, for recordings that begin in the middle of a run.

import Model

extension Session {
  /// The routes and faults of the peer are for people and decide nothing: they are left out.
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&state)
    keeper.keep(&since)
    keeper.keep(&epoch)
    keeper.keep(&negotiated, blank: Negotiated.blank) { $0.keep(in: &$1) }
    counters.keep(in: &keeper)
    keeper.keep(&lastError, blank: .closed) { $0.keep(in: &$1) }
    keeper.keep(&rival)
    keeper.keep(&timers.connectRetry)
    keeper.keep(&timers.hold)
    keeper.keep(&timers.keepalive)
    keeper.keep(&timers.sendHold)
    jitter.keep(in: &keeper)
    keeper.keep(&failures)
    communication.keep(in: &keeper)
    keeper.keep(&reassembly, limit: Framing.extendedLimit)
  }
}

extension Negotiated {
  fileprivate static let blank = Negotiated(
    fourOctetAS: false, extendedMessages: false, routeRefresh: false, holdTime: .zero,
    keepalive: .zero, peerIdentifier: IPv4Address(bits: 0), families: [], peerRestartTime: nil)

  fileprivate mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&fourOctetAS)
    keeper.keep(&extendedMessages)
    keeper.keep(&routeRefresh)
    keeper.keep(&holdTime)
    keeper.keep(&keepalive)
    keeper.keep(&peerIdentifier)
    keeper.keep(&families)
    keeper.keep(&peerRestartTime, blank: 0) { $1.keep(&$0) }
  }
}

extension DownReason {
  mutating func keep(in keeper: inout Keeper) {
    var kind: UInt8
    var code: UInt8 = 0
    var subcode: UInt8 = 0
    switch self {
    case .notificationSent(let first, let second): (kind, code, subcode) = (1, first, second)
    case .notificationReceived(let first, let second): (kind, code, subcode) = (2, first, second)
    case .holdTimerExpired: kind = 3
    case .closed: kind = 4
    case .connectFailed: kind = 5
    case .connectTimedOut: kind = 6
    case .stopped(let reason): (kind, code) = (7, reason.rawValue)
    case .sendHoldTimerExpired: kind = 8
    }
    keeper.keep(&kind)
    keeper.keep(&code)
    keeper.keep(&subcode)
    switch kind {
    case 1: self = .notificationSent(code: code, subcode: subcode)
    case 2: self = .notificationReceived(code: code, subcode: subcode)
    case 3: self = .holdTimerExpired
    case 4: self = .closed
    case 5: self = .connectFailed
    case 6: self = .connectTimedOut
    case 8: self = .sendHoldTimerExpired
    default:
      guard kind == 7, let reason = CeaseReason(rawValue: code) else { return keeper.damage() }
      self = .stopped(reason)
    }
  }
}
