// Reads the bodies of writes as strictly as the resource manager does.

import Model
import Platform

/// Why a body was not accepted: Azure's code and words for it.
struct BodyFault: Error {
  var code: String
  var message: String

  /// What cannot be read at all. The code is Azure's; its words differ with the place of the fault.
  static let unreadable = BodyFault(
    code: "InvalidRequestContent",
    message: "The request content was invalid and could not be deserialized.")
}

enum RouteReader {
  /// Azure's length of a name of a network resource.
  private static let nameLimit = 80
  private static let types = [
    "VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "VirtualApplianceEcmp",
    "None",
  ]

  static func route(_ name: String, _ body: [UInt8]) throws(BodyFault) -> RouteResource {
    guard let json = JSON(body) else { throw .unreadable }
    return try route(name, json)
  }

  static func route(_ name: String, _ json: JSON) throws(BodyFault) -> RouteResource {
    guard !name.isEmpty, name.utf8.count <= nameLimit, json.isObject else { throw .unreadable }
    guard let properties = json["properties"], properties.isObject else {
      throw BodyFault(
        code: "InvalidRequestFormat", message: "Cannot parse the request: no properties.")
    }
    guard let type = properties["nextHopType"]?.string, types.contains(type) else {
      throw invalid("nextHopType", properties)
    }
    guard let prefix = properties["addressPrefix"]?.string, isPrefix(prefix) else {
      throw invalid("addressPrefix", properties)
    }
    var route = RouteResource(name: name, prefix: prefix, hopType: type)
    route.hop = properties["nextHopIpAddress"]?.string
    route.hops = (properties["nextHop"]?["nextHopIpAddresses"]?.array ?? []).compactMap(\.string)
    let isValid =
      switch type {
      case "VirtualAppliance":
        route.hops.isEmpty && (route.hop.flatMap { IPAddress($0) } != nil)
      case "VirtualApplianceEcmp":
        route.hop == nil && route.hops.count >= 2
          && route.hops.allSatisfy { IPAddress($0) != nil }
      default: route.hop == nil && route.hops.isEmpty
      }
    guard isValid else { throw invalid("nextHopIpAddress", properties) }
    return route
  }

  /// A prefix, or the name of a service, which has no slash and begins with a letter.
  private static func isPrefix(_ text: String) -> Bool {
    if Prefix(text) != nil { return true }
    return !text.contains("/") && !text.contains(":") && (text.first?.isLetter ?? false)
  }

  private static func invalid(_ name: String, _ properties: JSON) -> BodyFault {
    let value = properties[name]?.string ?? ""
    return BodyFault(
      code: "InvalidRequestFormat",
      message: "Cannot parse the request: '\(value)' is no \(name) here.")
  }

  /// A table's body laid over what is there. Routes that it does not name are gone: it is a PUT.
  static func table(_ body: [UInt8], onto table: TableResource) throws(BodyFault) -> TableResource {
    guard let json = JSON(body), json.isObject else { throw .unreadable }
    guard let location = json["location"]?.string, !location.isEmpty else {
      throw BodyFault(
        code: "LocationRequired",
        message: "The location property is required for this definition.")
    }
    var result = table
    result.location = location
    result.tags = json["tags"]
    let properties = json["properties"] ?? [:]
    result.disablesBGP = properties["disableBgpRoutePropagation"]?.boolean ?? false
    result.routes = []
    for entry in properties["routes"]?.array ?? [] {
      guard let name = entry["name"]?.string else { throw .unreadable }
      result.routes.append(try route(name, entry))
    }
    try check(result)
    return result
  }

  /// What holds for all routes of a table together.
  static func check(_ table: TableResource) throws(BodyFault) {
    guard table.routes.count <= RouteTable.routeLimit else {
      throw BodyFault(
        code: "RouteCountLimitReached",
        message: "A route table holds \(RouteTable.routeLimit) routes at most.")
    }
    for (index, route) in table.routes.enumerated() {
      for other in table.routes[..<index]
      where other.prefix == route.prefix || other.name.lowercased() == route.name.lowercased() {
        throw BodyFault(
          code: "RouteConflict",
          message: "Routes \(other.name) and \(route.name) have the same address prefix or name.")
      }
    }
  }
}
