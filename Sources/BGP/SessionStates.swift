// The state machine of RFC 4271 section 8.2.2, state by event; in brackets its event numbers.

import Bytes
package import Model

extension Session {
  /// Does what `event` asks for in the present state.
  package mutating func handle(
    _ event: SessionEvent, at now: Instant, into output: inout SessionOutput
  ) {
    switch state {
    case .idle: handleInIdle(event, now, &output)
    case .connect: handleInConnect(event, now, &output)
    case .active: handleInActive(event, now, &output)
    case .openSent, .openConfirm, .established: handleWithConnection(event, now, &output)
    }
  }

  private mutating func handleInIdle(
    _ event: SessionEvent, _ now: Instant, _ output: inout SessionOutput
  ) {
    switch event {
    case .start:
      // [1, 3] start: to Connect; [4, 5] passive: to Active, without a ConnectRetryTimer, since
      // only the peer can end this wait.
      if side == .outgoing { connect(now, &output) } else { enter(.active, now) }
    case .startLater:
      // [13] IdleHoldTimer: the automatic start comes when it has expired.
      restartConnectRetry(at: now)
    case .timer:
      // [13] IdleHoldTimer_Expires (section 8.1.3): the automatic start of [3, 6].
      if timers.connectRetry.map({ $0 <= now }) ?? false { connect(now, &output) }
    case .stop:
      // [2] is ignored in Idle; we also give up the next automatic start.
      timers.stop()
    case .connected, .connectFailed, .closed:
      // No connection was asked for: what is left of an old one changes nothing.
      break
    }
  }

  private mutating func handleInConnect(
    _ event: SessionEvent, _ now: Instant, _ output: inout SessionOutput
  ) {
    switch event {
    case .start, .startLater:
      // [1, 3-7] are ignored in Connect.
      break
    case .stop(let reason):
      // [2] drop the connection, to Idle.
      output.add(.close)
      leave(.stopped(reason), to: .idle, now, &output)
    case .connected:
      // [16, 17] the connection is up: OPEN, to OpenSent.
      sendOpen(now, &output)
    case .connectFailed, .closed:
      // [18] without DelayOpenTimer: to Idle. It is left again when the IdleHoldTimer expires.
      leave(.connectFailed, to: .idle, now, &output)
      restartConnectRetry(at: now)
    case .timer:
      // [9] ConnectRetryTimer_Expires: drop the attempt, begin another, stay in Connect. Each
      // attempt has its own limit, so a silent peer is asked again without a further wait.
      guard timers.connectRetry.map({ $0 <= now }) ?? false else { return }
      output.add(.close)
      leave(.connectTimedOut, to: .connect, now, &output)
      connect(now, &output)
    }
  }

  private mutating func handleInActive(
    _ event: SessionEvent, _ now: Instant, _ output: inout SessionOutput
  ) {
    switch event {
    case .start, .startLater:
      // [1, 3-7] are ignored in Active.
      break
    case .stop(let reason):
      // [2] to Idle.
      leave(.stopped(reason), to: .idle, now, &output)
    case .connected:
      // [17] the connection is up: OPEN, to OpenSent.
      sendOpen(now, &output)
    case .connectFailed, .closed:
      // [18] would drop a connection that we do not have; the ConnectRetryTimer goes on.
      break
    case .timer:
      // [9] ConnectRetryTimer_Expires: connect, to Connect.
      if timers.connectRetry.map({ $0 <= now }) ?? false { connect(now, &output) }
    }
  }

  /// OpenSent, OpenConfirm and Established, whose answers differ in one place.
  private mutating func handleWithConnection(
    _ event: SessionEvent, _ now: Instant, _ output: inout SessionOutput
  ) {
    switch event {
    case .start, .startLater, .connected, .connectFailed:
      // [1, 3-7] are ignored. [16, 17] a second connection has a machine of its own (`Peering`).
      break
    case .stop(let reason):
      // [2] NOTIFICATION Cease, drop the connection, to Idle, and stay there.
      send(.cease(reason), refusing: [], &output)
      output.add(.close)
      leave(.stopped(reason), to: .idle, now, &output)
    case .closed:
      // [18] in OpenSent: to Active with the ConnectRetryTimer restarted; in OpenConfirm and
      // Established: to Idle, left again when the IdleHoldTimer expires.
      output.add(.close)
      leave(.closed, to: state == .openSent ? .active : .idle, now, &output)
      restartConnectRetry(at: now)
    case .timer:
      if timers.hold.map({ $0 <= now }) ?? false {
        // [10] HoldTimer_Expires: NOTIFICATION Hold Timer Expired, to Idle.
        send(.holdTimerExpired, refusing: [], &output)
        output.add(.close)
        leave(.holdTimerExpired, to: .idle, now, &output)
        restartConnectRetry(at: now)
      } else if timers.sendHold.map({ $0 <= now }) ?? false {
        // [29] SendHoldTimer_Expires (RFC 9687 section 4.2): the NOTIFICATION, should the peer take
        // just now what it did not take for so long; drop the connection, to Idle.
        send(.sendHoldTimerExpired, refusing: [], &output)
        output.add(.close)
        leave(.sendHoldTimerExpired, to: .idle, now, &output)
        restartConnectRetry(at: now)
      } else if timers.keepalive.map({ $0 <= now }) ?? false {
        // [11] KeepaliveTimer_Expires: KEEPALIVE, start the timer again.
        sendKeepalive(now, &output)
      }
    }
  }
}

// What several branches do.
extension Session {
  mutating func enter(_ state: SessionState, _ now: Instant) {
    self.state = state
    since = now
  }

  private mutating func connect(_ now: Instant, _ output: inout SessionOutput) {
    timers.stop()
    timers.connectRetry = now + SessionTimes.connectAttempt
    counters.connectAttempts += 1
    if state != .connect { enter(.connect, now) }
    output.add(.connect)
  }

  private mutating func sendOpen(_ now: Instant, _ output: inout SessionOutput) {
    timers.stop()
    timers.hold = now + SessionTimes.openHold
    let start = output.bytes.count
    Open.write(settings, into: &output.bytes)
    note(start, &output)
    enter(.openSent, now)
  }

  mutating func sendKeepalive(_ now: Instant, _ output: inout SessionOutput) {
    let start = output.bytes.count
    Framing.writeKeepalive(into: &output.bytes)
    note(start, &output)
    restartKeepalive(at: now)
  }

  /// `message` is what the notification's data points into.
  mutating func send(
    _ notification: Notification, refusing message: [UInt8], _ output: inout SessionOutput
  ) {
    send(notification, refusing: message.span, &output)
  }

  mutating func send(
    _ notification: Notification, refusing message: Span<UInt8>, _ output: inout SessionOutput
  ) {
    let start = output.bytes.count
    notification.write(refusing: message, into: &output.bytes)
    note(start, &output)
  }

  private mutating func note(_ start: Int, _ output: inout SessionOutput) {
    counters.messagesSent += 1
    output.add(.send(start..<output.bytes.count))
  }

  /// Ends what this session was: no timer, nothing negotiated, no piece of a message left.
  mutating func leave(
    _ reason: DownReason, to next: SessionState, _ now: Instant, _ output: inout SessionOutput
  ) {
    timers.stop()
    negotiated = nil
    // RFC 4271 section 8.2.2, at each of these: delete all routes of this connection.
    received.removeAll()
    reassembly.removeAll(keepingCapacity: true)
    lastError = reason
    // Who waits for the peer waits again at once: a time in Idle would only refuse a peer that
    // begins anew, and it is the peer's back-off that limits how often it comes.
    if case .stopped = reason {
      enter(next, now)
    } else {
      enter(side == .outgoing ? next : .active, now)
    }
    output.add(.down(reason))
  }
}
