// Why a session is down, by whoever knows best: the session, or the socket beneath it.

import BGP
import Engine
import Linux
import Model

/// The socket explains the end of a connection and an attempt that failed; what else ends a session
/// is its own knowledge, and what a socket once failed with does not belong there.
enum LastError {
  /// What the newest failure of either connection was.
  static func socket(_ peer: PeerSlot, _ connections: [Connection]) -> Errno? {
    let failures = ConnectionSide.allCases.compactMap {
      connections[ConnectionSlot(peer, $0).index].lastFailure
    }
    return failures.max { $0.at < $1.at }?.error
  }

  /// The errno in words, when it explains this reason.
  static func detail(
    _ reason: DownReason, _ peer: PeerSlot, _ connections: [Connection]
  ) -> String? {
    guard reason.isOfSocket else { return nil }
    return socket(peer, connections)?.description
  }

  /// For `status`.
  static func words(
    _ peer: PeerSlot, _ session: borrowing Peering, _ connections: [Connection]
  ) -> String? {
    guard let reason = session.lastError else { return nil }
    return reason.words(socket: detail(reason, peer, connections))
  }
}
