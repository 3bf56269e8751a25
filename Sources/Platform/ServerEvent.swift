// What an instance tells of itself as it happens.

package import Model

/// One thing that happened at an instance.
package enum ServerEvent: Hashable, Sendable {
  /// It takes connections.
  case ready
  case sessionUp(peer: String, holdTime: Nanoseconds, families: [Family])
  case sessionDown(peer: String, reason: String)
  /// A connection from nobody it knows, or one too many.
  case refused(address: IPv4Address, reason: String)
  case update(UpdateEvent)
  /// The paths that a prefix is best reached by; no hops: none.
  case best(prefix: Prefix, hops: [IPAddress], pathLength: Int)
  /// The platform forwards like this from now on; `waited` since the change that it carries out.
  case programmed(prefix: Prefix, hops: [IPAddress], waited: Nanoseconds)
  /// It asked a peer to tell its routes again.
  case askedAgain(peer: String, family: Family)
  /// A peer asked for ours.
  case wasAsked(peer: String, family: Family)
  /// It leaves its service for a while, or comes back.
  case restarting
  case returned

  package enum Family: String, Hashable, Sendable {
    case ipv4, ipv6
  }
}

/// An UPDATE that came in.
package struct UpdateEvent: Hashable, Sendable {
  /// Prefixes that are named one by one; the counts tell of all. We chose it.
  package static let namesLimit = 16

  package var peer: String
  package var announced: [Prefix] = []
  package var announcedCount = 0
  package var withdrawn: [Prefix] = []
  package var withdrawnCount = 0
  package var hop: IPAddress?
  package var pathLength = 0
  /// What is held from this peer after it.
  package var held = 0
  /// Prefixes that were not taken, and why; empty when all were.
  package var dropped = ""

  package init(peer: String) { self.peer = peer }
}
