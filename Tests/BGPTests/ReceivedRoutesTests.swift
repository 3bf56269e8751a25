// The list of received routes: what each UPDATE does to it, its limit, and its index under load.

import BGP
import Model
import Testing

struct ReceivedRoutesTests {
  private static func host(_ number: UInt32) throws -> Prefix {
    try #require(Prefix(.v4(IPv4Address(bits: number)), length: 32))
  }

  /// ORIGIN IGP, this path as one AS_SEQUENCE of four-octet numbers, NEXT_HOP 10.0.0.2.
  private static func attributes(_ path: [UInt32], and more: [UInt8] = []) -> [UInt8] {
    let value = path.isEmpty ? [] : [2, UInt8(path.count)] + path.flatMap(Wire.be32)
    return Wire.hex("400101 00") + [0x40, 2, UInt8(value.count)] + value
      + Wire.hex("400304 0a000002") + more
  }

  private func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

  /// A bench that is established, and what it has as "prefix next-hop path".
  private func established(_ open: [UInt8] = Wire.open()) -> Bench {
    let bench = Bench()
    #expect(bench.reach(.established, open: open))
    return bench
  }

  private func texts(_ bench: Bench) -> [String] {
    bench.received.routes.map { "\($0.prefix) \($0.nextHop) \($0.path.asns)" }.sorted()
  }

  @Test func aRouteIsEnteredReplacedAndWithdrawn() {
    let bench = established()
    _ = bench.receive(
      Wire.update(attributes: Wire.goodAttributes, routes: Wire.hex("18 cb0071 08 0a 00")),
      at: .zero + .seconds(5))
    #expect(
      texts(bench) == [
        "0.0.0.0/0 10.0.0.2 [65001]", "10.0.0.0/8 10.0.0.2 [65001]",
        "203.0.113.0/24 10.0.0.2 [65001]",
      ])
    #expect(bench.received.routes.allSatisfy { $0.heard == .zero + .seconds(5) })
    _ = bench.receive(
      Wire.update(
        withdrawn: Wire.hex("08 0a"), attributes: Self.attributes([65001, 64512]),
        routes: Wire.goodRoute), at: .zero + .seconds(6))
    #expect(
      texts(bench) == ["0.0.0.0/0 10.0.0.2 [65001]", "203.0.113.0/24 10.0.0.2 [65001, 64512]"])
    // A prefix in both lists is announced; a withdrawal of what nobody told changes nothing.
    _ = bench.receive(
      Wire.update(
        withdrawn: Wire.hex("00 18cb0071 20 01020304"), attributes: Wire.goodAttributes,
        routes: Wire.goodRoute))
    #expect(texts(bench) == ["203.0.113.0/24 10.0.0.2 [65001]"])
  }

  /// Bits beyond the length mean nothing: both are the same prefix.
  @Test func hostBitsAreIgnored() {
    let bench = established()
    _ = bench.receive(
      Wire.update(attributes: Wire.goodAttributes, routes: Wire.hex("14 cb0071 14 cb007f")))
    #expect(texts(bench) == ["203.0.112.0/20 10.0.0.2 [65001]"])
  }

  @Test func whatIsTreatedAsWithdrawIsRemoved() throws {
    let bench = established()
    let good = Wire.update(
      attributes: Wire.goodAttributes, routes: Wire.hex("18 cb0071 18 cb0072"))
    _ = bench.receive(good)
    // ORIGIN 3 is no origin: the route that this names goes, the other stays.
    let bad = Wire.hex("400101 03  400206 0201 0000fde9  400304 0a000002")
    #expect(
      bench.receive(
        Wire.update(attributes: bad, routes: Wire.goodRoute), at: .zero + .seconds(7))
        == [.update(.treatAsWithdraw)])
    #expect(texts(bench) == ["203.0.114.0/24 10.0.0.2 [65001]"])
    let fault = try #require(bench.faults.last)
    #expect(fault.outcome == .treatAsWithdraw && fault.attribute == 1 && fault.subcode == 6)
    #expect(fault.at == .zero + .seconds(7))
    #expect(
      fault.description
        == "attribute 1 (ORIGIN): 3/6 (UPDATE Message Error: Invalid ORIGIN Attribute)")
  }

  @Test func aDiscardedAttributeLeavesTheRoutes() throws {
    let bench = established()
    // LOCAL_PREF does not come from outside.
    let message = Wire.update(
      attributes: Wire.goodAttributes + Wire.hex("400504 00000064"), routes: Wire.goodRoute)
    #expect(bench.receive(message) == [.update(.attributeDiscard)])
    #expect(texts(bench) == ["203.0.113.0/24 10.0.0.2 [65001]"])
    let fault = try #require(bench.faults.last)
    #expect(fault.outcome == .attributeDiscard && fault.attribute == 5 && fault.code == 0)
    #expect(fault.length == message.count)
    #expect(fault.description == "attribute 5 (LOCAL_PREF): malformed or not for us")
  }

  @Test func theListEndsWithItsSession() throws {
    let bench = established()
    _ = bench.receive(Wire.update(attributes: Wire.goodAttributes, routes: Wire.goodRoute))
    #expect(bench.received.routes.count == 1)
    _ = bench.receive(Wire.update(routes: Wire.hex("21 cb007100")))
    #expect(bench.state == .idle)
    #expect(bench.received.routes.isEmpty)
    // Why is still there.
    let fault = try #require(bench.faults.last)
    #expect(fault.outcome == .sessionReset && fault.code == 3 && fault.subcode == 10)
    #expect(bench.counters.sessionResets == 1)
  }

  @Test func aCommunityOfGracefulShutdownIsSeen() throws {
    let bench = established()
    let communities = Wire.hex("c00808 fde90064 ffff0000")
    _ = bench.receive(
      Wire.update(attributes: Wire.goodAttributes + communities, routes: Wire.goodRoute))
    #expect(bench.received.routes.map(\.isShuttingDown) == [true])
    let others = Wire.hex("c00804 ffffff02")
    _ = bench.receive(
      Wire.update(attributes: Wire.goodAttributes + others, routes: Wire.goodRoute))
    #expect(bench.received.routes.map(\.isShuttingDown) == [false])
  }

  @Test func aLongPathKeepsItsEnds() throws {
    let bench = established()
    let path = (1...20).map { UInt32(65_000 + $0) }
    _ = bench.receive(Wire.update(attributes: Self.attributes(path), routes: Wire.goodRoute))
    let kept = try #require(bench.received.routes.first).path
    #expect(kept.length == 20)
    #expect(kept.asns == [65_001, 65_002, 65_003, 65_004, 65_005, 65_020])
    #expect(kept.omitted == 14)
  }

  /// An AS_SET counts as one (RFC 4271 section 9.1.2.2).
  @Test func aSetCountsAsOne() throws {
    let bench = established()
    let attributes = Wire.hex(
      "400101 00  400214 0201 0000fde9 0103 00000001 00000002 00000003  400304 0a000002")
    _ = bench.receive(Wire.update(attributes: attributes, routes: Wire.goodRoute))
    let kept = try #require(bench.received.routes.first).path
    #expect(kept.length == 2)
    #expect(kept.asns == [65_001, 1, 2, 3])
  }

  /// RFC 6793 section 4.2.3: as many of AS_PATH as AS4_PATH is shorter, then AS4_PATH; an AS4_PATH
  /// that is longer is ignored.
  @Test(
    arguments: [
      (
        "400208 0203 fde9 5ba0 5ba0  400304 0a000002 c0110a 0202 00011170 00011171",
        [65001, 70000, 70001]
      ),
      ("400204 0201 fde9  400304 0a000002 c0110a 0202 00011170 00011171", [65001]),
    ] as [(String, [UInt32])])
  func aTwoOctetSpeakerPassesLongNumbersOn(_ attributes: String, _ path: [UInt32]) throws {
    let bench = established(Wire.open(as4: false))
    _ = bench.receive(
      Wire.update(
        attributes: Wire.hex("400101 00" + attributes), routes: Wire.goodRoute))
    #expect(try #require(bench.received.routes.first).path.asns == path)
  }

  private static let both = SessionSettings(
    localASN: ASNumber(65000), localIdentifier: IPv4Address(10, 0, 0, 1),
    peerASN: ASNumber(65001), holdTime: .seconds(180), families: [.ipv4Unicast, .ipv6Unicast])

  @Test func routesOfIPv6AreEnteredWhereTheyWereNegotiated() throws {
    // 2001:db8::/32 and fd00::5/128, next hop fe80 behind a global one.
    let reach = Wire.hex(
      """
      800e4f 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00
      20 20010db8  80 fd000000000000000000000000000005
      """)
    var attribute = reach
    attribute[2] = UInt8(reach.count - 3)
    let head = Wire.hex("400101 00  400206 0201 0000fde9")
    let update = Wire.update(attributes: attribute + head)
    let bench = Bench(Self.both)
    #expect(bench.reach(.established, open: Wire.open(ipv6: true)))
    #expect(bench.receive(update) == [.update(.accept)])
    #expect(
      texts(bench) == ["2001:db8::/32 2001:db8::1 [65001]", "fd00::5/128 2001:db8::1 [65001]"])
    let unreach = Wire.hex("800f08 0002 01 20 20010db8")
    _ = bench.receive(Wire.update(attributes: unreach))
    #expect(texts(bench) == ["fd00::5/128 2001:db8::1 [65001]"])
    // Not negotiated: not entered.
    let other = established()
    #expect(other.receive(update) == [.update(.ignored)])
    #expect(other.received.routes.isEmpty)
  }

  @Test func theLastFaultsAreKept() {
    let bench = established()
    for number in 0..<100 {
      let bad = Wire.goodAttributes + Wire.hex("400504 00000064")
      _ = bench.receive(
        Wire.update(attributes: bad, routes: Wire.goodRoute), at: .zero + .seconds(Int64(number)))
    }
    #expect(bench.faults.count == 32)
    #expect(bench.faults.map(\.at) == (68..<100).map { .zero + .seconds(Int64($0)) })
  }

  // MARK: The list alone

  private func entry(_ prefix: Prefix, _ second: Int64) -> ReceivedRoute {
    let bench = established()
    let octets = Wire.be32(UInt32(second))
    _ = bench.receive(Wire.update(attributes: Wire.goodAttributes, routes: [32] + octets))
    return bench.received.routes[0].moved(to: prefix, at: .zero + .seconds(second))
  }

  /// Random entries and removals beside a dictionary: never another answer.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func theIndexAgreesWithADictionary(_ seed: UInt64) throws {
    var list = ReceivedRoutes(seed: seed)
    var truth: [Prefix: Instant] = [:]
    var state = seed
    let pattern = entry(try Self.host(1), 1)
    for step in 0..<30_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Few enough that removals meet what is there.
      let prefix = try Self.host(UInt32(state >> 33) % 700)
      if state >> 62 == 0 || step > 29_000 {
        list.remove(prefix)
        truth[prefix] = nil
      } else {
        let at = Instant.zero + .seconds(Int64(step))
        list.enter(pattern.moved(to: prefix, at: at))
        truth[prefix] = at
      }
      #expect(list.routes.count == truth.count)
      #expect(list.route(to: prefix)?.heard == truth[prefix])
    }
    for (prefix, at) in truth { #expect(list.route(to: prefix)?.heard == at) }
    #expect(Set(list.routes.map(\.prefix)) == Set(truth.keys))
    list.removeAll()
    #expect(list.routes.isEmpty && list.route(to: pattern.prefix) == nil)
  }

  @Test func beyondTheLimitNothingIsKeptAndItIsCounted() throws {
    var list = ReceivedRoutes(seed: 9)
    let pattern = entry(try Self.host(1), 1)
    for number in 0..<(ReceivedRoutes.limit + 500) {
      list.enter(pattern.moved(to: try Self.host(UInt32(number)), at: .zero))
    }
    #expect(list.routes.count == ReceivedRoutes.limit)
    #expect(list.notKept == 500)
    // What is there is still replaced, and a withdrawal makes room.
    let later = Instant.zero + .seconds(1)
    list.enter(pattern.moved(to: try Self.host(7), at: later))
    #expect(list.route(to: try Self.host(7))?.heard == later)
    #expect(list.notKept == 500)
    list.remove(try Self.host(8))
    list.enter(pattern.moved(to: try Self.host(20_000), at: later))
    #expect(list.route(to: try Self.host(20_000))?.heard == later)
    #expect(list.routes.count == ReceivedRoutes.limit)
  }
}
