// Why a target is in its state, and what was counted on the way.

/// What led to a target's state.
package enum LivenessReason: UInt8, Hashable, Sendable {
  case notAsked
  case answered
  /// No answer within the timeout.
  case lost
  /// The host refused the connection.
  case refused
  /// The answer was not what it must be.
  case wrongAnswer
  /// The connection ended before the answer was complete.
  case closed
  /// The interface is not there, does not run, or has no address.
  case noInterface
  /// The socket took no probe.
  case notSent
  /// The answers are given by the network, not by the host.
  case localFabric
  /// BFD: nothing heard for the detection time.
  case expired
  /// BFD: the peer says that it does not hear us.
  case notHeard
  /// BFD: the peer's administrator ended the session, which says nothing of the path.
  case administrative
  /// Our own network was gone when the target seemed to be.
  case unheard
}

extension LivenessReason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAsked: "not asked yet"
    case .answered: "answers"
    case .lost: "no answer"
    case .refused: "connection refused"
    case .wrongAnswer: "wrong answer"
    case .closed: "connection closed early"
    case .noInterface: "interface not usable"
    case .notSent: "cannot be asked"
    case .localFabric: "local fabric only"
    case .expired: "nothing heard"
    case .notHeard: "peer does not hear us"
    case .administrative: "administratively down"
    case .unheard: "our own network was gone"
    }
  }
}

/// What became of the probes of a target.
package struct LivenessCounters: Hashable, Sendable {
  package var sent: UInt64 = 0
  package var answered: UInt64 = 0
  package var lost: UInt64 = 0
  /// Of the lost ones, those whose answer came after the timeout.
  package var late: UInt64 = 0
  /// Probes that say nothing, because we were away or could not send.
  package var voided: UInt64 = 0
  /// Answers that nobody had asked for.
  package var unasked: UInt64 = 0
}
