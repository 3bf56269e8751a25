// One line of what Azure calls a network interface's effective routes.

package import Model

/// A route with its origin, and whether it is followed.
package struct EffectiveRoute: Hashable, Sendable {
  /// Azure's words for where a route comes from.
  package enum Source: String, Hashable, Sendable {
    /// The platform's own.
    case system = "Default"
    case user = "User"
    /// What BGP has learned.
    case gateway = "VirtualNetworkGateway"
  }

  package var prefix: Prefix
  package var source: Source
  package var nextHop: NextHopType
  /// False: another route stands above it.
  package var isActive: Bool

  package init(prefix: Prefix, source: Source, nextHop: NextHopType, isActive: Bool) {
    self.prefix = prefix
    self.source = source
    self.nextHop = nextHop
    self.isActive = isActive
  }
}
