// The states of RFC 4271 section 8.2.2, and what can happen to a session.

/// Where a session stands.
package enum SessionState: UInt8, Hashable, Comparable, Sendable, CaseIterable {
  case idle
  case connect
  case active
  case openSent
  case openConfirm
  case established

  /// How far the state is from Idle.
  package static func < (left: SessionState, right: SessionState) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension SessionState: CustomStringConvertible {
  /// The RFC's own names.
  package var description: String {
    switch self {
    case .idle: "Idle"
    case .connect: "Connect"
    case .active: "Active"
    case .openSent: "OpenSent"
    case .openConfirm: "OpenConfirm"
    case .established: "Established"
    }
  }
}

/// What happens to a session, messages apart: those come through `Session.receive`.
package enum SessionEvent: Hashable, Sendable {
  /// Connect, or wait for the peer to connect, and keep trying until `stop`.
  case start
  /// The same, but wait first as after a failure.
  case startLater
  /// End the session and do not try again until `start`.
  case stop(CeaseReason)
  /// The TCP connection asked for by the last `.connect` is up, or the one awaited came.
  case connected
  /// The TCP connection asked for by the last `.connect` could not be made.
  case connectFailed
  /// The peer closed or reset the connection. Not to be said of a connection that `.close` ended.
  case closed
  /// `Session.deadline` has passed.
  case timer
}
