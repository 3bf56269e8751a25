// What the kernel said as records of the stream of `monitor`.

import Control
import Failover
import Model

/// Writes one fact as one record. Interfaces are named as far as the view knows them.
enum KernelRecord {
  static func link(_ link: Link, before: Link?, at: Instant, id: String) -> [UInt8] {
    var line = begin("link", before == nil ? "new" : "changed", at, id)
    add(link, to: &line)
    // A rename leaves the number as it is.
    let was = before.flatMap { $0.name == link.name ? nil : $0.name.description }
    line.add("was", was)
    return line.finish()
  }

  static func linkGone(
    _ index: InterfaceIndex, _ before: Link?, at: Instant, id: String
  ) -> [UInt8] {
    var line = begin("link", "gone", at, id)
    let unknown = Link(
      index: index, name: .none, isLoopback: false, isUp: false, hasCarrier: false,
      operationalState: .notPresent)
    add(before ?? unknown, to: &line)
    return line.finish()
  }

  private static func add(_ link: Link, to line: inout JSONLine) {
    line.add("index", link.index.value)
    line.add("name", link.name.description)
    line.add("up", link.isUp)
    line.add("carrier", link.hasCarrier)
    line.add("operstate", link.operationalState.description)
    line.add("mtu", link.mtu)
    line.add("mac", link.hardwareAddress?.description)
    if let master = link.master { line.add("master", master.value) } else { line.addNull("master") }
    line.add("vf", link.isVirtualFunction)
  }

  /// `isListed`: a repeated dump says it, and nothing has changed now.
  static func record(
    of fact: Fact, isListed: Bool, _ view: borrowing KernelView, at: Instant, id: String
  ) -> [UInt8] {
    let new = isListed ? "listed" : "new"
    switch fact {
    case .address(let address):
      return record(of: address, begin("address", new, at, id), view)
    case .addressGone(let address):
      return record(of: address, begin("address", "gone", at, id), view)
    case .route(let route, let arrival):
      let event = arrival == .instead ? "replaced" : new
      return record(of: route, begin("route", event, at, id), view)
    case .routeGone(let route): return record(of: route, begin("route", "gone", at, id), view)
    case .nextHop(let object): return record(of: object, begin("nexthop", new, at, id), view)
    case .nextHopGone(let object):
      return record(of: object, begin("nexthop", "gone", at, id), view)
    case .neighbour(let neighbour):
      return record(of: neighbour, begin("neighbour", new, at, id), view)
    case .neighbourGone(let neighbour):
      return record(of: neighbour, begin("neighbour", "gone", at, id), view)
    case .link, .linkGone, .dumpDone, .refused, .overrun:
      preconditionFailure("a link is told with what was before, and the rest is not told")
    }
  }

  private static func begin(
    _ type: String, _ event: String, _ at: Instant, _ id: String
  ) -> JSONLine {
    var line = JSONLine(id: id, type: type)
    line.add("event", event)
    line.add("at-ns", at.nanoseconds)
    return line
  }

  private static func record(
    of address: InterfaceAddress, _ begun: JSONLine, _ view: borrowing KernelView
  ) -> [UInt8] {
    var line = begun
    line.add("address", "\(address.address)/\(address.prefixLength)")
    line.add("interface", view.link(address.interface)?.name.description)
    line.add("index", address.interface.value)
    line.add("tentative", address.isTentative)
    line.add("deprecated", address.isDeprecated)
    line.add("secondary", address.isSecondary)
    line.add("label", address.label == .none ? nil : address.label.description)
    add("valid-s", address.lifetime, to: &line)
    add("preferred-s", address.preferredLifetime, to: &line)
    return line.finish()
  }

  private static func add(_ key: String, _ lifetime: Lifetime, to line: inout JSONLine) {
    if lifetime.isForever { line.addNull(key) } else { line.add(key, lifetime.seconds) }
  }

  private static func record(
    of route: Route, _ begun: JSONLine, _ view: borrowing KernelView
  ) -> [UInt8] {
    var line = begun
    line.add("destination", route.destination.description)
    line.add("table", route.table)
    line.add("protocol", route.origin.description)
    line.add("kind", route.kind.description)
    line.add("metric", route.metric)
    line.add("tos", route.typeOfService)
    line.add("nexthop-id", route.nextHopID)
    var gateways: [String] = []
    var interfaces: [String] = []
    var indexes: [Int32] = []
    var weights: [UInt16] = []
    for index in 0..<route.nextHops.count {
      let hop = route.nextHops[index]
      gateways.append(hop.gateway?.description ?? "")
      interfaces.append(hop.interface.flatMap { view.link($0)?.name.description } ?? "")
      indexes.append(hop.interface?.value ?? 0)
      weights.append(hop.weight)
    }
    line.add("gateways", gateways)
    line.add("interfaces", interfaces)
    line.add("indexes", indexes)
    line.add("weights", weights)
    line.add("next-hops-left-out", route.nextHops.leftOut)
    return line.finish()
  }

  private static func record(
    of object: NextHopObject, _ begun: JSONLine, _ view: borrowing KernelView
  ) -> [UInt8] {
    var line = begun
    line.add("nexthop-id", object.id)
    line.add("protocol", object.origin.description)
    line.add("gateway", object.nextHop.gateway?.description)
    let index = object.nextHop.interface
    line.add("interface", index.flatMap { view.link($0)?.name.description })
    line.add("index", index?.value ?? 0)
    line.add("blackhole", object.isBlackhole)
    line.add("group-size", object.groupSize)
    return line.finish()
  }

  private static func record(
    of neighbour: Neighbour, _ begun: JSONLine, _ view: borrowing KernelView
  ) -> [UInt8] {
    var line = begun
    line.add("address", neighbour.address.description)
    line.add("interface", view.link(neighbour.interface)?.name.description)
    line.add("index", neighbour.interface.value)
    line.add("mac", neighbour.hardwareAddress?.description)
    line.add("state", neighbour.state.description)
    line.add("proxy", neighbour.isProxy)
    line.add("router", neighbour.isRouter)
    return line.finish()
  }
}
