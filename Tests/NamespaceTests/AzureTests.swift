// The simulated platform with real speakers: sessions, programming, forwarding, and spoiled cables.

import Lab
import Linux
import Model
import Platform
import Testing

/// What the suites of the simulated platform build their networks from.
enum AzureKit {
  static let program = BuiltPrograms.path("hopshift-lab")
  static let vip = VirtualNetwork.vipPrefix
  static let a = IPAddress.v4(IPv4Address(10, 0, 2, 10))
  static let b = IPAddress.v4(IPv4Address(10, 0, 2, 20))

  static func describe(_ topology: inout Topology) {
    topology.subnet("client", "10.0.0.0/24")
    topology.subnet("servers", "10.0.1.0/24")
    topology.subnet("pair", "10.0.2.0/24")
    topology.host("client", "10.0.0.10")
    topology.host("rs1", "10.0.1.4")
    topology.host("rs2", "10.0.1.5")
    topology.host("a", "10.0.2.10")
    topology.host("b", "10.0.2.20")
  }

  static func lab(_ cabling: Topology.Cabling = .shared) throws(LabError) -> Lab {
    try Lab { topology in
      topology.cabling = cabling
      describe(&topology)
    }
  }

  static func settings(_ name: String, _ lab: Lab, _ quirks: Quirks = .measuring)
    throws(LabError) -> ServerSettings
  {
    var settings = ServerSettings(
      name: name, address: try address(name, lab),
      peers: [
        ServerPeer(
          name: "a", address: try address("a", lab), asn: VirtualNetwork.applianceASN),
        ServerPeer(
          name: "b", address: try address("b", lab), asn: VirtualNetwork.applianceASN),
      ])
    settings.quirks = quirks
    return settings
  }

  static func address(_ host: String, _ lab: Lab) throws(LabError) -> IPv4Address {
    guard let found = lab.topology.host(named: host) else { throw .topology(.badName(host)) }
    return found.address
  }

  /// A BIRD on `host` that announces the VIP to one or both instances.
  static func speaker(
    _ lab: Lab, _ host: String, length: Int, to servers: [String] = ["rs1", "rs2"],
    holdTime: Nanoseconds = .seconds(30)
  ) throws(LabError) -> Bird {
    var peers: [BirdConfiguration.Neighbour] = []
    for server in servers {
      peers.append(
        .init(name: server, address: try address(server, lab), asn: VirtualNetwork.serverASN))
    }
    return try Bird(
      lab, on: host,
      configuration: BirdConfiguration.speaker(
        address: try address(host, lab), asn: VirtualNetwork.applianceASN,
        prefix: VirtualNetwork.vipPrefix, repeated: length, peers: peers, holdTime: holdTime))
  }
}

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct AzureTests {
  @Test func `two instances program the fabric, and a shift moves traffic`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let fabric = try Fabric(lab, program: AzureKit.program)
    let servers = try ["rs1", "rs2"].map {
      try RouteServerProcess(
        lab, try AzureKit.settings($0, lab), program: AzureKit.program, fabric: fabric)
    }
    let first = try AzureKit.speaker(lab, "a", length: 5)
    for server in servers { try server.wait(forSessionsOf: ["a"], within: .seconds(20)) }
    try fabric.wait(
      forNextHops: [AzureKit.a], from: "client", to: .v4(VirtualNetwork.vip), within: .seconds(5))
    let second = try AzureKit.speaker(lab, "b", length: 3)
    try fabric.wait(
      forNextHops: [AzureKit.b], from: "client", to: .v4(VirtualNetwork.vip), within: .seconds(20))
    _ = try lab.addAddress(VirtualNetwork.vip, on: "b")
    try lab.run(["ping", "-c", "1", "-W", "2", "\(VirtualNetwork.vip)"], on: "client")
    let kernel = try lab.run(
      ["ip", "route", "show", "table", "1000", "\(VirtualNetwork.vip)"], on: Topology.fabric)
    #expect(kernel.contains("via 10.0.2.20"))
    for server in servers {
      let paths = try server.paths(to: AzureKit.vip)
      #expect(paths.map(\.peer) == ["a", "b"] && paths.map(\.path.count) == [5, 3])
      #expect(paths.map(\.isBest) == [false, true])
      let bests = try server.events().compactMap { told in
        if case .best(AzureKit.vip, let hops, let length) = told.event { (hops, length) } else { nil }
      }
      #expect(bests.map(\.0) == [[AzureKit.a], [AzureKit.b]] && bests.map(\.1) == [5, 3])
    }
    _ = (first, second)
  }
}
