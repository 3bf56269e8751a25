// Facts in, verdicts out: the view, its staleness, and which VIPs an address moves.

import Failover
import Model
import Testing

struct FailoverTests {
  private static let now = Instant.zero

  private static func link(
    _ index: Int32, _ name: String, up: Bool = true, carrier: Bool = true, loopback: Bool = false
  ) throws -> Link {
    Link(
      index: InterfaceIndex(index), name: try #require(InterfaceName(name)), isLoopback: loopback,
      isUp: up, hasCarrier: carrier, operationalState: carrier ? .up : .down)
  }

  private static func address(
    _ text: String, on index: Int32, length: UInt8 = 32, tentative: Bool = false,
    deprecated: Bool = false
  ) throws -> InterfaceAddress {
    InterfaceAddress(
      address: try #require(IPAddress(text)), prefixLength: length,
      interface: InterfaceIndex(index), isTentative: tentative, isDeprecated: deprecated)
  }

  private static func plan(_ vips: [(String, [String])]) throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4), IPv4Address(10, 0, 1, 5)]),
      vips: try vips.map { address, interfaces in
        Plan.VIP(
          name: address, prefixes: [try #require(Prefix(address))],
          owner: .init(
            address: try #require(IPAddress(address)),
            interfaces: try interfaces.map { try #require(InterfaceName($0)) }))
      })
  }

  /// A failover whose view is complete: loopback and two running links, no address.
  private static func ready(_ plan: Plan) throws -> Failover {
    var failover = Failover(plan)
    var verdicts: [Verdict] = []
    _ = failover.learned(try link(1, "lo", loopback: true), at: now, into: &verdicts)
    _ = failover.learned(try link(2, "eth0"), at: now, into: &verdicts)
    _ = failover.learned(try link(3, "eth1"), at: now, into: &verdicts)
    #expect(verdicts.isEmpty)
    failover.viewIsComplete(at: now - Plan.Owner.usualSettle, into: &verdicts)
    #expect(verdicts.count == plan.vips.count)
    verdicts.removeAll()
    failover.turn(at: now, into: &verdicts)
    #expect(verdicts.allSatisfy { $0.judgement == .ready })
    return failover
  }

  private static let taken = Judgement.claim(.firstTakeover, isLast: false)

  @Test func aWithdrawnVIPStandsOtherwiseThanOneOnStandby() {
    let standby = Standing(candidate: 0, rung: .standby)
    #expect(Standing.withdrawn != standby && standby != .withdrawn)
    #expect(Standing.withdrawn == .withdrawn && standby == Standing(candidate: 0, rung: .standby))
  }

  @Test func nothingIsDecidedBeforeTheViewIsComplete() throws {
    var failover = Failover(try Self.plan([("10.1.0.5", [])]))
    var verdicts: [Verdict] = []
    _ = failover.learned(try Self.link(2, "eth0"), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    #expect(verdicts.isEmpty)
    failover.viewIsComplete(at: Self.now, into: &verdicts)
    #expect(verdicts == [Verdict(vip: VIPSlot(0), judgement: .stand(.owner))])
  }

  @Test func anAddressMovesTheVIPsThatWaitForItAndNoOther() throws {
    var failover = try Self.ready(
      try Self.plan([("10.1.0.7", []), ("10.1.0.5", []), ("10.1.0.6", [])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.9.9.9", on: 2), at: Self.now, into: &verdicts)
    #expect(verdicts == [Verdict(vip: VIPSlot(1), judgement: Self.taken)])
  }

  @Test func loopbackCountsOnlyWhenNamed() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", []), ("10.1.0.6", ["lo"])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 1), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.1.0.6", on: 1), at: Self.now, into: &verdicts)
    #expect(verdicts == [Verdict(vip: VIPSlot(1), judgement: Self.taken)])
  }

  @Test func onlyNamedInterfacesCountWhenAnyIsNamed() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", ["eth1"])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    #expect(verdicts.isEmpty)
    failover.learned(try Self.address("10.1.0.5", on: 3), at: Self.now, into: &verdicts)
    #expect(verdicts.count == 1)
  }

  /// Nothing is skipped that an address on a link could mean.
  @Test func anAddressThatWaitsForItsLinkIsTakenWithIt() throws {
    let addresses = ["10.1.0.5", "10.1.0.6"]
    for interfaces in [[], ["wan0", "wan1"]] {
      var failover = try Self.ready(try Self.plan(addresses.map { ($0, interfaces) }))
      var verdicts: [Verdict] = []
      failover.learned(try Self.address(addresses[0], on: 8), at: Self.now, into: &verdicts)
      failover.learned(try Self.address(addresses[1], on: 9), at: Self.now, into: &verdicts)
      #expect(verdicts.isEmpty)
      _ = failover.learned(try Self.link(8, "wan0"), at: Self.now, into: &verdicts)
      #expect(verdicts == [Verdict(vip: VIPSlot(0), judgement: Self.taken)])
      verdicts.removeAll()
      _ = failover.learned(try Self.link(9, "wan1"), at: Self.now, into: &verdicts)
      #expect(verdicts == [Verdict(vip: VIPSlot(1), judgement: Self.taken)])
    }
  }

  @Test func aTentativeAddressIsNotHeldAndADeprecatedOneIs() throws {
    var failover = try Self.ready(try Self.plan([("2001:db8::5", []), ("2001:db8::6", [])]))
    var verdicts: [Verdict] = []
    failover.learned(
      try Self.address("2001:db8::5", on: 2, length: 128, tentative: true), at: Self.now,
      into: &verdicts)
    #expect(verdicts.isEmpty)
    failover.learned(
      try Self.address("2001:db8::6", on: 2, length: 128, deprecated: true), at: Self.now,
      into: &verdicts)
    #expect(verdicts == [Verdict(vip: VIPSlot(1), judgement: Self.taken)])
    failover.learned(
      try Self.address("2001:db8::5", on: 2, length: 128), at: Self.now, into: &verdicts)
    #expect(verdicts.count == 2)
  }

  @Test func anAddressUnderTwoPrefixLengthsLeavesWithTheLastOne() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", [])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 2, length: 24), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.1.0.5", on: 2, length: 32), at: Self.now, into: &verdicts)
    failover.lost(try Self.address("10.1.0.5", on: 2, length: 24), at: Self.now, into: &verdicts)
    #expect(failover.claims[0].isHeld)
    #expect(failover.heldCount == 1)
    failover.lost(try Self.address("10.1.0.5", on: 2, length: 32), at: Self.now, into: &verdicts)
    #expect(!failover.claims[0].isHeld)
    #expect(verdicts.count == 1)
  }

  @Test func aLinkThatGoesTakesItsAddressesAlong() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", [])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    _ = failover.lost(InterfaceIndex(2), at: Self.now, into: &verdicts)
    #expect(!failover.claims[0].isHeld)
    #expect(failover.heldCount == 0)
    #expect(failover.claims[0].presence == .absent)
  }

  @Test func whatACompleteDumpDoesNotMentionIsGone() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", []), ("10.1.0.6", [])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    failover.viewBecameStale()
    failover.beginConfirming()
    verdicts.removeAll()
    _ = failover.learned(try Self.link(2, "eth0"), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.1.0.6", on: 2), at: Self.now, into: &verdicts)
    #expect(verdicts.isEmpty)
    failover.viewIsComplete(at: Self.now, into: &verdicts)
    #expect(verdicts == [Verdict(vip: VIPSlot(1), judgement: Self.taken)])
    #expect(!failover.claims[0].isHeld)
    #expect(failover.view.linkCount == 1)
  }

  @Test func theStepDownComesWithItsDeadline() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", []), ("10.1.0.6", [])]))
    var verdicts: [Verdict] = []
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    failover.lost(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    let due = Self.now + Claim.resignationGrace
    #expect(failover.deadline == due)
    verdicts.removeAll()
    failover.turn(at: due, into: &verdicts)
    #expect(verdicts == [Verdict(vip: VIPSlot(0), judgement: .resign(Rung.firstTakeover.resigned))])
    #expect(failover.deadline == nil)
  }

  @Test func tooManyPlacesForOneAddressAreCountedNotKept() throws {
    var failover = try Self.ready(try Self.plan([("10.1.0.5", [])]))
    var verdicts: [Verdict] = []
    for length in UInt8(24)...32 {
      failover.learned(
        try Self.address("10.1.0.5", on: 2, length: length), at: Self.now, into: &verdicts)
    }
    #expect(failover.view.overflows == 9 - KernelView.holdersPerAddress)
  }

  /// eth0 is Azure's synthetic NIC; link 7 is its VF.
  private static func vf(up: Bool) throws -> Link {
    var vf = try link(7, "enP7", up: up, carrier: up)
    vf.master = InterfaceIndex(2)
    vf.isVirtualFunction = true
    return vf
  }

  @Test func aVFThatFlapsIsCountedAndMovesNothing() throws {
    var failover = try Self.ready(Self.plan([("10.1.0.5", [])]))
    var verdicts: [Verdict] = []
    _ = failover.learned(try Self.vf(up: true), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.1.0.5", on: 2), at: Self.now, into: &verdicts)
    #expect(verdicts.map(\.judgement) == [Self.taken])
    for _ in 0..<3 {
      _ = failover.learned(try Self.vf(up: false), at: Self.now, into: &verdicts)
      _ = failover.learned(try Self.vf(up: true), at: Self.now, into: &verdicts)
    }
    // Hot-removed while it runs, and back.
    _ = failover.lost(InterfaceIndex(7), at: Self.now, into: &verdicts)
    _ = failover.learned(try Self.vf(up: true), at: Self.now, into: &verdicts)
    let (flaps, held) = (failover.view.vfFlaps, failover.claims[0].isHeld)
    #expect(flaps == 4)
    #expect(held)
    #expect(verdicts.count == 1)
  }

  @Test func anAddressOnAVFFollowsTheSyntheticNIC() throws {
    var failover = try Self.ready(Self.plan([("10.1.0.5", ["eth0"])]))
    var verdicts: [Verdict] = []
    _ = failover.learned(try Self.vf(up: false), at: Self.now, into: &verdicts)
    failover.learned(try Self.address("10.1.0.5", on: 7), at: Self.now, into: &verdicts)
    let isHeld = failover.claims[0].isHeld
    #expect(isHeld, "the synthetic NIC carries on without its VF")
    _ = failover.learned(try Self.link(2, "eth0", carrier: false), at: Self.now, into: &verdicts)
    let isStillHeld = failover.claims[0].isHeld
    #expect(!isStillHeld)
  }
}
