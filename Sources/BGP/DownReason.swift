// Why a session is down, in a form that costs nothing to keep and in words for people.

/// Why a session ended, or why it did not come up.
package enum DownReason: Hashable, Sendable {
  /// We refused something the peer sent.
  case notificationSent(code: UInt8, subcode: UInt8)
  case notificationReceived(code: UInt8, subcode: UInt8)
  /// Nothing came from the peer for the hold time.
  case holdTimerExpired
  /// The peer took nothing from us for the send hold time (RFC 9687).
  case sendHoldTimerExpired
  /// The TCP connection ended without a NOTIFICATION: the peer closed it, or it failed.
  case closed
  case connectFailed
  /// Neither success nor failure of the TCP connection came in time.
  case connectTimedOut
  /// We ended it on purpose.
  case stopped(CeaseReason)
}

extension DownReason {
  /// One of two connections gave way to the other: no trouble of the session.
  package var isCollision: Bool {
    let collision = CeaseReason.connectionCollisionResolution
    let code = Notification.Code.cease.rawValue
    return self == .stopped(collision)
      || self == .notificationSent(code: code, subcode: collision.rawValue)
      || self == .notificationReceived(code: code, subcode: collision.rawValue)
  }
}

extension DownReason {
  /// The socket knows more: with which errno it ended, if with any.
  package var isOfSocket: Bool { self == .closed || self == .connectFailed }

  /// With what the socket said, if it said anything: then the peer did not close the connection.
  package func words(socket: String?) -> String {
    guard let socket else { return description }
    return self == .closed ? "the connection failed: \(socket)" : "\(self): \(socket)"
  }
}

extension DownReason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notificationSent(let code, let subcode):
      "we sent NOTIFICATION \(DownReason.words(code, subcode))"
    case .notificationReceived(let code, let subcode):
      "the peer sent NOTIFICATION \(DownReason.words(code, subcode))"
    case .holdTimerExpired: "hold timer expired"
    case .sendHoldTimerExpired: "send hold timer expired: the peer takes nothing"
    case .closed: "the peer closed the connection"
    case .connectFailed: "connection refused or unreachable"
    case .connectTimedOut: "connection attempt timed out"
    case .stopped(let reason): "stopped: \(reason)"
    }
  }

  /// `code/subcode` and the registered names, as far as there are any.
  static func words(_ code: UInt8, _ subcode: UInt8) -> String {
    let numbers = "\(code)/\(subcode)"
    guard let known = Notification.Code(rawValue: code) else { return numbers }
    let kind =
      switch known {
      case .messageHeader: "Message Header Error"
      case .openMessage: "OPEN Message Error"
      case .updateMessage: "UPDATE Message Error"
      case .holdTimerExpired: "Hold Timer Expired"
      case .finiteStateMachine: "Finite State Machine Error"
      case .cease: "Cease"
      case .routeRefresh: "ROUTE-REFRESH Message Error"
      case .sendHoldTimerExpired: "Send Hold Timer Expired"
      }
    guard let detail = detail(known, subcode) else { return "\(numbers) (\(kind))" }
    return "\(numbers) (\(kind): \(detail))"
  }

  private static func detail(_ code: Notification.Code, _ subcode: UInt8) -> String? {
    let names: [String]
    switch code {
    case .messageHeader:
      names = ["Connection Not Synchronized", "Bad Message Length", "Bad Message Type"]
    case .openMessage:
      names = [
        "Unsupported Version Number", "Bad Peer AS", "Bad BGP Identifier",
        "Unsupported Optional Parameter", "Authentication Failure", "Unacceptable Hold Time",
        "Unsupported Capability",
      ]
    case .updateMessage:
      names = [
        "Malformed Attribute List", "Unrecognized Well-known Attribute",
        "Missing Well-known Attribute", "Attribute Flags Error", "Attribute Length Error",
        "Invalid ORIGIN Attribute", "AS Routing Loop", "Invalid NEXT_HOP Attribute",
        "Optional Attribute Error", "Invalid Network Field", "Malformed AS_PATH",
      ]
    case .finiteStateMachine:
      names = [
        "Unexpected Message in OpenSent", "Unexpected Message in OpenConfirm",
        "Unexpected Message in Established",
      ]
    case .cease:
      return CeaseReason(rawValue: subcode)?.description
    case .routeRefresh:
      names = ["Invalid Message Length"]
    case .holdTimerExpired, .sendHoldTimerExpired:
      names = []
    }
    return names.indices.contains(Int(subcode) - 1) ? names[Int(subcode) - 1] : nil
  }
}
