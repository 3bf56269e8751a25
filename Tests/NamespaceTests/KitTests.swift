// The kit itself: topologies are built, carry packets, and leave nothing behind.

import Lab
import Linux
import Model
import Testing

/// Everything here needs root; where it is missing the reason is printed with the skipped suite.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct KitTests {
  /// left 10.9.0.2 ---- fabric 10.9.0.1 | 10.9.1.1 ---- right 10.9.1.2
  static func pair() throws(LabError) -> Lab {
    try Lab { topology in
      topology.subnet("west", "10.9.0.0/24")
      topology.subnet("east", "10.9.1.0/24")
      topology.host("left", "10.9.0.2")
      topology.host("right", "10.9.1.2")
    }
  }

  static func namespaces(_ tag: String) throws -> [String] {
    try Directories.list("/run/netns").filter { $0.hasPrefix("\(tag)-") }
  }

  @Test func `two hosts reach each other through the fabric, and nothing is left afterwards`()
    throws
  {
    let lab = try KitTests.pair()
    let tag = lab.tag
    #expect(try KitTests.namespaces(tag) == ["\(tag)-fabric", "\(tag)-left", "\(tag)-right"])
    let answer = try lab.run(["ping", "-c", "1", "-W", "2", "10.9.1.2"], on: "left")
    // One router on the way: the time to live is one less than the 64 it started with.
    #expect(answer.contains("ttl=63"))
    lab.tearDown()
    #expect(try KitTests.namespaces(tag).isEmpty)
    #expect(try !Directories.exists(Registry.directory(of: tag)))
  }

  @Test func `the gateway keeps its hardware address when a host is unplugged`() throws {
    let lab = try KitTests.pair()
    defer { lab.tearDown() }
    for (place, subnet) in lab.topology.subnets.enumerated() {
      for host in lab.topology.hosts where host.subnet == place { try lab.unplug(host.name) }
      let link = try lab.run(
        ["ip", "-o", "link", "show", "dev", subnet.bridge], on: Topology.fabric)
      #expect(link.contains("link/ether \(subnet.hardwareAddress) "))
    }
  }

  @Test func `two labs with the same addresses do not see each other`() throws {
    let first = try KitTests.pair()
    let second = try KitTests.pair()
    defer {
      first.tearDown()
      second.tearDown()
    }
    #expect(first.tag != second.tag)
    try first.unplug("right")
    let cut = ["ping", "-c", "1", "-W", "1", "10.9.1.2"]
    #expect(throws: LabError.self) { try first.run(cut, on: "left") }
    try second.run(cut, on: "left")
    try first.plugIn("right")
    // The fabric may still be waiting for an answer to its last ARP request.
    try Waiting.until("the cable to carry again", within: .seconds(10)) { () throws(LabError) in
      let ping = try first.shell.attempt(cut, in: first.namespace(of: "left"))
      return ping.status == 0 ? nil : ping.output.trimmed
    }
  }

  @Test func `a lab whose owner was killed is removed by the next start`() throws {
    let scratch = try KitTests.pair()
    defer { scratch.tearDown() }
    let log = "\(scratch.directory)/up.log"
    let program = try RunningProgram(
      name: "hopshift-lab up", words: [BuiltPrograms.path("hopshift-lab"), "up"], log: log,
      shell: Shell(scratch: scratch.directory, tag: "outside"))
    let tag = try UpLab.tag(of: program)
    #expect(try KitTests.namespaces(tag).count == 6)
    // While its owner lives nobody touches it.
    #expect(try !Registry.sweep().contains(tag))
    #expect(try KitTests.namespaces(tag).count == 6)
    // A program of that lab which outlives its owner, as a container does.
    let orphan = try RunningProgram(
      name: "orphan", words: ["sleep", "300"], in: "\(tag)-client", log: log,
      shell: Shell(scratch: scratch.directory, tag: "outside"))
    try Processes.signal(program.pid, .kill)
    try Waiting.until("the owner to be gone", within: .seconds(5)) { () throws(LabError) in
      ProcessTable.isAlive(program.pid) ? "alive" : nil
    }
    #expect(try Registry.sweep().contains(tag))
    #expect(try KitTests.namespaces(tag).isEmpty)
    #expect(try !Directories.exists(Registry.directory(of: tag)))
    #expect(throws: LabError.self) { try orphan.checkRunning() }
  }

  @Test func `two BIRDs establish a session and pass a route on`() throws {
    let network = try VirtualNetwork()
    defer { network.lab.tearDown() }
    let servers = try KitTests.servers(of: network)
    _ = try Bird(
      network.lab, on: "a",
      configuration: BirdConfiguration.speaker(
        address: IPv4Address(10, 0, 2, 10), asn: VirtualNetwork.applianceASN,
        prefix: VirtualNetwork.vipPrefix, repeated: 15, peers: servers))
    try network.wait(forSessionsOf: ["a"], within: .seconds(20))
    try network.wait(forBest: "a", within: .seconds(10))
    for (_, routes) in try network.routes() {
      #expect(routes.map(\.path.count) == [15])
    }
  }

  @Test func `a withdrawal by a real speaker is a fault, its announcement was none`() throws {
    let network = try VirtualNetwork()
    defer { network.lab.tearDown() }
    let address = try network.address(of: "b")
    let speaker = try Bird(
      network.lab, on: "b",
      configuration: BirdConfiguration.speaker(
        address: address, asn: VirtualNetwork.applianceASN, prefix: VirtualNetwork.vipPrefix,
        repeated: 3, peers: try KitTests.servers(of: network)))
    try network.wait(forBest: "b", within: .seconds(20))
    func faults() throws -> [String] {
      try network.taps.flatMap {
        try $0.judge().faultsOfWholeRun(
          speakers: [address], until: Moment(nanoseconds: Clock.wall().nanoseconds))
      }
    }
    #expect(try faults() == [])
    _ = try speaker.ask(["disable", "vip"])
    try Waiting.until("the route to be gone", within: .seconds(10)) { () throws(LabError) in
      try network.routes().allSatisfy(\.routes.isEmpty) ? nil : "it is there"
    }
    let found = try faults()
    #expect(found.count == 2)
    #expect(found.allSatisfy { $0.contains("withdraws 10.1.0.5/32") })
  }

  /// Both instances as a speaker's peers.
  static func servers(of network: VirtualNetwork) throws -> [BirdConfiguration.Neighbour] {
    try network.instances.map {
      .init(
        name: $0.name, address: try network.address(of: $0.name), asn: VirtualNetwork.serverASN)
    }
  }
}

/// What is printed beside a skipped suite.
let skipReason = Lab.reasonNotToRun ?? "runs"
