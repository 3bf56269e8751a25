// One BGP session (RFC 4271 section 8): events, bytes and time in; actions and a deadline out.

import Bytes
package import Model

/// The finite state machine of one connection to a peer: the one that we open, or the one that the
/// peer opens; `Peering` joins the two. Its parts: `SessionStates` says what each event does in
/// each state, `SessionMessages` what each message does, `SessionTimers` when.
package struct Session {
  package let settings: SessionSettings
  /// Who opens the connection.
  package let side: ConnectionSide
  package internal(set) var state: SessionState = .idle
  /// When `state` was entered.
  package internal(set) var since: Instant = .zero
  /// Raised by one each time the session becomes Established. A volley is for one epoch only.
  package internal(set) var epoch: UInt32 = 0
  /// What the OPENs agreed on; there in OpenConfirm and Established.
  package internal(set) var negotiated: Negotiated?
  package internal(set) var counters = SessionCounters()
  /// Why the session was last down; it stays when the session is up again.
  package internal(set) var lastError: DownReason?
  /// What the peer told in this session.
  package internal(set) var received: ReceivedRoutes

  var faultRing = MessageFaults()
  /// Where the other connection to the same peer stands; `Peering` keeps it true.
  var rival = SessionState.idle
  var timers = SessionTimers()
  var jitter: Jitter
  /// Attempts since the session was last Established; the wait grows with them.
  var failures = 0
  var communication = ShutdownCommunication()
  var reassembly: [UInt8] = []

  /// `seed` makes the waits of this session differ from those of others.
  package init(_ settings: SessionSettings, seed: UInt64, side: ConnectionSide = .outgoing) {
    self.settings = settings
    self.side = side
    jitter = Jitter(seed: seed)
    received = ReceivedRoutes(seed: seed)
    reassembly.reserveCapacity(Framing.extendedLimit)
  }

  /// When to call `handle(.timer, …)` if nothing else happens; nil: never.
  package var deadline: Instant? { timers.earliest }

  /// The last messages of the peer that were not plainly accepted, the oldest first. They outlive
  /// the session.
  package var faults: [MessageFault] { faultRing.list }

  /// What the operator of the peer wrote into its last Cease (RFC 9003), made safe to print.
  package var shutdownCommunication: String? { communication.text }

  /// What the UPDATEs of this session are judged by.
  var updateContext: UpdateContext {
    UpdateContext(
      fourOctetAS: negotiated?.fourOctetAS ?? false, isExternal: settings.isExternal,
      families: negotiated?.families ?? settings.families)
  }

  /// An UPDATE left for this peer: it says that we are alive as well as a KEEPALIVE does
  /// (RFC 4271 section 8.2.2, Established, event 26 and its note on sent UPDATEs).
  package mutating func noteSent(at now: Instant) {
    if state == .established { restartKeepalive(at: now) }
  }
}
