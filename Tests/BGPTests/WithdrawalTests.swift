// Withdrawals: their bytes in either family, alone and in salvos, and in words.

import BGP
import Bytes
import Model
import Testing

struct WithdrawalTests {
  private static let negotiated = Negotiated(
    fourOctetAS: true, extendedMessages: false, routeRefresh: true, holdTime: .seconds(180),
    keepalive: .seconds(60), peerIdentifier: IPv4Address(10, 10, 1, 4), families: .all)
  private static let marker = [UInt8](repeating: 0xff, count: 16)

  // Written by hand from RFC 4271 section 4.3 and RFC 4760 section 4.
  private static let ipv4: [UInt8] =
    marker + [
      0, 31, 2,  // length, UPDATE
      0, 8,  // withdrawn routes
      32, 10, 1, 0, 5, 16, 10, 9,
      0, 0,  // attributes
    ]
  private static let ipv6: [UInt8] =
    marker + [
      0, 47, 2,
      0, 0,  // withdrawn routes
      0, 24,  // attributes
      0x90, 15, 0, 20, 0, 2, 1,  // MP_UNREACH_NLRI: AFI, SAFI
      128, 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
    ]

  private func content(
    _ texts: [String], _ attributes: RouteAttributes = .none
  ) throws -> VolleyContent {
    VolleyContent(try texts.map { try #require(Prefix($0)) }, attributes)
  }

  /// The bytes of each VIP's withdrawal, or all of them as one salvo.
  private func bytes(
    _ contents: [VolleyContent], asSalvo: Bool = false, _ families: Families = .all
  ) -> (bytes: [UInt8], messages: Int) {
    var negotiated = WithdrawalTests.negotiated
    negotiated.families = families
    var magazine = Magazine(contents, peers: 1, localASN: ASNumber(65001))
    var salvo = Salvo(for: magazine)
    salvo.begin(messageLimit: 4096)
    var bytes: [UInt8] = []
    var messages = 0
    for index in contents.indices {
      let volley = magazine.arm(
        VIPSlot(index), for: PeerSlot(0), .withdrawal, negotiated: negotiated, epoch: 1)
      messages += magazine.messages(of: volley)
      bytes += magazine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
      precondition(magazine.add(volley, to: &salvo))
    }
    salvo.close()
    return asSalvo ? (salvo.bytes, salvo.messages) : (bytes, messages)
  }

  @Test func theBytesOfBothFamilies() throws {
    let content = try content(["10.1.0.5/32", "2001:db8:1::5/128", "10.9.0.0/16"])
    #expect(bytes([content]).bytes == WithdrawalTests.ipv4 + WithdrawalTests.ipv6)
    #expect(bytes([content], .ipv4Unicast).bytes == WithdrawalTests.ipv4)
    #expect(bytes([content], .ipv6Unicast).bytes == WithdrawalTests.ipv6)
  }

  /// A withdrawal says nothing but prefixes, so VIPs of any attributes share one.
  @Test func aSalvoIsOneUpdateOfEachFamily() throws {
    let attributes = RouteAttributes(med: 5)
    let contents = [
      try content(["10.1.0.5/32", "2001:db8:1::5/128"]), try content(["10.9.0.0/16"], attributes),
    ]
    let salvo = bytes(contents, asSalvo: true)
    #expect(salvo.messages == 2)
    #expect(salvo.bytes == WithdrawalTests.ipv4 + WithdrawalTests.ipv6)
  }

  @Test func manyPrefixesAreSeveralFullMessages() throws {
    let prefixes = try (0..<2_000).map { index in
      try #require(Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32(index))), length: 32))
    }
    let (bytes, messages) = bytes([VolleyContent(prefixes)])
    // 23 octets around them, 5 for each: 814 in a message of 4096.
    #expect(messages == 3)
    #expect(bytes.count == 3 * 23 + 2_000 * 5)
    var offset = 0
    while offset < bytes.count {
      let length = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
      #expect(length <= 4_096)
      #expect(Int(bytes[offset + 19]) << 8 | Int(bytes[offset + 20]) == length - 23)
      #expect(bytes[(offset + length - 2)..<(offset + length)] == [0, 0])
      offset += length
    }
  }

  @Test func anAnnouncementJoinsNoWithdrawal() throws {
    let contents = [try content(["10.1.0.5/32"]), try content(["10.1.0.6/32"])]
    var magazine = Magazine(contents, peers: 1, localASN: ASNumber(65001))
    var salvo = Salvo(for: magazine)
    salvo.begin(messageLimit: 4096)
    for (index, announcement) in [Announcement.withdrawal, MagazineTests.here].enumerated() {
      let volley = magazine.arm(
        VIPSlot(index), for: PeerSlot(0), announcement, negotiated: WithdrawalTests.negotiated,
        epoch: 1)
      let isAdded = magazine.add(volley, to: &salvo)
      #expect(isAdded)
    }
    salvo.close()
    let lines = UpdateText.lines(salvo.bytes.span, fourOctetAS: true)
    #expect(lines.filter { $0.hasPrefix("UPDATE") }.count == 2)
    #expect(lines[1] == "  withdraws 10.1.0.5/32")
    #expect(lines.last == "  announces 10.1.0.6/32")
  }

  @Test func inWords() throws {
    let volley = bytes([try content(["10.1.0.5/32", "2001:db8:1::5/128"])]).bytes
    #expect(
      UpdateText.lines(volley.span, fourOctetAS: true) == [
        "UPDATE of 28 bytes", "  withdraws 10.1.0.5/32", "UPDATE of 47 bytes",
        "  MP_UNREACH_NLRI withdraws 2001:db8:1::5/128",
      ])
    // The mark of an end withdraws nothing.
    #expect(
      UpdateText.lines(UpdateEncoder.endOfRIB(.ipv6Unicast).span, fourOctetAS: true).last
        == "  MP_UNREACH_NLRI of 3 bytes")
  }
}
