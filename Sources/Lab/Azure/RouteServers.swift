// A Route Server as a user of Azure sees it: its instances and the fabric that follows them.

package import Model
package import Platform

/// Starts the fabric and all instances of a topology with one call:
///
///     let servers = try RouteServers(lab, ["rs1", "rs2"], peers: ["a", "b"], program: path)
///     try servers.wait(forSessionsOf: ["a", "b"], within: .seconds(20))
///     try servers.fabric.wait(forNextHops: [...], from: "client", to: vip, within: ...)
///
/// `kind` puts BIRD, FRR or GoBGP in the place of the simulated instances. Then one simulated
/// instance, the collector, stands in the fabric's namespace: it hears the real ones over sessions
/// of their own AS and programs what they chose, with the delay and the damping of `quirks`.
package final class RouteServers {
  package let fabric: Fabric
  /// In the order of their names.
  package let instances: [any RouteServerInstance]
  /// The simulated ones; empty when real speakers play them.
  package let simulated: [RouteServerProcess]
  /// Only beside real speakers.
  package let collector: RouteServerProcess?

  package init(
    _ lab: Lab, _ names: [String], peers: [String],
    applianceASN: ASNumber = VirtualNetwork.applianceASN, kind: InstanceKind = .simulated,
    quirks: Quirks = .measuring, ownPrefixes: [Prefix] = [], seed: UInt64 = 1,
    merging: Fabric.Merging = .union, inside: Fabric.Inside = .system,
    program: String = AzureProcess.ownProgram
  ) throws(LabError) {
    let fabric = try Fabric(lab, program: program, merging: merging, inside: inside)
    var all: [any RouteServerInstance] = []
    var simulated: [RouteServerProcess] = []
    var speakers: [ServerPeer] = []
    var gateway: IPv4Address?
    for (place, name) in names.enumerated() {
      let (host, subnet) = try RouteServers.host(name, lab)
      var settings = ServerSettings(name: name, address: host.address, peers: [])
      for peer in peers {
        let address = try RouteServers.host(peer, lab).host.address
        settings.peers.append(ServerPeer(name: peer, address: address, asn: applianceASN))
      }
      settings.quirks = quirks
      settings.ownPrefixes = ownPrefixes
      // Two instances draw different waits.
      settings.seed = seed &+ UInt64(place)
      speakers.append(ServerPeer(name: name, address: host.address, asn: settings.asn))
      gateway = subnet.gateway
      if kind == .simulated {
        let process = try RouteServerProcess(lab, settings, program: program, fabric: fabric)
        simulated.append(process)
        all.append(process)
      } else {
        all.append(try RouteServers.real(kind, lab, settings, subnet))
      }
    }
    self.fabric = fabric
    instances = all
    self.simulated = simulated
    guard kind != .simulated, let gateway else {
      collector = nil
      return
    }
    var settings = ServerSettings(name: "collector", address: gateway, peers: speakers)
    settings.quirks = quirks
    settings.quirks.passesOn = false
    settings.seed = seed
    collector = try RouteServerProcess(
      lab, settings, on: Topology.fabric, program: program, fabric: fabric)
  }

  private static func host(_ name: String, _ lab: Lab) throws(LabError) -> (
    host: Topology.Host, subnet: Topology.Subnet
  ) {
    guard let found = lab.topology.host(named: name) else { throw .topology(.badName(name)) }
    return (found, lab.topology.subnets[found.subnet])
  }

  private static func real(
    _ kind: InstanceKind, _ lab: Lab, _ settings: ServerSettings, _ subnet: Topology.Subnet
  ) throws(LabError) -> any RouteServerInstance {
    guard kind == .bird else {
      return try RealInstance(lab, settings, kind, gateway: subnet.gateway)
    }
    let others = lab.topology.subnets.map(\.prefix).filter { $0 != subnet.prefix }
    return try Bird(
      lab, on: settings.name,
      configuration: BirdConfiguration.routeServer(
        address: settings.address, asn: settings.asn, gateway: subnet.gateway, reachable: others,
        appliances: settings.peers.map { .init(name: $0.name, address: $0.address, asn: $0.asn) },
        holdTime: settings.quirks.holdTime))
  }

  /// Waits until every instance has its session with each of `peers`.
  package func wait(forSessionsOf peers: [String], within limit: Nanoseconds) throws(LabError) {
    try Waiting.until("the instances to have their sessions", within: limit) {
      () throws(LabError) in
      for instance in instances {
        try instance.checkRunning()
        for peer in peers where try !instance.isEstablished(peer) {
          return "\(instance.name) - \(peer): \(try instance.session(peer))"
        }
      }
      return nil
    }
  }
}
