// The fabric as a machine in Azure sees it: hidden neighbours, route tables, spoiled cables.

import Lab
import Linux
import Model
import Platform
import Testing

/// Everything here needs root; where it is missing the reason is printed with the skipped suite.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct FabricTests {
  private static func ping(_ lab: Lab, from host: String, _ address: String) throws(LabError)
    -> Bool
  {
    let words = ["ping", "-c", "1", "-W", "1", address]
    return try lab.shell.attempt(words, in: lab.namespace(of: host)).status == 0
  }

  private static func waitForPing(
    _ lab: Lab, from host: String, _ address: String, _ works: Bool
  ) throws(LabError) {
    try Waiting.until("\(host) \(works ? "" : "not ")to reach \(address)", within: .seconds(15)) {
      () throws(LabError) in
      try ping(lab, from: host, address) == works ? nil : "it does\(works ? " not" : "")"
    }
  }

  @Test func `behind separate cables everybody has Azure's hardware address`() throws {
    let lab = try AzureKit.lab(.separate)
    defer { lab.tearDown() }
    _ = try Fabric(lab, program: AzureKit.program)
    // Its gateway, a neighbour of its own subnet, and a machine of another.
    for address in ["10.0.2.1", "10.0.2.20", "10.0.0.10"] {
      try FabricTests.waitForPing(lab, from: "a", address, true)
    }
    let neighbours = try lab.run(["ip", "neigh", "show", "dev", "eth0"], on: "a")
    for address in ["10.0.2.1", "10.0.2.20"] {
      #expect(neighbours.contains("\(address) lladdr \(Topology.virtualMAC)"), "\(neighbours)")
    }
    // Unplugged it is gone, and its neighbours do not see it otherwise.
    try lab.unplug("b")
    try FabricTests.waitForPing(lab, from: "a", "10.0.2.20", false)
    try lab.plugIn("b")
    try FabricTests.waitForPing(lab, from: "a", "10.0.2.20", true)
  }

  @Test(arguments: [Topology.Cabling.shared, .separate])
  func `a route table moves traffic, of its own subnets alone`(cabling: Topology.Cabling) throws {
    let lab = try AzureKit.lab(cabling)
    defer { lab.tearDown() }
    let fabric = try Fabric(lab, program: AzureKit.program)
    let branch = try #require(Prefix("10.99.0.7/32"))
    let address = IPAddress.v4(IPv4Address(10, 99, 0, 7))
    _ = try lab.addAddress(IPv4Address(10, 99, 0, 7), on: "b")
    func table(_ hop: NextHopType) -> RouteTable {
      RouteTable(
        name: "udr", routes: [UserRoute(name: "branch", prefix: branch, nextHop: hop)])
    }
    #expect(try !FabricTests.ping(lab, from: "client", "10.99.0.7"))
    try fabric.define(table(.virtualAppliance([AzureKit.b])))
    try fabric.attach("udr", to: "client")
    try FabricTests.waitForPing(lab, from: "client", "10.99.0.7", true)
    #expect(try fabric.nextHops(from: "client", to: address) == [AzureKit.b])
    #expect(try fabric.nextHops(from: "servers", to: address) == [])
    #expect(try !FabricTests.ping(lab, from: "rs1", "10.99.0.7"))
    // A table that is defined anew is followed at once.
    try fabric.define(table(.none))
    #expect(try !FabricTests.ping(lab, from: "client", "10.99.0.7"))
    try fabric.define(table(.virtualAppliance([AzureKit.a, AzureKit.b])))
    let kernel = try lab.run(
      ["ip", "route", "show", "table", "1000", "10.99.0.7"], on: Topology.fabric)
    #expect(kernel.split(separator: "\n").count { $0.contains("nexthop") } == 2)
    try fabric.attach(nil, to: "client")
    #expect(try !FabricTests.ping(lab, from: "client", "10.99.0.7"))
    let events = try fabric.events().filter { $0.prefix == branch }
    #expect(events.map(\.what) == [.forwards, .drops, .forwards, .gone])
    #expect(events.allSatisfy { $0.subnet == "client" })
  }

  @Test func `a route table redirects a part of the network, and a next hop may be nobody`()
    throws
  {
    let lab = try AzureKit.lab(.separate)
    defer { lab.tearDown() }
    let fabric = try Fabric(lab, program: AzureKit.program)
    let pair = try #require(Prefix("10.0.2.0/24"))
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.20", true)
    let nobody = IPAddress.v4(IPv4Address(172, 16, 0, 1))
    try fabric.define(
      RouteTable(
        name: "udr",
        routes: [UserRoute(name: "x", prefix: pair, nextHop: .virtualAppliance([nobody]))]))
    try fabric.attach("udr", to: "client")
    #expect(try !FabricTests.ping(lab, from: "client", "10.0.2.20"))
    let refused = try fabric.events().filter { $0.what == .refused }
    #expect(refused.map(\.prefix) == [pair] && refused.first?.reason.contains("172.16.0.1") == true)
    let routes = try fabric.effectiveRoutes(of: "client").filter { $0.prefix == pair }
    #expect(routes.map(\.source) == [.user, .system] && routes.map(\.isActive) == [true, false])
    try fabric.removeTable("udr")
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.20", true)
  }

  @Test(arguments: [Fabric.Inside.system, .bgp])
  func `BGP reaches into the virtual network only where it is let`(inside: Fabric.Inside) throws {
    let lab = try AzureKit.lab(.separate)
    defer { lab.tearDown() }
    let servers = try RouteServers(
      lab, ["rs1"], peers: ["a"], inside: inside, program: AzureKit.program)
    let vip = try #require(Prefix("10.0.2.99/32"))
    let server = try AzureKit.address("rs1", lab)
    _ = try lab.addAddress(IPv4Address(10, 0, 2, 99), on: "a")
    let bird = try Bird(
      lab, on: "a",
      configuration: BirdConfiguration.speaker(
        address: try AzureKit.address("a", lab), asn: VirtualNetwork.applianceASN, prefix: vip,
        repeated: 1,
        peers: [.init(name: "rs1", address: server, asn: VirtualNetwork.serverASN)]))
    try servers.simulated[0].wait(forProgrammed: [AzureKit.a], to: vip, within: .seconds(20))
    let works = inside == .bgp
    try Waiting.until("the fabric to know the route", within: .seconds(10)) {
      () throws(LabError) in
      let routes = try servers.fabric.effectiveRoutes(of: "client").filter { $0.prefix == vip }
      return routes.map(\.isActive) == [works] ? nil : "\(routes)"
    }
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.99", works)
    try bird.checkRunning()
  }

  /// Of routes to one prefix the table's stands above BGP's, which waits below it.
  @Test func `a kernel follows a route table before BGP, and BGP when the table has none`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(lab, ["rs1"], peers: ["a"], program: AzureKit.program)
    for host in ["a", "b"] { _ = try lab.addAddress(VirtualNetwork.vip, on: host) }
    let bird = try AzureKit.speaker(lab, "a", length: 2, to: ["rs1"])
    try AzureKit.wait(servers, [AzureKit.a])
    #expect(try AzureKit.kernelRoute(lab).contains("via 10.0.2.10"))
    let table = RouteTable(
      name: "udr",
      routes: [
        UserRoute(name: "vip", prefix: AzureKit.vip, nextHop: .virtualAppliance([AzureKit.b]))
      ])
    try servers.fabric.define(table)
    try servers.fabric.attach("udr", to: "client")
    func hops() throws -> [Substring] {
      let words = try AzureKit.kernelRoute(lab).split { $0.isWhitespace }
      return zip(words, words.dropFirst()).filter { $0.0 == "via" }.map(\.1)
    }
    #expect(try hops() == ["10.0.2.20"])
    let routes = try servers.fabric.effectiveRoutes(of: "client").filter {
      $0.prefix == AzureKit.vip
    }
    #expect(routes.map(\.source) == [.user, .gateway] && routes.map(\.isActive) == [true, false])
    try FabricTests.waitForPing(lab, from: "client", "\(VirtualNetwork.vip)", true)
    // What BGP says is not forgotten.
    try servers.fabric.define(RouteTable(name: "udr", routes: []))
    #expect(try hops() == ["10.0.2.10"])
    try bird.checkRunning()
  }

  // MARK: Relay

  @Test(arguments: [Topology.Cabling.shared, .separate])
  func `a relay passes everything on until it is told otherwise`(cabling: Topology.Cabling) throws {
    let lab = try AzureKit.lab(cabling)
    defer { lab.tearDown() }
    _ = try Fabric(lab, program: AzureKit.program)
    let relay = try Relay(lab, on: "a", program: AzureKit.program)
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.10", true)
    // Nothing goes round it: what is lost in one direction only ends a ping as well.
    for direction in RelayDirection.allCases {
      try relay.set(direction, loss: 1)
      #expect(try !FabricTests.ping(lab, from: "client", "10.0.2.10"))
      #expect(try relay.counts(direction).lost > 0)
      try relay.clear()
      try FabricTests.waitForPing(lab, from: "client", "10.0.2.10", true)
    }
    try relay.set(.toHost, delay: .milliseconds(60))
    let slow = try lab.run(["ping", "-c", "3", "-i", "0.2", "10.0.2.10"], on: "client")
    let times = slow.split(separator: "\n").filter { $0.contains("time=") }.compactMap { line in
      line.split(separator: "time=").last?.split(separator: " ").first.flatMap { Double($0) }
    }
    #expect(times.count == 3 && times.allSatisfy { $0 >= 60 })
    try relay.clear()
    try lab.unplug("a")
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.10", false)
    try lab.plugIn("a")
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.10", true)
    try relay.process.freeze()
    #expect(try !FabricTests.ping(lab, from: "client", "10.0.2.10"))
    try relay.process.thaw()
    try FabricTests.waitForPing(lab, from: "client", "10.0.2.10", true)
  }

  /// Frames whose checksums and segments the kernel has put off go through whole.
  @Test func `a stream of TCP passes a relay unharmed`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let relay = try Relay(lab, on: "a", program: AzureKit.program)
    let size = 4_000_000
    let server = """
      import socket, hashlib
      door = socket.create_server(("10.0.2.10", 9000))
      print("open", flush=True)
      peer, _ = door.accept()
      total, digest = 0, hashlib.sha256()
      while True:
          piece = peer.recv(65536)
          if not piece: break
          total += len(piece); digest.update(piece)
      print("took", total, digest.hexdigest(), flush=True)
      """
    let client = """
      import socket, hashlib
      data = bytes(i * 31 & 255 for i in range(256)) * (\(size) // 256)
      peer = socket.create_connection(("10.0.2.10", 9000), 10)
      peer.sendall(data); peer.close()
      print(len(data), hashlib.sha256(data).hexdigest())
      """
    let sink = try lab.start("sink", ["python3", "-c", server], on: "a")
    try Waiting.until("the sink to listen", within: .seconds(10)) { () throws(LabError) in
      sink.tail().contains("open") ? nil : sink.tail()
    }
    let sent = try lab.run(["python3", "-c", client], on: "client").trimmed
    try Waiting.until("the sink to have it all", within: .seconds(20)) { () throws(LabError) in
      sink.tail().contains("took \(sent)") ? nil : sink.tail()
    }
    let counts = try relay.counts(.toHost)
    #expect(counts.lost == 0 && counts.overflowed == 0)
  }
}
