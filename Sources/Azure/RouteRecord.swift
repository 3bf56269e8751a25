// Routes and route tables as Azure tells of them.

package import Model

/// Where a route of a table leads.
package enum RouteTarget: Hashable, Sendable {
  case appliance(IPAddress)
  /// `Internet`, `None`, `VirtualApplianceEcmp` and what may be added: none of them is ours.
  case other(String)
}

/// One route, as it stands in a table.
package struct RouteRecord: Hashable, Sendable {
  package var name: String
  package var etag: String?
  /// A prefix, or the name of a service tag.
  package var prefix: String
  package var target: RouteTarget
  package var state: ProvisioningState

  package init(
    name: String, etag: String?, prefix: String, target: RouteTarget, state: ProvisioningState
  ) {
    self.name = name
    self.etag = etag
    self.prefix = prefix
    self.target = target
    self.state = state
  }

  /// The hop, when it is an appliance.
  package var hop: IPAddress? {
    guard case .appliance(let hop) = target else { return nil }
    return hop
  }

  /// The prefix as an address block; nil for service tags.
  package var block: Prefix? { Prefix(prefix) }
}

/// How far Azure is with a resource.
package enum ProvisioningState: Hashable, Sendable {
  case succeeded
  /// The last change did not take; what stands is not certain.
  case failed
  /// Updating, Deleting, and whatever else is not an end.
  case underWay

  init(_ text: String?) {
    switch text?.lowercased() {
    // Older answers and examples leave it away.
    case nil, "succeeded": self = .succeeded
    case "failed", "canceled": self = .failed
    default: self = .underWay
    }
  }
}

/// One route table.
package struct TableRecord: Hashable, Sendable {
  package var etag: String?
  package var routes: [RouteRecord]
  /// Routes that gateways and Route Server learned do not reach the subnets of this table.
  package var disablesPropagation: Bool
  package var subnets: [String]
}

/// The form that routes and tables have on the wire; names are the specification's.
enum Wire {
  struct Route: Decodable {
    struct Properties: Decodable {
      var addressPrefix: String?
      var nextHopType: String?
      var nextHopIpAddress: String?
      var provisioningState: String?
    }
    var name: String?
    var etag: String?
    var properties: Properties?

    /// Nothing when even the type of the hop is missing: then it is no route.
    var record: RouteRecord? {
      guard let name, let properties, let type = properties.nextHopType else { return nil }
      var target = RouteTarget.other(type)
      if type.lowercased() == "virtualappliance",
        let hop = properties.nextHopIpAddress.flatMap({ IPAddress($0) })
      {
        target = .appliance(hop)
      }
      return RouteRecord(
        name: name, etag: etag, prefix: properties.addressPrefix ?? "", target: target,
        state: ProvisioningState(properties.provisioningState))
    }
  }

  struct Table: Decodable {
    struct Subnet: Decodable { var id: String? }
    struct Properties: Decodable {
      var routes: [Route]?
      var disableBgpRoutePropagation: Bool?
      var subnets: [Subnet]?
    }
    var etag: String?
    var properties: Properties?
  }

  struct Operation: Decodable {
    var status: String?
    var error: ErrorBody?
  }

  struct ErrorBody: Decodable {
    struct Detail: Decodable {
      var code: String?
      var message: String?
    }
    var code: String?
    var message: String?
    var details: [Detail]?
  }

  struct ErrorEnvelope: Decodable { var error: ErrorBody? }
}

extension RouteRecord {
  /// Reads the body of an answer.
  package init?(_ body: [UInt8]) {
    guard let record = JSON.read(Wire.Route.self, body)?.record else { return nil }
    self = record
  }
}

extension TableRecord {
  /// Routes of one table, by Azure's own limit, and as many again in case it grows.
  package static let routeLimit = 1_200

  /// Reads the body of an answer; nothing when one of its routes cannot be read, since a missing
  /// route would be taken for one that is not there.
  package init?(_ body: [UInt8]) {
    guard let table = JSON.read(Wire.Table.self, body), let properties = table.properties,
      TableRecord.isTag(table.etag), (properties.routes ?? []).count <= TableRecord.routeLimit
    else { return nil }
    var routes: [RouteRecord] = []
    for route in properties.routes ?? [] {
      guard let record = route.record, TableRecord.isTag(record.etag) else { return nil }
      routes.append(record)
    }
    self.init(
      etag: table.etag, routes: routes,
      disablesPropagation: properties.disableBgpRoutePropagation ?? false,
      subnets: (properties.subnets ?? []).compactMap(\.id))
  }

  /// Whether it can stand in a header: what a server says must not begin another one.
  private static func isTag(_ tag: String?) -> Bool {
    tag.map { $0.utf8.count <= 256 && $0.utf8.allSatisfy { (0x20...0x7e).contains($0) } } ?? true
  }

  /// The route of this name; upper and lower case count the same.
  package func route(named name: String) -> RouteRecord? {
    routes.first { $0.name.lowercased() == name.lowercased() }
  }
}
