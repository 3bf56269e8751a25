// A configured peer: the connection we open, the one the peer opens, and which of them stays.

import Bytes
package import Model

/// Both connections to one peer as one session. Each has a state machine of its own (RFC 4271
/// section 8.2.1: one for each connection until it is known which stays), and collisions are
/// resolved by section 6.8: at most one of them is ever Established.
package struct Peering {
  private var outgoing: Session
  private var incoming: Session
  private var isStarted = false
  /// Why the session was last down; a connection that gave way to the other is no reason.
  package private(set) var lastError: DownReason?

  /// `seed` makes the waits of this peering differ from those of others.
  package init(_ settings: SessionSettings, seed: UInt64) {
    outgoing = Session(settings, seed: seed, side: .outgoing)
    incoming = Session(settings, seed: ~seed, side: .incoming)
  }

  /// What our OPEN says.
  package var settings: SessionSettings { outgoing.settings }

  /// The connection that has come further; the one we open when both are equally far.
  package var side: ConnectionSide {
    incoming.isConnected && incoming.state > outgoing.state ? .incoming : .outgoing
  }

  /// Where the session stands: the state of the connection that has come further.
  package var state: SessionState {
    max(outgoing.state, incoming.isConnected ? incoming.state : .idle)
  }
  /// When `state` was entered.
  package var since: Instant { side == .outgoing ? outgoing.since : incoming.since }
  /// When the newest KEEPALIVE or UPDATE came; nil without a session that counts them.
  package var heardAt: Instant? { side == .outgoing ? outgoing.heardAt : incoming.heardAt }
  /// What the OPENs agreed on; there in OpenConfirm and Established.
  package var negotiated: Negotiated? {
    side == .outgoing ? outgoing.negotiated : incoming.negotiated
  }
  package var counters: SessionCounters { outgoing.counters + incoming.counters }
  /// Other after each time that either connection became Established, and never the same again.
  package var epoch: UInt32 { outgoing.epoch &+ incoming.epoch }
  /// What the operator of the peer wrote into its last Cease (RFC 9003), made safe to print.
  package var shutdownCommunication: String? {
    outgoing.shutdownCommunication ?? incoming.shutdownCommunication
  }

  /// What the peer told in this session.
  package var received: ReceivedRoutes {
    side == .outgoing ? outgoing.received : incoming.received
  }
  /// The last messages of the peer that were not plainly accepted, the oldest first.
  package var faults: [MessageFault] {
    let all = (outgoing.faults + incoming.faults).sorted { $0.at < $1.at }
    return Array(all.suffix(MessageFaults.limit))
  }

  /// When to call `turn` if nothing else happens; nil: never.
  package var deadline: Instant? {
    guard let first = outgoing.deadline, let second = incoming.deadline else {
      return outgoing.deadline ?? incoming.deadline
    }
    return min(first, second)
  }

  /// When the first of them wants its turn. Here, since to look at one from another room copies it;
  /// and by the timers, since to ask a session copies that.
  package static func earliest(of peerings: Span<Peering>) -> Instant? {
    var earliest: Instant?
    for index in peerings.indices {
      earliest = Instant.earlier(earliest, peerings[index].outgoing.timers.earliest)
      earliest = Instant.earlier(earliest, peerings[index].incoming.timers.earliest)
    }
    return earliest
  }

  /// An UPDATE left for this peer.
  package mutating func noteSent(at now: Instant) {
    outgoing.noteSent(at: now)
    incoming.noteSent(at: now)
  }

  /// TCP has not taken all that was sent on this connection, or one more message of it.
  package mutating func noteHeld(_ side: ConnectionSide, at now: Instant) {
    if side == .outgoing { outgoing.noteHeld(at: now) } else { incoming.noteHeld(at: now) }
  }

  /// TCP has taken everything that was sent on this connection.
  package mutating func noteTaken(_ side: ConnectionSide) {
    if side == .outgoing { outgoing.noteTaken() } else { incoming.noteTaken() }
  }

  /// Connect and accept, until `stop`.
  package mutating func start(at now: Instant, into output: inout SessionOutput) {
    handle(.start, .incoming, at: now, into: &output)
    handle(.start, .outgoing, at: now, into: &output)
    isStarted = true
  }

  /// End the session and neither connect nor accept until `start`.
  package mutating func stop(
    _ reason: CeaseReason, at now: Instant, into output: inout SessionOutput
  ) {
    isStarted = false
    handle(.stop(reason), .outgoing, at: now, into: &output)
    handle(.stop(reason), .incoming, at: now, into: &output)
  }

  /// The peer has opened a connection.
  package mutating func accepted(at now: Instant, into output: inout SessionOutput) {
    let side = self.side
    if !isStarted {
      refuse(.connectionRejected, &output)
    } else if state == .established {
      // Section 6.8: the new one is closed. But a peer that lost its memory connects as well, and
      // the old connection would hide that until the hold time is over: it answers a KEEPALIVE on
      // a connection that it does not know with an RST.
      refuse(.connectionCollisionResolution, &output)
      output.side = side
      if side == .outgoing {
        outgoing.sendKeepalive(now, &output)
      } else {
        incoming.sendKeepalive(now, &output)
      }
    } else {
      // A peer has one connection that it opens: with the new one it has given up the one before.
      if incoming.isConnected { handle(.closed, .incoming, at: now, into: &output) }
      output.side = .incoming
      output.add(.accept)
      handle(.connected, .incoming, at: now, into: &output)
    }
  }

  private func refuse(_ reason: CeaseReason, _ output: inout SessionOutput) {
    output.side = .incoming
    let start = output.bytes.count
    Notification.cease(reason).write(refusing: Span(), into: &output.bytes)
    output.add(.refuse(start..<output.bytes.count))
  }

  /// What happens to one of the connections: `connected`, `connectFailed` or `closed`.
  package mutating func handle(
    _ event: SessionEvent, _ side: ConnectionSide, at now: Instant,
    into output: inout SessionOutput
  ) {
    let first = output.actions.count
    let wasEstablished = state == .established
    output.side = side
    switch side {
    case .outgoing: outgoing.handle(event, at: now, into: &output)
    case .incoming: incoming.handle(event, at: now, into: &output)
    }
    settle(from: first, wasEstablished, now, &output)
  }

  /// Takes the next bytes of a connection, cut anywhere.
  package mutating func receive(
    _ bytes: Span<UInt8>, _ side: ConnectionSide, at now: Instant,
    into output: inout SessionOutput
  ) {
    let first = output.actions.count
    let wasEstablished = state == .established
    output.side = side
    switch side {
    case .outgoing:
      outgoing.rival = incoming.state
      outgoing.receive(bytes, at: now, into: &output)
    case .incoming:
      incoming.rival = outgoing.state
      incoming.receive(bytes, at: now, into: &output)
    }
    settle(from: first, wasEstablished, now, &output)
  }

  /// `deadline` may have passed.
  package mutating func turn(at now: Instant, into output: inout SessionOutput) {
    for side in ConnectionSide.allCases {
      let deadline = side == .outgoing ? outgoing.deadline : incoming.deadline
      if let deadline, now >= deadline { handle(.timer, side, at: now, into: &output) }
    }
  }

  /// Draws the consequences of what one connection did for the other.
  private mutating func settle(
    from first: Int, _ wasEstablished: Bool, _ now: Instant, _ output: inout SessionOutput
  ) {
    var reason: DownReason?
    for action in output.actions[first...] {
      if case .down(let why) = action, !why.isCollision { reason = why }
    }
    lastError = reason ?? lastError
    guard isStarted else { return }

    if let loser { yield(loser, now, &output) }
    if state == .established {
      // No further attempt while the session is up. A connection in OpenSent stays: its OPEN
      // decides (section 6.8), and should the peer decide for it, the session lives on in it.
      if side == .incoming {
        if outgoing.isTrying, !outgoing.isConnected { yield(.outgoing, now, &output) }
        outgoing.failures = 0
      }
    } else if wasEstablished, reason != nil {
      // The session is over, not lost to a collision: what waits for an OPEN may wait for ever.
      for side in ConnectionSide.allCases where state(side) == .openSent {
        yield(side, now, &output)
      }
    }
    if incoming.state == .idle { incoming.handle(.start, at: now, into: &output) }
    if outgoing.state == .idle, !outgoing.isTrying, !incoming.isConnected {
      outgoing.handle(.startLater, at: now, into: &output)
    }
  }

  private func state(_ side: ConnectionSide) -> SessionState {
    side == .outgoing ? outgoing.state : incoming.state
  }

  /// Of two connections whose OPENs are known, the one that has to give way.
  private var loser: ConnectionSide? {
    guard outgoing.state >= .openConfirm, incoming.state >= .openConfirm else { return nil }
    if outgoing.state == .established { return .incoming }
    if incoming.state == .established { return .outgoing }
    return outgoing.negotiated.map {
      outgoing.settings.preferredSide(against: $0.peerIdentifier).other
    }
  }

  private mutating func yield(
    _ side: ConnectionSide, _ now: Instant, _ output: inout SessionOutput
  ) {
    output.side = side
    let event = SessionEvent.stop(.connectionCollisionResolution)
    switch side {
    case .outgoing: outgoing.handle(event, at: now, into: &output)
    case .incoming: incoming.handle(event, at: now, into: &output)
    }
  }
}

extension Session {
  /// There is a connection.
  fileprivate var isConnected: Bool { state >= .openSent }

  /// It connects, or will when a timer runs out.
  fileprivate var isTrying: Bool { state != .idle || deadline != nil }
}

extension Peering {
  /// The state of both connections.
  package mutating func keep(in keeper: inout Keeper) {
    outgoing.keep(in: &keeper)
    incoming.keep(in: &keeper)
    keeper.keep(&isStarted)
    keeper.keep(&lastError, blank: .closed) { $0.keep(in: &$1) }
  }
}
