// What a session wants done, written into memory that is reserved once.

package import Bytes

/// One thing the owner of the connection is asked to do, or is told.
package enum SessionAction: Hashable, Sendable {
  /// Open a TCP connection to the peer.
  case connect
  /// Send what was asked to be sent so far, then end the connection or the attempt.
  case close
  /// Send these bytes of `SessionOutput.bytes`.
  case send(Range<Int>)
  /// The session is up; `Session.negotiated` and `Session.epoch` say how.
  case established
  /// The session has ended, or an attempt has failed.
  case down(DownReason)
  /// An UPDATE came.
  case update(UpdateClass)
  /// The peer wants all IPv4 unicast routes again (RFC 2918).
  case refreshRequested
}

/// Actions and bytes of one call of a session. Whoever owns it empties it after every call.
package struct SessionOutput: ~Copyable {
  package private(set) var actions: [SessionAction]
  package internal(set) var bytes: Writer
  /// UPDATEs that are in the counters of the session but found no place in `actions`.
  package private(set) var omittedUpdates = 0
  private var isRefreshRequested = false

  /// The longest run of UPDATEs in one read of 64 KiB is 2849 (23 octets each); a caller that
  /// passes more at once finds the rest in the counters.
  package static let updateLimit = 2_900
  /// No call makes more other actions than this.
  private static let otherLimit = 16
  /// A call writes at most an OPEN or a KEEPALIVE and then a NOTIFICATION.
  package static let byteLimit = 2 * Framing.ordinaryLimit

  package init() {
    actions = []
    actions.reserveCapacity(SessionOutput.updateLimit + SessionOutput.otherLimit)
    bytes = Writer(capacity: SessionOutput.byteLimit)
  }

  /// Makes it ready for the next call; the memory stays.
  package mutating func removeAll() {
    actions.removeAll(keepingCapacity: true)
    bytes.removeAll()
    omittedUpdates = 0
    isRefreshRequested = false
  }

  mutating func add(_ action: SessionAction) {
    switch action {
    case .update where actions.count >= SessionOutput.updateLimit:
      omittedUpdates += 1
    case .refreshRequested:
      // One answer serves all requests of one read: the table is the same.
      if !isRefreshRequested { actions.append(action) }
      isRefreshRequested = true
    default:
      actions.append(action)
    }
  }
}
