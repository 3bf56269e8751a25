// Route tables as Azure has them: user-defined routes, and whether BGP reaches their subnets.

package import Model

/// Where a route leads, by the words of Azure's REST API.
package enum NextHopType: Hashable, Sendable {
  /// To machines: one, or several at once (`VirtualApplianceEcmp`).
  case virtualAppliance([IPAddress])
  /// Within the virtual network.
  case vnetLocal
  case internet
  /// Dropped.
  case none
  /// To whom BGP names.
  case virtualNetworkGateway
}

/// A user-defined route.
package struct UserRoute: Hashable, Sendable {
  package var name: String
  package var prefix: Prefix
  package var nextHop: NextHopType
  /// Overlapping routes of BGP give way to it, whatever their length (`hasBgpOverride`).
  package var overridesBGP: Bool

  package init(name: String, prefix: Prefix, nextHop: NextHopType, overridesBGP: Bool = false) {
    self.name = name
    self.prefix = prefix
    self.nextHop = nextHop
    self.overridesBGP = overridesBGP
  }
}

/// A route table. It is in force in the subnets that name it.
package struct RouteTable: Hashable, Sendable {
  /// Azure's number of routes in a table (azure-docs pull request 128356).
  package static let routeLimit = 600

  package var name: String
  package var routes: [UserRoute]
  /// Routes that BGP has learned are kept out (`disableBgpRoutePropagation`).
  package var disablesBGP: Bool

  package init(name: String, routes: [UserRoute] = [], disablesBGP: Bool = false) {
    self.name = name
    self.routes = routes
    self.disablesBGP = disablesBGP
  }
}
