// IPv6 unicast: what is offered, what is written, and that each family stays by itself.

import BGP
import Bytes
import Model
import Testing

struct IPv6Tests {
  static let both: Announcement = announcement(.last)
  private static let negotiated = negotiated(.all)

  private static func announcement(_ rung: Rung) -> Announcement {
    Announcement(
      nextHops: NextHopAddresses(
        IPv4Address(10, 10, 0, 5), IPv6Address(high: 0x2001_0db8_0002_0000, low: 5)),
      rung: rung)
  }

  private static func negotiated(
    _ families: Families, as4: Bool = true, extended: Bool = false
  ) -> Negotiated {
    Negotiated(
      fourOctetAS: as4, extendedMessages: extended, routeRefresh: true, holdTime: .seconds(180),
      keepalive: .seconds(60), peerIdentifier: IPv4Address(10, 10, 1, 4), families: families)
  }

  private func prefixes(_ texts: String...) throws -> [Prefix] {
    try texts.map { try #require(Prefix($0)) }
  }

  private func hosts(_ count: Int, _ length: UInt8 = 128) throws -> [Prefix] {
    try (0..<count).map { index in
      let address = IPv6Address(
        high: 0x2001_0db8_0000_0000 + UInt64(index), low: length == 128 ? 5 : 0)
      return try #require(Prefix(.v6(address), length: length))
    }
  }

  private func bytes(_ magazine: borrowing Magazine, _ volley: VolleyID) -> [UInt8] {
    magazine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
  }

  private func encode(
    _ prefixes: [Prefix], asn: UInt32 = 65000, as4: Bool = true, extended: Bool = false,
    _ attributes: RouteAttributes = .none, routeLimit: Int = .max
  ) -> (bytes: [UInt8], messages: Int) {
    let encoder = UpdateEncoder(
      localASN: ASNumber(asn), fourOctetAS: as4, extendedMessages: extended,
      routeLimit: routeLimit)
    let routes = EncodedPrefixes(prefixes, .ipv6Unicast)
    let size = encoder.size(of: routes, rung: .last, attributes)
    var writer = Writer(capacity: size)
    let messages = encoder.write(routes, IPv6Tests.both, attributes, into: &writer)
    #expect(writer.count == size)
    return (writer.bytes, messages)
  }

  // MARK: Encoding

  /// MP_REACH_NLRI stands first, the prefixes in it, the other attributes behind; no NEXT_HOP.
  @Test func octetByOctet() throws {
    let (bytes, messages) = encode(
      try prefixes("2001:db8:1::5/128", "2001:db8:8::/45", "::/0", "10.0.0.0/8"))
    #expect(messages == 1)
    #expect(
      bytes
        == Wire.hex(
          """
          ffffffffffffffffffffffffffffffff 0056 02
          0000 003f
          90 0e 002e 0002 01 10 20010db8000200000000000000000005 00
            80 20010db8000100000000000000000005  2d 20010db80008  00
          40 01 01 00
          40 02 06 02 01 0000fde8
          """))
    #expect(try UpdateReader.classify(bytes.span, in: UpdateTests.external) == .accept)
  }

  @Test func everyAttribute() throws {
    let attributes = RouteAttributes(
      med: 70_000, communities: [try #require(Community("no-advertise"))],
      largeCommunities: [try #require(LargeCommunity("65001:1:4294967295"))])
    let (bytes, _) = encode(
      try prefixes("2001:db8::/32"), asn: 4_200_000_000, as4: false, attributes)
    #expect(
      bytes
        == Wire.hex(
          """
          ffffffffffffffffffffffffffffffff 0066 02
          0000 004f
          90 0e 001a 0002 01 10 20010db8000200000000000000000005 00
            20 20010db8
          40 01 01 00
          40 02 04 02 01 5ba0
          80 04 04 00011170
          c0 08 04 ffffff02
          c0 11 06 02 01 fa56ea00
          c0 20 0c 0000fde9 00000001 ffffffff
          """))
    let narrow = UpdateContext(fourOctetAS: false, isExternal: true, families: .all)
    #expect(try UpdateReader.classify(bytes.span, in: narrow) == .accept)
  }

  @Test func chunksBySizeAndByRoutes() throws {
    let many = try hosts(1000)
    for (extended, limit) in [(false, 4096), (true, 65535)] {
      let (bytes, messages) = encode(many, extended: extended)
      // 48 octets in front, 13 behind, 17 for each prefix: 237 in 4096.
      #expect(messages == (extended ? 1 : 5))
      let read = try routes(bytes)
      #expect(read.count == 1000)
      #expect(read.allSatisfy { $0.size <= limit })
    }
    #expect(encode(try hosts(5), routeLimit: 2).messages == 3)
    #expect(encode(try hosts(5), routeLimit: 5).messages == 1)
    #expect(encode(try prefixes("10.0.0.0/8")).messages == 0)
  }

  @Test func endOfRIB() throws {
    let marker = UpdateEncoder.endOfRIB(.ipv6Unicast)
    #expect(marker == Wire.update(attributes: Wire.hex("80 0f 03 0002 01")))
    #expect(try UpdateReader.classify(marker.span, in: UpdateTests.external) == .endOfRIB)
  }

  // MARK: Sessions

  @Test func offeredWhenWanted() {
    var settings = Bench.settings
    for families: Families in [.ipv4Unicast, .all] {
      settings.families = families
      let bench = Bench(settings)
      _ = bench.on(.start)
      _ = bench.on(.connected)
      let open = bench.sent[0]
      let offers = open.indices.dropLast(6).contains {
        Array(open[$0..<($0 + 6)]) == [1, 4, 0, 2, 0, 1]
      }
      #expect(offers == families.contains(.ipv6Unicast))
    }
  }

  @Test(arguments: [true, false], [true, false])
  func whatBothOfferIsSpoken(ours: Bool, theirs: Bool) {
    var settings = Bench.settings
    if ours { settings.families = .all }
    let bench = Bench(settings)
    #expect(bench.reach(.established, open: Wire.open(ipv6: theirs)))
    let isSpoken = ours && theirs
    #expect(bench.negotiated?.families == (isSpoken ? .all : .ipv4Unicast))
    // RFC 2918 section 4: a refresh of a family that is not spoken is ignored.
    let asked: [SessionAction] = isSpoken ? [.refreshRequested(.ipv6Unicast)] : []
    #expect(bench.receive(Wire.refresh(afi: 2)) == asked)
    #expect(
      bench.receive(Wire.refresh() + Wire.refresh(afi: 2))
        == [.refreshRequested(isSpoken ? .all : .ipv4Unicast)])
  }

  // MARK: The magazine

  @Test func aVolleyIsIPv4ThenIPv6() throws {
    let list = try prefixes("2001:db8:1::5/128", "10.1.0.5/32")
    var magazine = Magazine([VolleyContent(list)], peers: 1, localASN: ASNumber(65000))
    let volley = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), IPv6Tests.both, negotiated: IPv6Tests.negotiated, epoch: 1)
    let all = bytes(magazine, volley)
    let ipv4 = bytes(magazine, volley.only(.ipv4Unicast))
    let ipv6 = bytes(magazine, volley.only(.ipv6Unicast))
    #expect(all == ipv4 + ipv6)
    #expect(ipv6 == encode(list).bytes)
    #expect(Array(ipv4.suffix(5)) == [32, 10, 1, 0, 5])
    let messages = [Families.all, .ipv4Unicast, .ipv6Unicast, []].map {
      magazine.messages(of: volley.only($0))
    }
    #expect(messages == [2, 1, 1, 0])
    let counts = [Families.all, .ipv4Unicast, .ipv6Unicast, []].map {
      magazine.count(of: volley.only($0))
    }
    #expect(counts == [all.count, ipv4.count, ipv6.count, 0])
    // A refresh of one family that meets another of the other, before either left.
    let joined = volley.only(.ipv4Unicast).replacing(volley.only(.ipv6Unicast))
    #expect(joined == volley)
  }

  @Test(arguments: [Families.ipv4Unicast, .ipv6Unicast])
  func aPeerGetsWhatItSpeaks(family: Families) throws {
    let list = try prefixes("2001:db8:1::5/128", "10.1.0.5/32")
    var magazine = Magazine(
      [VolleyContent(list), VolleyContent([list[0]])], peers: 1, localASN: ASNumber(65000))
    let narrow = IPv6Tests.negotiated(family)
    let volley = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), IPv6Tests.both, negotiated: narrow, epoch: 1)
    let ipv6Only = magazine.arm(
      VIPSlot(1), for: PeerSlot(0), IPv6Tests.both, negotiated: narrow, epoch: 1)
    let isIPv6 = family == .ipv6Unicast
    let messages = (magazine.messages(of: volley), magazine.messages(of: ipv6Only))
    #expect(messages == (1, isIPv6 ? 1 : 0))
    let sent = bytes(magazine, volley)
    #expect(sent == bytes(magazine, volley.only(family)))
    #expect(try routes(sent).map(\.isIPv6) == [isIPv6])
  }

  /// The longest of all, and one of each family's own.
  @Test(arguments: [true, false], [true, false])
  func theLongestVolleyFits(as4: Bool, extended: Bool) throws {
    let list = try hosts(1500, 64) + hosts(700) + prefixes("10.0.0.1/32", "10.0.0.0/8")
    for asn: UInt32 in [65001, 4_200_000_000] {
      var magazine = Magazine([VolleyContent(list)], peers: 1, localASN: ASNumber(asn))
      let longest = magazine.longest
      let volley = magazine.arm(
        VIPSlot(0), for: PeerSlot(0), IPv6Tests.announcement(.standby),
        negotiated: IPv6Tests.negotiated(.all, as4: as4, extended: extended), epoch: 1)
      let sent = bytes(magazine, volley)
      #expect(sent.count <= longest)
      #expect(try routes(sent, as4: as4).count == list.count)
    }
  }

  // MARK: Salvos

  /// VIPs of either family and of both, some with attributes of their own.
  private func contents(_ count: Int) throws -> [VolleyContent] {
    try (0..<count).map { index in
      let ipv4 = try #require(
        Prefix(.v4(IPv4Address(bits: 0x0a00_0000 + UInt32(index))), length: 32))
      let list = [[ipv4], try hosts(index % 7 + 1), [ipv4] + (try hosts(1))][index % 3]
      return VolleyContent(list, index % 10 == 0 ? RouteAttributes(med: 5) : .none)
    }
  }

  @Test(arguments: [4096, 65535], [1, 2])
  func familiesShareUpdatesApart(limit: Int, rungs: Int) throws {
    let contents = try contents(400)
    var magazine = Magazine(contents, peers: 1, localASN: ASNumber(65000))
    let extended = limit > 4096
    let volleys = contents.indices.map {
      magazine.arm(
        VIPSlot($0), for: PeerSlot(0), IPv6Tests.announcement($0 % rungs == 0 ? .owner : .last),
        negotiated: IPv6Tests.negotiated(.all, extended: extended), epoch: 1)
    }
    var salvo = Salvo(for: magazine)
    salvo.begin(messageLimit: limit)
    for volley in volleys { precondition(magazine.add(volley, to: &salvo)) }
    salvo.close()
    var single: [UInt8] = []
    for volley in volleys { single += bytes(magazine, volley) }
    let expected = try routes(single)
    let found = try routes(salvo.bytes)
    for isIPv6 in [true, false] {
      #expect(
        found.filter { $0.isIPv6 == isIPv6 }.map(\.text)
          == expected.filter { $0.isIPv6 == isIPv6 }.map(\.text))
    }
    #expect(found.allSatisfy { $0.size <= limit })
    // Each tenth has attributes of its own, and when the rungs differ no neighbours agree.
    if rungs == 1 { #expect(salvo.messages < 400 / 2) }
  }

  @Test func aPartOfAVolleyJoinsASalvo() throws {
    let contents = try contents(30)
    var magazine = Magazine(contents, peers: 1, localASN: ASNumber(65000))
    var salvo = Salvo(for: magazine)
    salvo.begin(messageLimit: 4096)
    for index in contents.indices {
      let volley = magazine.arm(
        VIPSlot(index), for: PeerSlot(0), IPv6Tests.both, negotiated: IPv6Tests.negotiated,
        epoch: 1)
      let isAdded = magazine.add(volley.only(.ipv6Unicast), to: &salvo)
      #expect(isAdded)
    }
    salvo.close()
    let found = try routes(salvo.bytes)
    #expect(found.allSatisfy { $0.isIPv6 })
    #expect(found.count == contents.reduce(0) { $0 + $1.ipv6.count })
  }

  // MARK: Reading

  private struct Route {
    var isIPv6: Bool
    /// Everything its UPDATE says but the prefixes, then the prefix.
    var text: [UInt8]
    /// Of its UPDATE.
    var size: Int
  }

  private struct Unreadable: Error {}

  /// Every prefix of every UPDATE, in order.
  private func routes(_ bytes: [UInt8], as4: Bool = true) throws -> [Route] {
    let context = UpdateContext(fourOctetAS: as4, isExternal: true, families: .all)
    var routes: [Route] = []
    var offset = 0
    while offset < bytes.count {
      let size = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
      let message = Array(bytes[offset..<(offset + size)])
      guard try UpdateReader.classify(message.span, in: context) == .accept else {
        throw Unreadable()
      }
      let attributes = Int(message[21]) << 8 | Int(message[22])
      let isIPv6 = message[24] == 14
      let length = Int(message[25]) << 8 | Int(message[26])
      let range = isIPv6 ? 48..<(27 + length) : (23 + attributes)..<size
      let rest =
        isIPv6 ? message[27..<48] + message[range.upperBound...] : message[23..<range.lowerBound]
      var position = range.lowerBound
      while position < range.upperBound {
        let end = position + 1 + (Int(message[position]) + 7) / 8
        routes.append(
          Route(isIPv6: isIPv6, text: Array(rest) + message[position..<end], size: size))
        position = end
      }
      offset += size
    }
    return routes
  }
}
