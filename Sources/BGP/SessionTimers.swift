// The timers of a session: what waits for what, and how long.

package import Model

/// When each timer of RFC 4271 section 8.1.3 and section 10 runs out; nil: it is not running.
struct SessionTimers: Hashable {
  /// In Idle the IdleHoldTimer (the next try), in Connect the limit of the attempt, in Active the
  /// ConnectRetryTimer.
  var connectRetry: Instant?
  var hold: Instant?
  var keepalive: Instant?
  /// RFC 9687; running while a message waits that TCP has not taken.
  var sendHold: Instant?

  var earliest: Instant? {
    SessionTimers.earlier(
      SessionTimers.earlier(connectRetry, hold), SessionTimers.earlier(keepalive, sendHold))
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
  /// Hold times that a peer may take nothing from us. RFC 9687 section 4.3 recommends 8 minutes at
  /// the least, which suits a table of a million routes; ours is small, and a route server that has
  /// stopped reading keeps an old next hop for as long as we wait. BIRD waits twice the hold time
  /// as well.
  static let sendHolds: Int64 = 2
}

extension Session {
  /// When the hold timer was started last, which each message does.
  var heardAt: Instant? {
    guard let end = timers.hold, let hold = negotiated?.holdTime else { return nil }
    return end - hold
  }

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

  /// TCP has not taken all that was sent, or has taken one more message of it: the send hold timer
  /// starts anew (RFC 9687 section 4.2: it is restarted each time a message is sent).
  ///
  /// Two things watch over what we send. TCP_USER_TIMEOUT, in the kernel, is about bytes that TCP
  /// has taken: it ends the connection when the peer acknowledges none of them for the configured
  /// hold time, so a peer that is gone or whose window stays shut usually ends there. This timer is
  /// about messages that TCP has not taken: it also ends a connection that acknowledges a few bytes
  /// now and then, and goes by the hold time that was negotiated.
  package mutating func noteHeld(at now: Instant) {
    guard let hold = negotiated?.holdTime, hold > .zero else { return }
    timers.sendHold = now + hold * SessionTimes.sendHolds
  }

  /// TCP has taken everything.
  package mutating func noteTaken() { timers.sendHold = nil }

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
