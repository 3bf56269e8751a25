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

  /// Waits until the client's packets to the VIP go to exactly these.
  static func wait(_ servers: RouteServers, _ hops: [IPAddress]) throws(LabError) {
    try servers.fabric.wait(
      forNextHops: hops, from: "client", to: .v4(VirtualNetwork.vip), within: .seconds(30))
  }

  /// What the kernel of the fabric does with the client's packets to the VIP.
  static func kernelRoute(_ lab: Lab) throws(LabError) -> String {
    try lab.run(
      ["ip", "route", "show", "table", "1000", "\(VirtualNetwork.vip)"], on: Topology.fabric)
  }

  static func bests(_ server: RouteServerProcess) throws(LabError) -> [[IPAddress]] {
    try server.events().compactMap { told in
      if case .best(vip, let hops, _) = told.event { hops } else { nil }
    }
  }

  static func updates(_ server: RouteServerProcess) throws(LabError) -> Int {
    try server.events().count { if case .update = $0.event { true } else { false } }
  }

  /// Why sessions went down.
  static func downs(_ server: RouteServerProcess) throws(LabError) -> [String] {
    try server.events().compactMap { told in
      if case .sessionDown(_, let reason) = told.event { reason } else { nil }
    }
  }

  /// Routes held after the last UPDATE.
  static func held(_ server: RouteServerProcess) throws(LabError) -> Int {
    let counts = try server.events().compactMap { told in
      if case .update(let update) = told.event { update.held } else { nil }
    }
    return counts.last ?? 0
  }

  /// Six prefixes that a BIRD on `a` announces with one next hop.
  static func manyRoutes(_ lab: Lab, hop: String) throws(LabError) -> String {
    let routes = (0..<6).map { "route 10.77.\($0).0/24 blackhole;" }.joined(separator: " ")
    return """
      log stderr all;
      router id 10.0.2.10;
      timeformat route iso long us;
      timeformat protocol iso long us;
      protocol device { }
      protocol static many { ipv4; \(routes) }
      protocol bgp rs1 {
        local 10.0.2.10 as \(VirtualNetwork.applianceASN);
        neighbor \(try address("rs1", lab)) as \(VirtualNetwork.serverASN);
        multihop;
        connect delay time 1;
        connect retry time 1;
        error wait time 60, 60;
        ipv4 { import none; export filter { bgp_next_hop = \(hop); accept; }; };
      }

      """
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

/// Everything here needs root; where it is missing the reason is printed with the skipped suite.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct AzureTests {
  private static let vip = IPAddress.v4(VirtualNetwork.vip)

  @Test func `two instances program the fabric, and a shift moves traffic`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(
      lab, ["rs1", "rs2"], peers: ["a", "b"], program: AzureKit.program)
    _ = try AzureKit.speaker(lab, "a", length: 5)
    // BIRD may send what it has to the second instance long after its session is up.
    for server in servers.simulated {
      try server.wait(forProgrammed: [AzureKit.a], to: AzureKit.vip, within: .seconds(20))
    }
    try AzureKit.wait(servers, [AzureKit.a])
    _ = try AzureKit.speaker(lab, "b", length: 3)
    for server in servers.simulated {
      try server.wait(forProgrammed: [AzureKit.b], to: AzureKit.vip, within: .seconds(20))
    }
    try AzureKit.wait(servers, [AzureKit.b])
    _ = try lab.addAddress(VirtualNetwork.vip, on: "b")
    try lab.run(["ping", "-c", "1", "-W", "2", "\(VirtualNetwork.vip)"], on: "client")
    #expect(try AzureKit.kernelRoute(lab).contains("via 10.0.2.20"))
    for server in servers.simulated {
      let paths = try server.paths(to: AzureKit.vip)
      #expect(paths.map(\.peer) == ["a", "b"] && paths.map(\.path.count) == [5, 3])
      #expect(paths.map(\.isBest) == [false, true])
      let bests = try AzureKit.bests(server)
      #expect(bests == [[AzureKit.a], [AzureKit.b]])
    }
    let forwards = try servers.fabric.events().filter {
      $0.subnet == "client" && $0.prefix == AzureKit.vip && $0.what == .forwards
    }
    // While only one instance has changed its mind, traffic is split.
    #expect(forwards.first?.hops == [AzureKit.a] && forwards.last?.hops == [AzureKit.b])
    #expect(forwards.allSatisfy { $0.before <= $0.after })
    let heard = try servers.simulated.flatMap { try $0.events() }.compactMap { told in
      if case .update(let update) = told.event, update.peer == "b" { told.moment } else { nil }
    }
    let first = try #require(heard.min())
    let forwarded = try #require(forwards.first { $0.hops.contains(AzureKit.b) })
    let length = forwarded.after - first
    print("from the first UPDATE of b until the kernel forwards to it: \(length.microseconds) us")
  }

  @Test(arguments: InstanceKind.allCases)
  func `whoever plays the instances, the fabric follows`(kind: InstanceKind) throws {
    if let program = kind.neededProgram, !Programs.has(program) {
      try Test.cancel("\(program) is not installed")
    }
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(
      lab, ["rs1", "rs2"], peers: ["a", "b"], kind: kind, program: AzureKit.program)
    #expect((servers.collector == nil) == (kind == .simulated))
    _ = try AzureKit.speaker(lab, "a", length: 5)
    try servers.wait(forSessionsOf: ["a"], within: .seconds(30))
    try AzureKit.wait(servers, [AzureKit.a])
    _ = try AzureKit.speaker(lab, "b", length: 3)
    try AzureKit.wait(servers, [AzureKit.b])
    for instance in servers.instances {
      // A real speaker has a path before it has chosen it.
      try Waiting.until("\(instance.name) to have both paths", within: .seconds(30)) {
        () throws(LabError) in
        let paths = try instance.paths(to: AzureKit.vip)
        let best = paths.filter(\.isBest)
        let isRight = best.map(\.nextHop) == [AzureKit.b] && best.map(\.path.count) == [3]
        return Set(paths.map(\.peer)) == ["a", "b"] && isRight ? nil : "\(paths)"
      }
    }
  }

  @Test(arguments: AzureSpeaker.allCases)
  func `real speakers come up with an instance and are understood`(speaker: AzureSpeaker) throws {
    guard Programs.has(speaker.program) else {
      try Test.cancel("\(speaker.program) is not installed")
    }
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(
      lab, ["rs1"], peers: ["a", "b"], ownPrefixes: [try #require(Prefix("10.0.0.0/16"))],
      program: AzureKit.program)
    let server = try #require(servers.simulated.first)
    try speaker.start(lab)
    try servers.wait(forSessionsOf: ["a"], within: .seconds(30))
    try AzureKit.wait(servers, [AzureKit.a])
    let paths = try server.paths(to: AzureKit.vip)
    #expect(paths.map(\.path) == [[65001]] && paths.map(\.nextHop) == [AzureKit.a])
    // It hears the prefix of the virtual network from the instance.
    try Waiting.until("the speaker to have 10.0.0.0/16", within: .seconds(10)) {
      () throws(LabError) in
      let table = try speaker.table(lab)
      return table.contains("10.0.0.0/16") ? nil : table
    }
    // Asked again it answers, and the session stays.
    let before = try AzureKit.updates(server)
    try server.askAgain("a")
    try Waiting.until("the speaker to answer", within: .seconds(10)) { () throws(LabError) in
      try AzureKit.updates(server) > before ? nil : "\(before) UPDATEs"
    }
    #expect(
      try server.events().allSatisfy { if case .sessionDown = $0.event { false } else { true } })
  }

  @Test func `equal paths are one multipath route in the kernel`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(
      lab, ["rs1", "rs2"], peers: ["a", "b"], program: AzureKit.program)
    _ = try AzureKit.speaker(lab, "a", length: 2)
    _ = try AzureKit.speaker(lab, "b", length: 2)
    try AzureKit.wait(servers, [AzureKit.a, AzureKit.b])
    let route = try AzureKit.kernelRoute(lab)
    #expect(route.contains("via 10.0.2.10") && route.contains("via 10.0.2.20"))
    #expect(route.split(separator: "\n").count { $0.contains("nexthop") } == 2)
  }

  @Test func `one instance restarts and the traffic stays, both and it goes`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(
      lab, ["rs1", "rs2"], peers: ["a"], program: AzureKit.program)
    _ = try AzureKit.speaker(lab, "a", length: 2)
    try servers.wait(forSessionsOf: ["a"], within: .seconds(20))
    try AzureKit.wait(servers, [AzureKit.a])
    try servers.simulated[0].restart(away: .seconds(2))
    #expect(try servers.simulated[0].programmed(AzureKit.vip).isEmpty)
    try AzureKit.wait(servers, [AzureKit.a])
    try servers.wait(forSessionsOf: ["a"], within: .seconds(20))
    let told = try servers.simulated[0].events().map(\.event)
    #expect(told.contains(.restarting) && told.contains(.returned))
    #expect(told.contains(.sessionDown(peer: "a", reason: "restarting")))
    for server in servers.simulated { try server.restart(away: .seconds(60)) }
    try AzureKit.wait(servers, [])
  }

  @Test func `a killed instance's routes go, a frozen one's stay`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(lab, ["rs1"], peers: ["a"], program: AzureKit.program)
    _ = try AzureKit.speaker(lab, "a", length: 2)
    try AzureKit.wait(servers, [AzureKit.a])
    try servers.simulated[0].freeze()
    #expect(
      try servers.fabric.nextHops(from: "client", to: Self.vip) == [AzureKit.a])
    try servers.simulated[0].thaw()
    try servers.wait(forSessionsOf: ["a"], within: .seconds(10))
    try servers.simulated[0].kill()
    try AzureKit.wait(servers, [])
  }

  @Test func `more routes than the limit, counted with what is held, end the session`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    var quirks = Quirks.measuring
    quirks.routeLimit = 10
    let servers = try RouteServers(
      lab, ["rs1"], peers: ["a"], quirks: quirks, program: AzureKit.program)
    let server = servers.simulated[0]
    let bird = try Bird(lab, on: "a", configuration: try AzureKit.manyRoutes(lab, hop: "10.0.2.10"))
    try Waiting.until("six routes to be held", within: .seconds(20)) { () throws(LabError) in
      try AzureKit.held(server) == 6 ? nil : "\(try AzureKit.held(server))"
    }
    #expect(try AzureKit.downs(server) == [])
    // All six at once with another next hop: six and six are more than ten.
    try bird.reconfigure(try AzureKit.manyRoutes(lab, hop: "10.0.2.20"))
    try Waiting.until("the session to be ended", within: .seconds(10)) { () throws(LabError) in
      try AzureKit.downs(server).isEmpty ? "it stands" : nil
    }
    #expect(try AzureKit.downs(server).first?.hasSuffix("are over 10") == true)
    // BIRD's name for Cease, Maximum Number of Prefixes Reached, as in Painter's test with Azure.
    try Waiting.until("BIRD to tell it", within: .seconds(10)) { () throws(LabError) in
      let log = try lab.shell.run(["cat", "\(lab.directory)/a.bird.log"])
      return log.contains("Maximum number of prefixes reached") ? nil : log
    }
  }

  @Test func `hopshiftd moves a VIP through the platform, by one UPDATE at each instance`() throws {
    let lab = try AzureKit.lab(.separate)
    defer { lab.tearDown() }
    // The published delays, ten times as quick.
    var quirks = Quirks.azure
    quirks.programming = .published(percent: 10)
    quirks.damping = .seconds(1)
    quirks.connectRetry = .seconds(1)
    let servers = try RouteServers(
      lab, ["rs1", "rs2"], peers: ["a", "b"], quirks: quirks, program: AzureKit.program)
    let addresses = try ["rs1", "rs2"].map { try AzureKit.address($0, lab) }
    _ = try lab.addAddress(VirtualNetwork.vip, on: "a")
    var daemons: [PlainAppliance] = []
    for host in ["a", "b"] {
      daemons.append(
        try PlainAppliance(
          lab, host: host, binary: BuiltPrograms.daemon, servers: addresses, listening: true))
    }
    try servers.wait(forSessionsOf: ["a", "b"], within: .seconds(30))
    for server in servers.simulated {
      try server.wait(forProgrammed: [AzureKit.a], to: AzureKit.vip, within: .seconds(20))
    }
    try AzureKit.wait(servers, [AzureKit.a])
    try Waiting.until("both daemons to have told what they hold", within: .seconds(20)) {
      () throws(LabError) in
      for server in servers.simulated where try AzureKit.updates(server) < 2 {
        return "\(server.name): \(try AzureKit.updates(server)) UPDATEs"
      }
      return nil
    }
    let before = try servers.simulated.map { try AzureKit.updates($0) }
    _ = try lab.removeAddress(VirtualNetwork.vip, on: "a")
    let bracket = try lab.addAddress(VirtualNetwork.vip, on: "b")
    try AzureKit.wait(servers, [AzureKit.b])
    try lab.run(["ping", "-c", "1", "-W", "2", "\(VirtualNetwork.vip)"], on: "client")
    for (server, before) in zip(servers.simulated, before) {
      let told = try server.events()
      let updates = told.compactMap { told -> UpdateEvent? in
        if case .update(let update) = told.event { update } else { nil }
      }
      let fresh = updates.dropFirst(before)
      #expect(fresh.map(\.peer) == ["b"] && fresh.allSatisfy { $0.withdrawnCount == 0 })
      #expect(fresh.first?.hop == AzureKit.b)
      let programmed = told.last { told in
        if case .programmed(AzureKit.vip, [AzureKit.b], _) = told.event { true } else { false }
      }
      let moment = try #require(programmed?.moment)
      let length = moment - Moment(nanoseconds: bracket.before.nanoseconds)
      print("\(server.name) forwards to b \(length.milliseconds) ms after the address moved")
      #expect(length >= .milliseconds(90))
    }
    for daemon in daemons { try daemon.checkRunning() }
  }

  @Test func `two thousand routes of a real speaker are all programmed`() throws {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(lab, ["rs1"], peers: ["a"], program: AzureKit.program)
    let many = (0..<2_000).map { "route 10.\(100 + $0 / 250).\($0 % 250).0/24 blackhole;" }
    let text = try AzureKit.manyRoutes(lab, hop: "10.0.2.10").replacing(
      "ipv4; route", with: "ipv4; \(many.joined(separator: "\n")) route")
    let bird = try Bird(lab, on: "a", configuration: text)
    try Waiting.until("the kernel to have them", within: .seconds(60)) { () throws(LabError) in
      try servers.simulated[0].checkRunning()
      try servers.fabric.checkRunning()
      let table = try lab.run(["ip", "route", "show", "table", "1000"], on: Topology.fabric)
      let count = table.split(separator: "\n").count { $0.contains("via 10.0.2.10") }
      return count == 2_006 ? nil : "\(count) routes"
    }
    let told = try servers.simulated[0].events()
    let first = try #require(
      told.first { if case .update = $0.event { true } else { false } })
    let last = try #require(try servers.fabric.events().last)
    let length = last.after - first.moment
    print("2,006 routes into three tables of the kernel: \(length.milliseconds) ms")
    #expect(try AzureKit.held(servers.simulated[0]) == 2_006)
    try bird.checkRunning()
  }

  @Test func `IPv6 prefixes of hopshiftd arrive, and a next hop that nobody has is refused`()
    throws
  {
    let lab = try AzureKit.lab()
    defer { lab.tearDown() }
    let servers = try RouteServers(lab, ["rs1"], peers: ["a"], program: AzureKit.program)
    let server = servers.simulated[0]
    let text = """
      local: {asn: 65001, address: 10.0.2.10, address6: "2001:db8:2::10"}
      route-servers: {platform: generic, asn: 65515, hold-time: 9s, peers: [10.0.1.4]}
      vips:
        web:
          prefixes: [\(VirtualNetwork.vipPrefix), "2001:db8:5::/48"]
          owner: {when: address, settle: 0s}

      """
    _ = try lab.addAddress(VirtualNetwork.vip, on: "a")
    let daemon = try PlainAppliance(
      lab, host: "a", binary: BuiltPrograms.daemon, servers: [], configuration: text)
    try servers.wait(forSessionsOf: ["a"], within: .seconds(20))
    let six = try #require(Prefix("2001:db8:5::/48"))
    let hop = try #require(IPAddress("2001:db8:2::10"))
    try server.wait(forProgrammed: [hop], to: six, within: .seconds(10))
    try AzureKit.wait(servers, [AzureKit.a])
    #expect(try server.paths(to: six).map(\.nextHop) == [hop])
    let refused = try servers.fabric.events().filter { $0.prefix == six }
    #expect(Set(refused.map(\.what)) == [.refused] && refused.count == 3)
    let before = try AzureKit.updates(server)
    try server.askAgain("a")
    try Waiting.until("both families to be told again", within: .seconds(10)) {
      () throws(LabError) in
      let told = try AzureKit.updates(server) - before
      return told >= 2 ? nil : "\(told) UPDATEs"
    }
    #expect(try AzureKit.downs(server) == [])
    try daemon.checkRunning()
  }
}
