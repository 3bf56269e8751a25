// The ways in which a Route Server differs from any other BGP speaker, each a switch or a number.

package import Model

/// How long the platform takes from the best path to its forwarding.
package enum ProgrammingDelay: Hashable, Sendable {
  /// At once: for measuring what the rest costs.
  case none
  case fixed(Nanoseconds)
  /// Drawn from what was measured and published; `percent` stretches or shrinks it.
  case published(percent: Int64)
}

/// What an instance does that is Azure's own. Every one can be turned off; the figures are those of
/// Azure's documents where there are any.
package struct Quirks: Hashable, Sendable {
  /// It waits for connections on port 179.
  package var listens = true
  /// It opens connections itself.
  package var connects = true
  /// It offers the route refresh capability. Graceful restart is never offered.
  package var offersRefresh = true
  package var offersIPv6 = true
  package var offersFourOctet = true
  package var holdTime = Nanoseconds.seconds(180)
  package var keepalive = Nanoseconds.seconds(60)
  /// A shorter hold time is refused. Azure's is not published; RFC 4271 section 4.2 names this one.
  package var shortestHoldTime = Nanoseconds.seconds(3)
  /// Keepalives come after 75 to 100 % of their interval, as the one published recording shows.
  package var jitters = true
  /// Routes held from a peer together with those of the UPDATE that comes in; one more ends the
  /// session with Cease/1. 0 is no limit.
  package var routeLimit = 4_000
  /// A path that names our own AS number is not taken.
  package var dropsOwnASN = true
  /// A route with the community NO_ADVERTISE is programmed, but told to nobody.
  package var honoursNoAdvertise = true
  /// Best paths are told to the other peers.
  package var passesOn = true
  /// How many equal paths are programmed at most; 1 is no ECMP. Azure's bound is that of peers.
  package var ecmpWidth = 8
  /// Between paths of one length, ORIGIN and MED decide. Azure's documents name neither.
  package var comparesOrigin = false
  package var comparesMED = false
  /// A peer that cannot be asked for its routes again is reset instead.
  package var resetsWithoutRefresh = true
  package var programming = ProgrammingDelay.published(percent: 100)
  /// After a change of a prefix was programmed, the next one waits until this has passed.
  package var damping = Nanoseconds.seconds(30)
  /// Between two attempts to connect.
  package var connectRetry = Nanoseconds.seconds(5)

  package init() {}

  /// Everything as far as it is known.
  package static let azure = Quirks()

  /// The same without what only lets time pass: for measuring the rest.
  package static var measuring: Quirks {
    var quirks = Quirks()
    quirks.programming = .none
    quirks.damping = .zero
    quirks.connectRetry = .seconds(1)
    return quirks
  }
}
