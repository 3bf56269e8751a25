// A route table as the resource manager keeps it, and as it shows it.

import Model
import Platform

/// One route, with the words in which it was given.
struct RouteResource: Hashable, Sendable {
  var name: String
  var prefix: String
  /// Azure's word.
  var hopType: String
  var hop: String?
  /// Of `VirtualApplianceEcmp`.
  var hops: [String] = []
  var state = "Succeeded"

  func json(in table: TableResource) -> JSON {
    var properties: JSON = [
      "provisioningState": .string(state), "addressPrefix": .string(prefix),
      "nextHopType": .string(hopType),
    ]
    properties = properties.adding("nextHopIpAddress", hop.map { .string($0) })
    if !hops.isEmpty {
      let list = JSON.array(hops.map { .string($0) })
      properties = properties.adding("nextHop", ["nextHopIpAddresses": list])
    }
    return [
      "name": .string(name), "id": .string("\(table.id)/routes/\(name)"),
      "etag": .string(table.tag), "properties": properties.adding("hasBgpOverride", false),
      "type": "Microsoft.Network/routeTables/routes",
    ]
  }

  /// Nil for prefixes that are names of services; the lab has none of those.
  var route: UserRoute? {
    guard let prefix = Prefix(prefix), let nextHop else { return nil }
    return UserRoute(name: name, prefix: prefix, nextHop: nextHop)
  }

  private var nextHop: NextHopType? {
    switch hopType {
    case "VirtualAppliance": hop.flatMap { IPAddress($0) }.map { .virtualAppliance([$0]) }
    case "VirtualApplianceEcmp": .virtualAppliance(hops.compactMap { IPAddress($0) })
    case "VnetLocal": .vnetLocal
    case "Internet": .internet
    case "None": NextHopType.none
    case "VirtualNetworkGateway": .virtualNetworkGateway
    default: nil
    }
  }
}

/// A route table. All its routes bear its tag, as those of Azure do.
struct TableResource: Hashable, Sendable {
  var subscription: String
  var group: String
  var name: String
  var location: String
  var tags: JSON?
  var guid: String
  var disablesBGP = false
  var routes: [RouteResource] = []
  /// Of this version: it changes with each change, and once more when a long operation ends.
  var tag = ""
  var state = "Succeeded"

  var id: String {
    "/subscriptions/\(subscription)/resourceGroups/\(group)"
      + "/providers/Microsoft.Network/routeTables/\(name)"
  }
  /// Names have no case.
  var key: String { id.lowercased() }

  func place(of route: String) -> Int? {
    routes.firstIndex { $0.name.lowercased() == route.lowercased() }
  }

  func json(subnets: [String]) -> JSON {
    var properties: JSON = [
      "provisioningState": .string(state), "resourceGuid": .string(guid),
      "disableBgpRoutePropagation": .boolean(disablesBGP),
      "routes": .array(routes.map { $0.json(in: self) }),
    ]
    if !subnets.isEmpty {
      properties = properties.adding(
        "subnets", .array(subnets.map { ["id": .string($0)] }))
    }
    let head: JSON = [
      "name": .string(name), "id": .string(id), "etag": .string(tag),
      "type": "Microsoft.Network/routeTables", "location": .string(location),
    ]
    return head.adding("tags", tags).adding("properties", properties)
  }

  /// What the network follows; `own` is the group whose tables go by their plain names.
  func table(own group: String) -> RouteTable {
    let isOwn = group.lowercased() == self.group.lowercased()
    return RouteTable(
      name: isOwn ? name : "\(self.group)/\(name)", routes: routes.compactMap(\.route),
      disablesBGP: disablesBGP)
  }
}
