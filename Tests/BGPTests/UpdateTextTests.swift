// UPDATEs in words: what the encoder writes, and what is cut or bent.
import BGP
import Model
import Testing

@Suite struct UpdateTextTests {
  private static func volley(
    _ rung: Rung, fourOctetAS: Bool, _ texts: [String] = ["100.64.0.1/32", "10.8.0.0/13"]
  ) throws -> [UInt8] {
    let prefixes = try texts.map { try #require(Prefix($0)) }
    let nextHops = NextHopAddresses(
      IPv4Address(10, 0, 2, 10),
      IPv6Address(high: 0x2001_0db8_0000_0000, low: 10))
    let attributes = RouteAttributes(
      med: 77, communities: [try #require(Community("65001:258"))],
      largeCommunities: [try #require(LargeCommunity("65001:1:4294967295"))])
    var magazine = Magazine(
      [VolleyContent(prefixes, attributes)], peers: 1, localASN: ASNumber(65001))
    let id = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), Announcement(nextHops: nextHops, rung: rung),
      negotiated: Negotiated(
        fourOctetAS: fourOctetAS, extendedMessages: false, routeRefresh: true,
        holdTime: .seconds(30), keepalive: .seconds(10),
        peerIdentifier: IPv4Address(10, 10, 1, 4), families: .all, peerRestartTime: nil),
      epoch: 1)
    return magazine.withBytes(of: id) { span in span.indices.map { span[$0] } }
  }

  @Test(arguments: [true, false]) func everyAttribute(_ fourOctetAS: Bool) throws {
    let bytes = try UpdateTextTests.volley(.owner, fourOctetAS: fourOctetAS)
    let lines = UpdateText.lines(bytes.span, fourOctetAS: fourOctetAS)
    #expect(
      lines == [
        "UPDATE of \(bytes.count) bytes", "  ORIGIN IGP", "  AS_PATH 65001 x15",
        "  NEXT_HOP 10.0.2.10", "  MULTI_EXIT_DISC 77", "  COMMUNITIES 65001:258",
        "  LARGE_COMMUNITY 65001:1:4294967295", "  announces 100.64.0.1/32 10.8.0.0/13",
      ])
  }

  @Test func ipv6() throws {
    let bytes = try UpdateTextTests.volley(
      .last, fourOctetAS: true, ["2001:db8:1::/48", "2001:db8::5/128"])
    let lines = UpdateText.lines(bytes.span, fourOctetAS: true)
    #expect(
      lines.contains(
        "  MP_REACH_NLRI next hop 2001:db8::a, announces 2001:db8:1::/48 2001:db8::5/128"),
      "\(lines)")
  }

  /// Cut anywhere and flipped anywhere: lines, never a trap.
  @Test func damaged() throws {
    let bytes = try UpdateTextTests.volley(.last, fourOctetAS: true)
    for count in 0..<bytes.count {
      let lines = UpdateText.lines(Array(bytes[..<count]).span, fourOctetAS: true)
      #expect(lines == (count == 0 ? [] : ["\(count) bytes that are no message"]))
    }
    for place in bytes.indices {
      for value in [0, 0x7f, 0xff] as [UInt8] {
        var bent = bytes
        bent[place] = value
        #expect(!UpdateText.lines(bent.span, fourOctetAS: true).isEmpty)
      }
    }
  }

  @Test func withdrawals() {
    let bytes =
      [UInt8](repeating: 0xff, count: 16) + [0, 28, 2, 0, 5, 32, 10, 1, 0, 5, 0, 0]
    #expect(
      UpdateText.lines((bytes + bytes).span, fourOctetAS: true)
        == ["UPDATE of 28 bytes", "  withdraws 10.1.0.5/32"]
        + ["UPDATE of 28 bytes", "  withdraws 10.1.0.5/32"])
  }
}
