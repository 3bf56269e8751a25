// The calls to the resource manager that routes need.

package import Model

/// Builds requests; the version of the interface is the same for all of Microsoft.Network.
package enum Calls {
  /// A version that all clouds have had for long. Newer ones add nothing that is used here.
  package static let networkVersion = "2024-05-01"
  package static let computeVersion = "2024-07-01"
  package static let authorizationVersion = "2022-04-01"

  /// The body of a PUT of one route.
  package static func body(_ prefix: Prefix, _ hop: IPAddress) -> [UInt8] {
    let text =
      "{\"properties\":{\"addressPrefix\":\"\(prefix)\",\"nextHopType\":\"VirtualAppliance\","
      + "\"nextHopIpAddress\":\"\(hop)\"}}"
    return Array(text.utf8)
  }

  /// Puts the route where it stands, or creates it.
  package static func put(
    _ route: ResourceID, _ body: [UInt8], ifMatch: String?, at endpoint: Endpoint
  ) -> Request {
    Request(.put, endpoint, network(route), ifMatch: ifMatch, body: body)
  }

  package static func delete(
    _ route: ResourceID, ifMatch: String?, at endpoint: Endpoint
  ) -> Request {
    Request(.delete, endpoint, network(route), ifMatch: ifMatch)
  }

  /// Reads any resource of Microsoft.Network.
  package static func get(_ resource: ResourceID, at endpoint: Endpoint) -> Request {
    Request(.get, endpoint, network(resource))
  }

  package static func getMachine(_ machine: ResourceID, at endpoint: Endpoint) -> Request {
    Request(.get, endpoint, "\(machine.path)?api-version=\(computeVersion)")
  }

  /// What the caller may do with a resource.
  package static func permissions(on resource: ResourceID, at endpoint: Endpoint) -> Request {
    Request(
      .get, endpoint,
      "\(resource.path)/providers/Microsoft.Authorization/permissions"
        + "?api-version=\(authorizationVersion)")
  }

  /// Starts to collect what a network interface really routes by; the answer comes as an operation.
  package static func effectiveRoutes(_ interface: ResourceID, at endpoint: Endpoint) -> Request {
    Request(
      .post, endpoint, "\(interface.path)/effectiveRouteTable?api-version=\(networkVersion)")
  }

  private static func network(_ resource: ResourceID) -> String {
    "\(resource.path)?api-version=\(networkVersion)"
  }
}
