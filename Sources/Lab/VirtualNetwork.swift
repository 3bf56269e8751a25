// The pair in its virtual network: two route servers, a fabric that follows them, a client.

package import Model

///                        client 10.0.0.10
///                             |
///      +------------- fabric (forwards) ------------+   10.0.0.1  10.0.1.1  10.0.2.1
///      |  BIRD: routes of rs1 and rs2 -> kernel     |
///      +----+--------------+------------------------+
///           |              |
///      10.0.1.0/24    10.0.2.0/24
///       |       |      |        |
///      rs1     rs2     a        b        VIP 10.1.0.5/32, on a or on b
///      .4      .5     .10      .20
///      BIRD, AS 65515  AS 65001
///
/// The addresses are those of Bryson's article, so that what is seen here can be held against it.
package final class VirtualNetwork {
  package static let serverASN = ASNumber(65515)
  package static let applianceASN = ASNumber(65001)
  package static let vip = IPv4Address(10, 1, 0, 5)
  /// A host prefix always exists.
  package static let vipPrefix = Prefix("10.1.0.5/32")!
  /// The port on which whoever holds the VIP answers: echo (RFC 862).
  package static let port: UInt16 = 7

  package let lab: Lab
  /// `rs1` and `rs2`, in this order.
  package let instances: [Bird]
  /// One for each instance.
  package let taps: [Wiretap]
  package let fabric: Bird

  /// Builds the network and waits until the fabric has its sessions with both instances.
  package init() throws(LabError) {
    lab = try Lab { topology in
      topology.subnet("client", "10.0.0.0/24")
      topology.subnet("servers", "10.0.1.0/24")
      topology.subnet("pair", "10.0.2.0/24")
      topology.host("client", "10.0.0.10")
      topology.host("rs1", "10.0.1.4")
      topology.host("rs2", "10.0.1.5")
      topology.host("a", "10.0.2.10")
      topology.host("b", "10.0.2.20")
    }
    taps = [try Wiretap(lab, on: "rs1"), try Wiretap(lab, on: "rs2")]
    let appliances = try VirtualNetwork.neighbours(
      ["a", "b"], of: lab, asn: VirtualNetwork.applianceASN)
    let servers = try VirtualNetwork.neighbours(
      ["rs1", "rs2"], of: lab, asn: VirtualNetwork.serverASN)
    let subnet = lab.topology.subnets[1]
    var birds: [Bird] = []
    for server in servers {
      birds.append(
        try Bird(
          lab, on: server.name,
          configuration: BirdConfiguration.routeServer(
            address: server.address, asn: server.asn, gateway: subnet.gateway,
            reachable: [lab.topology.subnets[2].prefix], appliances: appliances)))
    }
    instances = birds
    fabric = try Bird(
      lab, on: Topology.fabric,
      configuration: BirdConfiguration.fabric(
        routerID: subnet.gateway, asn: VirtualNetwork.serverASN, instances: servers))
    try Waiting.until("the fabric to hear both instances", within: .seconds(20)) {
      () throws(LabError) in
      for server in servers where try !fabric.isEstablished(server.name) {
        return "\(server.name): \(try fabric.session(server.name))"
      }
      return nil
    }
  }

  /// The address of a host.
  package func address(of host: String) throws(LabError) -> IPv4Address {
    try VirtualNetwork.neighbours([host], of: lab, asn: VirtualNetwork.applianceASN)[0].address
  }

  /// The routes to the VIP that each instance holds, the instances in their order.
  package func routes() throws(LabError) -> [(instance: Bird, routes: [BirdRoute])] {
    var all: [(instance: Bird, routes: [BirdRoute])] = []
    for instance in instances {
      all.append((instance, try instance.routes(to: VirtualNetwork.vipPrefix)))
    }
    return all
  }

  /// Waits until every instance and the fabric route the VIP to `host`, and the sessions of all
  /// `speakers` are up.
  package func wait(forBest host: String, within limit: Nanoseconds) throws(LabError) {
    let wanted = try address(of: host)
    try Waiting.until("both route servers to prefer \(host)", within: limit) {
      () throws(LabError) in
      for (instance, routes) in try routes() {
        guard let best = routes.first(where: \.isBest) else {
          return "\(instance.name) has no route"
        }
        if best.nextHop != wanted {
          return "\(instance.name) prefers \(best.nextHop.map(\.description) ?? "nothing")"
        }
      }
      let table = try lab.run(
        ["ip", "route", "show", "\(VirtualNetwork.vip)"], on: Topology.fabric)
      return table.contains("via \(wanted) ") ? nil : "the fabric's kernel has: \(table.trimmed)"
    }
  }

  /// Waits until both instances have an established session with each of `hosts`.
  package func wait(forSessionsOf hosts: [String], within limit: Nanoseconds) throws(LabError) {
    try Waiting.until("both route servers to have their sessions", within: limit) {
      () throws(LabError) in
      for instance in instances {
        for host in hosts where try !instance.isEstablished(host) {
          return "\(instance.name) - \(host): \(try instance.session(host))"
        }
      }
      return nil
    }
  }

  private static func neighbours(_ names: [String], of lab: Lab, asn: ASNumber) throws(LabError)
    -> [BirdConfiguration.Neighbour]
  {
    var found: [BirdConfiguration.Neighbour] = []
    for name in names {
      guard let host = lab.topology.host(named: name) else { throw .topology(.badName(name)) }
      found.append(.init(name: name, address: host.address, asn: asn))
    }
    return found
  }
}
