// What a session wants done, written into memory that is reserved once.

package import Bytes

/// One thing the owner of the connection is asked to do, or is told.
package enum SessionAction: Hashable, Sendable {
  /// Open a TCP connection to the peer.
  case connect
  /// Take the connection that the peer has opened: it is the incoming one from now on.
  case accept
  /// Send these bytes on the connection that the peer has opened, as far as they go, and end it.
  case refuse(Range<Int>)
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
  /// The peer wants all routes of these families again (RFC 2918).
  case refreshRequested(Families)
}

/// Actions and bytes of one call of a session. Whoever owns it empties it after every call.
package struct SessionOutput: ~Copyable {
  package private(set) var actions: [SessionAction]
  /// Which connection each action is about, by position.
  package private(set) var sides: [ConnectionSide]
  /// The connection that actions are about from now on.
  var side = ConnectionSide.outgoing
  package internal(set) var bytes: Writer
  /// UPDATEs that are in the counters of the session but found no place in `actions`.
  package private(set) var omittedUpdates = 0
  /// Where in `actions` a refresh is asked for.
  private var refresh: Int?

  /// The longest run of UPDATEs in one read of 64 KiB is 2849 (23 octets each); a caller that
  /// passes more at once finds the rest in the counters.
  package static let updateLimit = 2_900
  /// No call makes more other actions than this.
  private static let otherLimit = 32
  /// A call writes, for each of two connections, at most an OPEN or a KEEPALIVE and then a
  /// NOTIFICATION.
  package static let byteLimit = 4 * Framing.ordinaryLimit

  package init() {
    actions = []
    actions.reserveCapacity(SessionOutput.updateLimit + SessionOutput.otherLimit)
    sides = []
    sides.reserveCapacity(SessionOutput.updateLimit + SessionOutput.otherLimit)
    bytes = Writer(capacity: SessionOutput.byteLimit)
  }

  /// Makes it ready for the next call; the memory stays.
  package mutating func removeAll() {
    actions.removeAll(keepingCapacity: true)
    sides.removeAll(keepingCapacity: true)
    bytes.removeAll()
    omittedUpdates = 0
    refresh = nil
  }

  mutating func add(_ action: SessionAction) {
    switch action {
    case .update where actions.count >= SessionOutput.updateLimit:
      omittedUpdates += 1
    case .refreshRequested(let families):
      // One answer serves all requests of one read: the table is the same.
      if let refresh, case .refreshRequested(let earlier) = actions[refresh] {
        actions[refresh] = .refreshRequested(earlier.union(families))
      } else {
        refresh = actions.count
        append(action)
      }
    default:
      append(action)
    }
  }

  private mutating func append(_ action: SessionAction) {
    actions.append(action)
    sides.append(side)
  }
}
