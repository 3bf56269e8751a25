// The timers of a session: what waits for what, and how long.

import Model

/// When each timer of RFC 4271 section 8.1.3 and section 10 runs out; nil: it is not running.
struct SessionTimers: Hashable {
  /// In Idle the IdleHoldTimer (the next try), in Connect the limit of the attempt, in Active the
  /// ConnectRetryTimer.
  var connectRetry: Instant?
  var hold: Instant?
  var keepalive: Instant?

  var earliest: Instant? {
    SessionTimers.earlier(connectRetry, SessionTimers.earlier(hold, keepalive))
  }

  private static func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
  }

  mutating func stop() { self = SessionTimers() }
}

/// How long we wait. RFC 4271 fixes only `openHold` (as a suggestion); the others we chose.
enum SessionTimes {
  /// RFC 4271 section 8.2.2: a large hold time until the OPENs have agreed on one.
  static let openHold = Nanoseconds.seconds(240)
  /// An attempt to connect: three SYNs (at 0, 1 and 3 s) and time for their answer.
  static let connectAttempt = Nanoseconds.seconds(7)
  /// The first wait after a failure; it doubles up to the limit. The RFC's 120 s would leave a
  /// restarted route server without routes for two minutes.
  static let firstRetry = Nanoseconds.seconds(1)
  static let retryLimit = Nanoseconds.seconds(30)
}

extension Session {
  /// Starts the hold timer anew, when the session has one.
  mutating func restartHold(at now: Instant) {
    guard let hold = negotiated?.holdTime, hold > .zero else {
      timers.hold = nil
      return
    }
    timers.hold = now + hold
  }

  /// Starts the keepalive timer anew, 75 to 100 % of the agreed interval (RFC 4271 section 10).
  mutating func restartKeepalive(at now: Instant) {
    guard let keepalive = negotiated?.keepalive, keepalive > .zero else {
      timers.keepalive = nil
      return
    }
    timers.keepalive = now + jitter.apply(to: keepalive)
  }

  /// The wait before the next attempt: about 1, 2, 4 … 30 s. Who only accepts attempts nothing.
  mutating func restartConnectRetry(at now: Instant) {
    guard side == .outgoing else { return }
    var wait = SessionTimes.firstRetry
    for _ in 0..<failures where wait < SessionTimes.retryLimit { wait = wait + wait }
    wait = min(wait, SessionTimes.retryLimit)
    failures += 1
    timers.connectRetry = now + jitter.apply(to: wait)
  }
}
