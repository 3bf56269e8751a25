// How well a host is, put together from its evidence, and when the others are not believed.

import Failover
import Model
import Testing

struct HostTableTests {
  private static let now = Instant.zero + .seconds(1)
  private static let probe = Plan.Evidence.probe(
    Plan.Probe(
      kind: .icmp, address: IPv4Address(10, 0, 4, 1), interval: .seconds(1), timeout: .seconds(1),
      fall: 3, rise: 2))

  /// A host of two probes; one that is an anchor; one with a probe and a link; and this machine.
  private static func table(_ requirement: Plan.Requirement) throws -> HostTable {
    let link = Plan.Evidence.link(try #require(InterfaceName("eth1")))
    let evidence = [probe, probe, probe, probe, link, link]
    let owners = [0, 0, 1, 2, 2, 3]
    let ranges = [0..<2, 2..<3, 3..<5, 5..<6]
    return HostTable(try plan(evidence, owners: owners, hosts: ranges, requirement))
  }

  private static func plan(
    _ evidence: [Plan.Evidence], owners: [Int], hosts ranges: [Range<Int>],
    _ requirement: Plan.Requirement
  ) throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let hosts = ranges.enumerated().map { place, targets in
      Plan.Host(
        name: "host\(place)", address: IPv4Address(10, 0, 4, UInt8(place)), isSelf: place == 3,
        targets: targets, requirement: requirement, isAnchor: place == 1)
    }
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: [], hosts: hosts,
      targets: zip(owners, evidence).map { Plan.Target(host: HostSlot($0), evidence: $1) })
  }

  private static func health(_ table: HostTable, _ host: Int) -> Health {
    table[HostSlot(host)].health
  }

  @Test func allMeansAll() throws {
    var table = try Self.table(.all)
    let first = table.learn(TargetSlot(0), .up, at: Self.now)
    #expect(!first)
    #expect(Self.health(table, 0) == .unknown)
    let second = table.learn(TargetSlot(1), .up, at: Self.now)
    #expect(second)
    #expect(Self.health(table, 0) == .up)
    let third = table.learn(TargetSlot(1), .down, at: Self.now)
    #expect(third)
    #expect(Self.health(table, 0) == .down)
  }

  @Test func anyMeansOne() throws {
    var table = try Self.table(.any)
    _ = table.learn(TargetSlot(0), .up, at: Self.now)
    #expect(Self.health(table, 0) == .up)
    _ = table.learn(TargetSlot(0), .down, at: Self.now)
    #expect(Self.health(table, 0) == .unknown)
    _ = table.learn(TargetSlot(1), .down, at: Self.now)
    #expect(Self.health(table, 0) == .down)
  }

  /// Two of three: up when two are up, down when two cannot be any more, and unknown in between.
  @Test func requireNMeansThatManyOfThem() throws {
    var table = HostTable(
      try Self.plan(
        [Self.probe, Self.probe, Self.probe], owners: [0, 0, 0], hosts: [0..<3], .atLeast(2)))
    _ = table.learn(TargetSlot(0), .up, at: Self.now)
    #expect(Self.health(table, 0) == .unknown)
    _ = table.learn(TargetSlot(1), .up, at: Self.now)
    #expect(Self.health(table, 0) == .up)
    _ = table.learn(TargetSlot(2), .down, at: Self.now)
    #expect(Self.health(table, 0) == .up, "two are enough")
    _ = table.learn(TargetSlot(1), .unknown, at: Self.now)
    #expect(Self.health(table, 0) == .unknown, "the second may be up")
    _ = table.learn(TargetSlot(1), .down, at: Self.now)
    #expect(Self.health(table, 0) == .down, "one of three cannot be two")
    _ = table.learn(TargetSlot(2), .up, at: Self.now)
    #expect(Self.health(table, 0) == .up)
  }

  @Test func aFailingTargetIsStillUpAndANeutralOneSaysNothing() throws {
    var table = try Self.table(.all)
    _ = table.learn(TargetSlot(0), .up, at: Self.now)
    _ = table.learn(TargetSlot(1), .failing, at: Self.now)
    #expect(Self.health(table, 0) == .up)
    _ = table.learn(TargetSlot(1), .neutral, at: Self.now)
    #expect(Self.health(table, 0) == .up)
    _ = table.learn(TargetSlot(0), .neutral, at: Self.now)
    #expect(Self.health(table, 0) == .unknown)
  }

  @Test func withoutItsAnchorNobodyElseIsDown() throws {
    var table = try Self.table(.all)
    for target in 0..<6 { _ = table.learn(TargetSlot(target), .up, at: Self.now) }
    _ = table.learn(TargetSlot(2), .failing, at: Self.now)
    #expect(table.ownNetwork == .suspect)
    _ = table.learn(TargetSlot(0), .down, at: Self.now)
    #expect(Self.health(table, 0) == .unknown)
    _ = table.learn(TargetSlot(2), .down, at: Self.now)
    #expect(table.ownNetwork == .gone)
    #expect(Self.health(table, 1) == .down)
    // A link of ours is proof enough, and of ourselves we know everything.
    _ = table.learn(TargetSlot(4), .down, at: Self.now)
    #expect(Self.health(table, 2) == .down)
    _ = table.learn(TargetSlot(5), .down, at: Self.now)
    #expect(Self.health(table, 3) == .down)
    // Who went down in the dark is asked anew, and what our own links say stays.
    _ = table.learn(TargetSlot(2), .up, at: Self.now)
    #expect(table.ownNetwork == .working)
    #expect(Self.health(table, 0) == .unknown && Self.health(table, 2) == .down)
    _ = table.learn(TargetSlot(0), .down, at: Self.now)
    #expect(Self.health(table, 0) == .down)
  }

  @Test func whoWasDownBeforeOurNetworkWentIsDownBehindIt() throws {
    var table = try Self.table(.all)
    for target in 0..<6 { _ = table.learn(TargetSlot(target), .up, at: Self.now) }
    _ = table.learn(TargetSlot(0), .down, at: Self.now)
    #expect(Self.health(table, 0) == .down)
    let later = Self.now + .seconds(1)
    _ = table.learn(TargetSlot(2), .down, at: later)
    _ = table.learn(TargetSlot(3), .down, at: later + .seconds(1))
    _ = table.learn(TargetSlot(2), .up, at: later + .seconds(2))
    #expect(Self.health(table, 0) == .down && Self.health(table, 2) == .unknown)
  }

  @Test func withoutOurOwnLinkNobodyElseIsDown() throws {
    var table = try Self.table(.all)
    for target in 0..<6 { _ = table.learn(TargetSlot(target), .up, at: Self.now) }
    let first = table.learn(hasLink: false, at: Self.now)
    #expect(first)
    #expect(table.ownNetwork == .gone)
    _ = table.learn(TargetSlot(0), .down, at: Self.now)
    #expect(Self.health(table, 0) == .unknown)
    let second = table.learn(hasLink: true, at: Self.now)
    #expect(second)
    #expect(Self.health(table, 0) == .unknown)
  }
}
