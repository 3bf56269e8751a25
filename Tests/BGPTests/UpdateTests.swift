// UPDATEs: what we write, byte by byte; what we read, class by class, beyond the vectors.

import BGP
import Bytes
import Model
import Testing

struct UpdateTests {
  static let external = UpdateContext(
    fourOctetAS: true, isExternal: true, families: [.ipv4Unicast, .ipv6Unicast])

  private func prefixes(_ texts: String...) throws -> [Prefix] {
    try texts.map { try #require(Prefix($0)) }
  }

  private func encode(
    _ prefixes: [Prefix], asn: UInt32 = 65000, as4: Bool = true, extended: Bool = false,
    rung: Rung = .last, _ attributes: RouteAttributes = .none, routeLimit: Int = .max
  ) -> (bytes: [UInt8], messages: Int) {
    let encoder = UpdateEncoder(
      localASN: ASNumber(asn), fourOctetAS: as4, extendedMessages: extended,
      routeLimit: routeLimit)
    let routes = EncodedPrefixes(prefixes)
    let size = encoder.size(of: routes, rung: rung, attributes)
    var writer = Writer(capacity: size)
    let messages = encoder.write(
      routes, Announcement(nextHops: NextHopAddresses(IPv4Address(10, 10, 0, 5)), rung: rung),
      attributes,
      into: &writer)
    #expect(writer.count == size)
    return (writer.bytes, messages)
  }

  @Test func fourOctetSession() throws {
    let (bytes, messages) = encode(
      try prefixes("100.64.0.1/32", "10.0.0.0/9", "0.0.0.0/0", "192.0.2.0/24"))
    #expect(messages == 1)
    #expect(
      bytes
        == Wire.hex(
          """
          ffffffffffffffffffffffffffffffff 0038 02
          0000 0014
          40 01 01 00
          40 02 06 02 01 0000fde8
          40 03 04 0a0a0005
          20 64400001  09 0a00  00  18 c00002
          """))
  }

  @Test func everyAttribute() throws {
    let attributes = RouteAttributes(
      med: 70_000,
      communities: [
        try #require(Community("no-advertise")), try #require(Community("65001:258")),
      ], largeCommunities: [try #require(LargeCommunity("65001:1:4294967295"))])
    // A number of four octets to a peer that knows two: AS4_PATH stands between the communities.
    let (bytes, _) = encode(
      try prefixes("100.64.0.1/32"), asn: 4_200_000_000, as4: false, attributes)
    #expect(
      bytes
        == Wire.hex(
          """
          ffffffffffffffffffffffffffffffff 0058 02
          0000 003c
          40 01 01 00
          40 02 04 02 01 5ba0
          40 03 04 0a0a0005
          80 04 04 00011170
          c0 08 08 ffffff02 fde90102
          c0 11 06 02 01 fa56ea00
          c0 20 0c 0000fde9 00000001 ffffffff
          20 64400001
          """))
  }

  @Test func noUpdateCarriesMoreRoutesThanThePlatformAllows() throws {
    let list = try prefixes("10.0.0.1/32", "10.0.0.2/32", "10.0.0.0/24", "10.0.0.3/32", "0.0.0.0/0")
    #expect(encode(list).messages == 1)
    #expect(encode(list, routeLimit: 2).messages == 3)
    #expect(encode(list, routeLimit: 5).messages == 1)
    // Of 4,000 routes 1,500 are held: an UPDATE may bring 2,500, so all of them go into one.
    let hosts = (0..<1_500).compactMap {
      Prefix(.v4(IPv4Address(bits: 0x0a00_0000 + UInt32($0))), length: 32)
    }
    for (limit, messages) in [(4_000, 1), (2_000, 3), (1_501, 1_500)] {
      var magazine = Magazine(
        [VolleyContent(hosts)], peers: 1, localASN: ASNumber(65001), platformLimit: limit)
      var negotiated = MagazineTests.negotiated
      negotiated.extendedMessages = true
      let volley = magazine.arm(
        VIPSlot(0), for: PeerSlot(0), MagazineTests.here, negotiated: negotiated, epoch: 1)
      let count = magazine.messages(of: volley)
      #expect(count == messages)
    }
  }

  @Test func twoOctetSession() throws {
    let (bytes, _) = encode(try prefixes("100.64.0.1/32"), as4: false)
    #expect(
      bytes
        == Wire.hex(
          """
          ffffffffffffffffffffffffffffffff 002e 02
          0000 0012
          40 01 01 00
          40 02 04 02 01 fde8
          40 03 04 0a0a0005
          20 64400001
          """))
  }

  /// RFC 6793 section 4.2.2.
  @Test func largeNumberOnTwoOctetSession() throws {
    let takeover = try #require(Rung(Rung.last.value - 1))
    #expect(takeover.pathLength == 2)
    let (bytes, _) = encode(
      try prefixes("100.64.0.1/32"), asn: 200_000, as4: false, rung: takeover)
    #expect(
      bytes
        == Wire.hex(
          """
          ffffffffffffffffffffffffffffffff 003d 02
          0000 0021
          40 01 01 00
          40 02 06 02 02 5ba0 5ba0
          40 03 04 0a0a0005
          c0 11 0a 02 02 00030d40 00030d40
          20 64400001
          """))
    let context = UpdateContext(fourOctetAS: false, isExternal: true, families: .ipv4Unicast)
    #expect(try UpdateReader.classify(bytes.span, in: context) == .accept)
  }

  @Test func thePathGrowsShorterWithEachRung() throws {
    let lengths = try (0...Rung.last.value).map { value in
      let rung = try #require(Rung(value))
      let bytes = encode(try prefixes("100.64.0.1/32"), rung: rung).bytes
      #expect(try UpdateReader.classify(bytes.span, in: UpdateTests.external) == .accept)
      return Int(bytes[31])
    }
    #expect(lengths == Array((1...Rung.standby.pathLength).reversed()))
  }

  @Test func endOfRIB() throws {
    let marker = UpdateEncoder.endOfRIB(.ipv4Unicast)
    #expect(marker == Wire.update())
    #expect(try UpdateReader.classify(marker.span, in: UpdateTests.external) == .endOfRIB)
  }

  @Test(arguments: [(false, 4096), (true, 65535)])
  func manyPrefixesAreChunked(extended: Bool, limit: Int) throws {
    let all = try (0..<20_000).map { index in
      try #require(Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32(index))), length: 32))
    }
    let (bytes, messages) = encode(all, extended: extended)
    // 43 octets in front of the prefixes, 5 for each.
    let perMessage = (limit - 43) / 5
    #expect(messages == (all.count + perMessage - 1) / perMessage)
    var offset = 0
    var found: [Prefix] = []
    var count = 0
    while offset < bytes.count {
      let length = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
      #expect(length <= limit)
      let message = Array(bytes[offset..<(offset + length)])
      #expect(try UpdateReader.classify(message.span, in: UpdateTests.external) == .accept)
      for start in stride(from: 43, to: length, by: 5) {
        #expect(message[start] == 32)
        let bits = message[(start + 1)...(start + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        found.append(try #require(Prefix(.v4(IPv4Address(bits: bits)), length: 32)))
      }
      offset += length
      count += 1
    }
    #expect(count == messages)
    #expect(found == all)
  }

  @Test func noPrefixIsNoMessage() {
    let (bytes, messages) = encode([])
    #expect(bytes.isEmpty && messages == 0)
  }

  struct Judged: Sendable {
    var message: [UInt8]
    var verdict: Result<UpdateClass, Notification.Plain>
    init(_ message: [UInt8], _ kind: UpdateClass) {
      self.message = message
      verdict = .success(kind)
    }
    init(_ message: [UInt8], code: UInt8, _ subcode: UInt8) {
      self.message = message
      verdict = .failure(Notification.Plain(code: code, subcode: subcode))
    }
  }

  private static let badOrigin = Wire.hex("400101 03  400206 0201 0000fde9  400304 0a000002")
  private static let withRoute = Wire.goodAttributes

  @Test(arguments: [
    Judged(Wire.update(attributes: withRoute, routes: Wire.goodRoute), .accept),
    Judged(Wire.update(attributes: badOrigin, routes: Wire.goodRoute), .treatAsWithdraw),
    // RFC 7606 section 5.2: the same fault without a route resets.
    Judged(Wire.update(attributes: badOrigin), code: 3, 6),
    Judged(Wire.update(withdrawn: Wire.goodRoute, attributes: badOrigin), code: 3, 6),
    // A discard does not.
    Judged(Wire.update(attributes: withRoute + Wire.hex("40060100")), .attributeDiscard),
    // RFC 7606 section 3(h): the graver of two holds.
    Judged(
      Wire.update(attributes: badOrigin + Wire.hex("40060100"), routes: Wire.goodRoute),
      .treatAsWithdraw),
    Judged(
      Wire.update(attributes: badOrigin + Wire.hex("400f03000101"), routes: Wire.hex("21 00")),
      code: 3, 10),
    // Attributes for no route at all.
    Judged(Wire.update(attributes: withRoute), .accept),
    // An attribute that is not complete where a multiprotocol one should be.
    Judged(
      Wire.update(attributes: withRoute + Wire.hex("800e20 0002"), routes: Wire.goodRoute),
      code: 3, 1),
    // 224.0.0.0 and above, 0/8 and 127/8 are nobody's next hop.
    Judged(
      Wire.update(
        attributes: Wire.hex("400101 00  400206 0201 0000fde9  400304 ffffffff"),
        routes: Wire.goodRoute), .treatAsWithdraw),
    Judged(
      Wire.update(
        attributes: Wire.hex("400101 00  400206 0201 0000fde9  400304 0a0000"),
        routes: Wire.goodRoute), .treatAsWithdraw),
    // IPv6 routes need no NEXT_HOP attribute.
    Judged(
      Wire.update(
        attributes: Wire.hex(
          """
          800e15 0002 01 10 20010db8000000000000000000000001 00
          400101 00 400206 0201 0000fde9
          """)), .accept),
    // The marker of RFC 4724 section 2 for IPv6, and for a family that is not ours.
    Judged(Wire.update(attributes: Wire.hex("800f03 0002 01")), .endOfRIB),
    Judged(Wire.update(attributes: Wire.hex("800f03 0001 80")), .ignored),
  ])
  func judged(row: Judged) {
    let verdict: Result<UpdateClass, Notification.Plain>
    do throws(Notification) {
      verdict = .success(try UpdateReader.classify(row.message.span, in: UpdateTests.external))
    } catch {
      verdict = .failure(Notification.Plain(code: error.code.rawValue, subcode: error.subcode))
    }
    #expect(verdict == row.verdict)
  }

  @Test func theNotificationCarriesTheAttribute() {
    let bench = Bench()
    #expect(bench.reach(.established))
    _ = bench.receive(Wire.update(attributes: Wire.hex("40c803010203"), routes: Wire.goodRoute))
    #expect(bench.sent == [Wire.notification(3, 2, Wire.hex("40c803010203"))])
  }

  @Test func aLongAttributeIsCutToFitTheNotification() {
    let bench = Bench()
    #expect(bench.reach(.established, open: Wire.open(extended: true)))
    let long = Wire.hex("50c8ea60") + [UInt8](repeating: 7, count: 60_000)
    _ = bench.receive(Wire.update(attributes: long))
    #expect(bench.sent.first?.count == 4096)
    #expect(bench.sent == [Wire.notification(3, 2, Array(long.prefix(4096 - 21)))])
  }
}

extension Notification {
  /// Code and subcode, for comparison.
  struct Plain: Error, Hashable {
    var code: UInt8
    var subcode: UInt8
  }
}
