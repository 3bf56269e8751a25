// A virtual network as a layout describes it: two route servers, a fabric that follows them, hosts.

package import Model
package import Platform

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

  package let layout: Layout
  package let lab: Lab
  /// `rs1` and `rs2`, in this order; none when the simulated platform has them.
  package let instances: [Bird]
  /// The simulated platform, where it was asked for or is all there is.
  package let platform: RouteServers?
  /// The resource manager and the metadata service, in layouts with a route table.
  package let rest: RestProcess?
  /// One for each instance.
  package let taps: [Wiretap]
  /// By host: what is in its first cable.
  private var relays: [String: Relay] = [:]
  /// The hopshift-lab whose processes are parts of the network.
  private let program: String
  private let fabricBird: Bird?

  /// What plays the fabric where there is no simulated platform.
  package var fabric: Bird {
    guard let fabricBird else { preconditionFailure("the platform has a fabric of its own") }
    return fabricBird
  }

  /// Who plays the route servers on the simulated platform, and with which quirks.
  package struct Cast: Sendable {
    package var kind: InstanceKind
    package var quirks: Quirks
    /// The hopshift-lab whose processes play the platform.
    package var program: String

    package init(
      kind: InstanceKind = .simulated, quirks: Quirks = .measuring,
      program: String = AzureProcess.ownProgram
    ) {
      self.kind = kind
      self.quirks = quirks
      self.program = program
    }
  }

  /// Builds the network. Without a cast the route servers are BIRDs, and a BIRD that hears both is
  /// the fabric: then this waits until it does.
  /// `program` is the hopshift-lab that plays what no cast has a program for.
  package init(
    _ layout: Layout = .pair, cast: Cast? = nil, program: String = AzureProcess.ownProgram
  ) throws(LabError) {
    self.layout = layout
    self.program = cast?.program ?? program
    lab = try Lab(layout.draw)
    var taps: [Wiretap] = []
    for instance in layout.instances { taps.append(try Wiretap(lab, on: instance)) }
    self.taps = taps
    for host in layout.tapped {
      relays[host] = try Relay(lab, joining: host, program: self.program)
    }
    if let cast = cast ?? (layout.needsPlatform ? Cast(program: program) : nil) {
      instances = []
      fabricBird = nil
      platform = try RouteServers(
        lab, layout.instances, peers: layout.speakers, kind: cast.kind, quirks: cast.quirks,
        program: cast.program)
      rest = try VirtualNetwork.rest(layout, lab, cast, platform?.fabric)
      return
    }
    platform = nil
    rest = nil
    let speakers = try VirtualNetwork.neighbours(
      layout.speakers, of: lab, asn: VirtualNetwork.applianceASN)
    let servers = try VirtualNetwork.neighbours(
      layout.instances, of: lab, asn: VirtualNetwork.serverASN)
    var birds: [Bird] = []
    for server in servers {
      let subnet = try VirtualNetwork.subnet(of: server.name, in: lab)
      birds.append(
        try Bird(
          lab, on: server.name,
          configuration: BirdConfiguration.routeServer(
            address: server.address, asn: server.asn, gateway: subnet.gateway,
            reachable: lab.topology.subnets.map(\.prefix).filter { $0 != subnet.prefix },
            appliances: speakers)))
    }
    instances = birds
    let fabric = try Bird(
      lab, on: Topology.fabric,
      configuration: BirdConfiguration.fabric(
        routerID: try VirtualNetwork.subnet(of: layout.instances[0], in: lab).gateway,
        asn: VirtualNetwork.serverASN, instances: servers))
    fabricBird = fabric
    try Waiting.until("the fabric to hear both instances", within: .seconds(20)) {
      () throws(LabError) in
      for server in servers where try !fabric.isEstablished(server.name) {
        return "\(server.name): \(try fabric.session(server.name))"
      }
      return nil
    }
  }

  private static func rest(
    _ layout: Layout, _ lab: Lab, _ cast: Cast, _ fabric: Fabric?
  ) throws(LabError) -> RestProcess? {
    guard let table = layout.routeTable, let fabric else { return nil }
    // Azure has no route table in the subnet of a Route Server.
    let bare = Set(
      try layout.instances.map { name throws(LabError) in
        try subnet(of: name, in: lab).name
      })
    return try RestProcess(
      lab, table: table, sparing: bare, program: cast.program, fabric: fabric)
  }

  private static func list(_ hops: [some CustomStringConvertible]) -> String {
    hops.isEmpty ? "nobody" : hops.map(\.description).joined(separator: ", ")
  }

  private static func subnet(of host: String, in lab: Lab) throws(LabError) -> Topology.Subnet {
    guard let found = lab.topology.host(named: host) else { throw .topology(.badName(host)) }
    return lab.topology.subnets[found.subnet]
  }

  /// What is in a host's first cable, put there when it was not.
  func relay(of host: String) throws(LabError) -> Relay {
    if let relay = relays[host] { return relay }
    let relay = try Relay(lab, on: host, program: program)
    relays[host] = relay
    return relay
  }

  /// The address of a host.
  package func address(of host: String) throws(LabError) -> IPv4Address {
    try VirtualNetwork.neighbours([host], of: lab, asn: VirtualNetwork.applianceASN)[0].address
  }

  /// The next hop of a VIP on a carrier: the address of the interface that the layout names.
  package func nextHop(of host: String, for vip: Layout.VIP) throws(LabError) -> IPv4Address {
    let interfaces = try lab.cables(of: host)
    guard let found = interfaces.first(where: { $0.name == vip.interface }) else {
      throw .unsuitable("\(host) has no interface \(vip.interface)")
    }
    return found.address
  }

  /// The routes to a VIP, usually the first, that each instance holds, the instances in their
  /// order.
  package func routes(to vip: Layout.VIP? = nil) throws(LabError) -> [(
    instance: Bird, routes: [BirdRoute]
  )] {
    let prefix = (vip ?? layout.vips[0]).prefix
    var all: [(instance: Bird, routes: [BirdRoute])] = []
    for instance in instances { all.append((instance, try instance.routes(to: prefix))) }
    return all
  }

  /// Every instance, whoever plays it.
  package var servers: [any RouteServerInstance] { platform?.instances ?? instances }

  /// The next hops to which the fabric forwards a VIP, seen from its client.
  package func forwarded(_ vip: Layout.VIP) throws(LabError) -> [IPv4Address] {
    guard let platform else {
      let words = try lab.run(["ip", "route", "show", "\(vip.prefix)"], on: Topology.fabric)
        .split { $0.isWhitespace }
      return zip(words, words.dropFirst()).compactMap { $0 == "via" ? IPv4Address($1) : nil }
    }
    let subnet = try VirtualNetwork.subnet(of: vip.client, in: lab)
    let hops = try platform.fabric.nextHops(from: subnet.name, to: .v4(vip.address))
    return hops.compactMap { if case .v4(let address) = $0 { address } else { nil } }
  }

  /// What is missing until every instance and the fabric route a VIP to `host`; nil when nothing
  /// is.
  package func missing(forBest host: String, of vip: Layout.VIP) throws(LabError) -> String? {
    let wanted = try nextHop(of: host, for: vip)
    for server in servers {
      guard server.isRunning else { return "\(server.name) does not run" }
      let hops = try server.paths(to: vip.prefix).filter(\.isBest).compactMap(\.nextHop)
      if hops != [.v4(wanted)] {
        return "\(server.name) sends \(vip.address) to: \(VirtualNetwork.list(hops))"
      }
    }
    let hops = try forwarded(vip)
    return hops == [wanted] ? nil : "the fabric forwards to: \(VirtualNetwork.list(hops))"
  }

  /// Waits until every instance and the fabric route the first VIP to `host`.
  package func wait(forBest host: String, within limit: Nanoseconds) throws(LabError) {
    try Waiting.until("both route servers to prefer \(host)", within: limit) {
      () throws(LabError) in try missing(forBest: host, of: layout.vips[0])
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
