// The magazine: what is sent is what was armed, for that session and no other.

import BGP
import Bytes
import Model
import Testing

struct MagazineTests {
  static let negotiated = Negotiated(
    fourOctetAS: true, extendedMessages: false, routeRefresh: true, holdTime: .seconds(180),
    keepalive: .seconds(60), peerIdentifier: IPv4Address(10, 10, 1, 4))
  static let here = Announcement(
    nextHops: NextHopAddresses(IPv4Address(10, 10, 0, 4)), rung: .owner)
  static let there = Announcement(
    nextHops: NextHopAddresses(IPv4Address(10, 10, 0, 5)), rung: .firstTakeover)

  private func hosts(_ count: Int) throws -> [Prefix] {
    try (0..<count).map { index in
      try #require(Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32(index))), length: 32))
    }
  }

  private func bytes(_ magazine: borrowing Magazine, _ volley: VolleyID) -> [UInt8] {
    magazine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
  }

  private func encoded(
    _ prefixes: [Prefix], _ announcement: Announcement,
    _ negotiated: Negotiated = MagazineTests.negotiated, asn: UInt32 = 65001
  ) -> [UInt8] {
    let encoder = UpdateEncoder(localASN: ASNumber(asn), negotiated)
    let routes = EncodedPrefixes(prefixes)
    var writer = Writer(capacity: encoder.size(of: routes, rung: announcement.rung))
    encoder.write(routes, announcement, into: &writer)
    return writer.bytes
  }

  @Test func sentEqualsArmed() throws {
    let lists = [try hosts(1), try hosts(2000), [], try hosts(3)]
    var magazine = Magazine(lists.map { VolleyContent($0) }, peers: 2, localASN: ASNumber(65001))
    var armed: [(VolleyID, [UInt8], Int)] = []
    for vip in lists.indices {
      for peer in 0..<2 {
        for announcement in [MagazineTests.here, MagazineTests.there] {
          let volley = magazine.arm(
            VIPSlot(vip), for: PeerSlot(peer), announcement,
            negotiated: MagazineTests.negotiated, epoch: 1)
          let expected = encoded(lists[vip], announcement)
          armed.append((volley, expected, lists[vip].count))
          let found = magazine.volley(VIPSlot(vip), for: PeerSlot(peer), announcement, epoch: 1)
          #expect(found == volley)
        }
      }
    }
    for (volley, expected, prefixes) in armed {
      let sent = bytes(magazine, volley)
      #expect(sent == expected)
      #expect(magazine.count(of: volley) == expected.count)
      // Fewer than 200 octets in front, 5 for each prefix: 780 to 800 in a message of 4096.
      let messages = magazine.messages(of: volley)
      #expect(messages == [0: 0, 1: 1, 3: 1, 2000: 3][prefixes])
    }
  }

  @Test func aVolleyIsForOneEpoch() throws {
    var magazine = Magazine([VolleyContent(try hosts(1))], peers: 1, localASN: ASNumber(65001))
    let volley = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), MagazineTests.here, negotiated: MagazineTests.negotiated,
      epoch: 1)
    let later = magazine.volley(VIPSlot(0), for: PeerSlot(0), MagazineTests.here, epoch: 2)
    #expect(later == nil)
    // The next session has two-octet numbers: other bytes, another name.
    var narrow = MagazineTests.negotiated
    narrow.fourOctetAS = false
    let next = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), MagazineTests.here, negotiated: narrow, epoch: 2)
    #expect(next != volley)
    let sent = bytes(magazine, next)
    #expect(sent == encoded(try hosts(1), MagazineTests.here, narrow))
  }

  @Test func disarmingForgetsOnePeer() throws {
    var magazine = Magazine(
      [VolleyContent(try hosts(1)), VolleyContent(try hosts(2))], peers: 2,
      localASN: ASNumber(65001))
    var volleys: [VolleyID] = []
    for vip in 0..<2 {
      for peer in 0..<2 {
        volleys.append(
          magazine.arm(
            VIPSlot(vip), for: PeerSlot(peer), MagazineTests.here,
            negotiated: MagazineTests.negotiated, epoch: 1))
      }
    }
    magazine.disarm(PeerSlot(0))
    for vip in 0..<2 {
      let gone = magazine.volley(VIPSlot(vip), for: PeerSlot(0), MagazineTests.here, epoch: 1)
      let kept = magazine.volley(VIPSlot(vip), for: PeerSlot(1), MagazineTests.here, epoch: 1)
      #expect(gone == nil)
      #expect(kept == volleys[vip * 2 + 1])
      let isArmed = magazine.isArmed(volleys[vip * 2])
      #expect(!isArmed)
    }
    // Armed again in the same epoch it has the same bytes and a new name.
    let again = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), MagazineTests.here, negotiated: MagazineTests.negotiated,
      epoch: 1)
    #expect(again != volleys[0])
    let sent = bytes(magazine, again)
    #expect(sent == encoded(try hosts(1), MagazineTests.here))
  }

  @Test func aThirdReplacesTheOlder() throws {
    var magazine = Magazine([VolleyContent(try hosts(1))], peers: 1, localASN: ASNumber(65001))
    let third = Announcement(nextHops: NextHopAddresses(IPv4Address(10, 10, 0, 6)), rung: .last)
    func arm(_ announcement: Announcement, _ magazine: inout Magazine) -> VolleyID {
      magazine.arm(
        VIPSlot(0), for: PeerSlot(0), announcement, negotiated: MagazineTests.negotiated, epoch: 1)
    }
    let first = arm(MagazineTests.here, &magazine)
    let second = arm(MagazineTests.there, &magazine)
    // Named again, the first is the younger; its name stays.
    #expect(arm(MagazineTests.here, &magazine) == first)
    let last = arm(third, &magazine)
    let firstArmed = magazine.isArmed(first)
    let secondArmed = magazine.isArmed(second)
    let lastArmed = magazine.isArmed(last)
    #expect(firstArmed && !secondArmed && lastArmed)
    let lookup = magazine.volley(VIPSlot(0), for: PeerSlot(0), MagazineTests.there, epoch: 1)
    #expect(lookup == nil)
  }

  /// exabgp#297: back at an earlier next hop it sent nothing, since it had said that once before.
  @Test func returningToAnEarlierNextHopGivesTheSameBytes() throws {
    let prefixes = try hosts(5)
    var magazine = Magazine([VolleyContent(prefixes)], peers: 1, localASN: ASNumber(65001))
    var sent: [[UInt8]] = []
    for announcement in [MagazineTests.here, MagazineTests.there, MagazineTests.here] {
      let volley = magazine.arm(
        VIPSlot(0), for: PeerSlot(0), announcement, negotiated: MagazineTests.negotiated, epoch: 1)
      sent.append(bytes(magazine, volley))
    }
    #expect(sent[0] == sent[2])
    #expect(sent[0] != sent[1])
    // Also when other claims were armed in between and the first had to be encoded anew.
    for rung: UInt8 in 3...6 {
      let rung = try #require(Rung(rung))
      magazine.arm(
        VIPSlot(0), for: PeerSlot(0),
        Announcement(nextHops: MagazineTests.there.nextHops, rung: rung),
        negotiated: MagazineTests.negotiated, epoch: 1)
    }
    let volley = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), MagazineTests.here, negotiated: MagazineTests.negotiated,
      epoch: 1)
    let again = bytes(magazine, volley)
    #expect(again == sent[0])
    // No volley withdraws anything: the field is empty in every message.
    for bytes in sent { #expect(Array(bytes[19..<21]) == [0, 0]) }
  }

  /// The longest of all: standby, a number that needs AS4_PATH, a peer that knows two octets.
  @Test(arguments: [true, false], [true, false])
  func theLongestVolleyFits(fourOctetAS: Bool, extended: Bool) throws {
    let prefixes = try hosts(4000)
    let announcement = Announcement(
      nextHops: NextHopAddresses(IPv4Address(10, 10, 0, 4)), rung: .standby)
    for asn: UInt32 in [65001, 4_200_000_000] {
      var magazine = Magazine([VolleyContent(prefixes)], peers: 1, localASN: ASNumber(asn))
      var negotiated = MagazineTests.negotiated
      negotiated.fourOctetAS = fourOctetAS
      negotiated.extendedMessages = extended
      let volley = magazine.arm(
        VIPSlot(0), for: PeerSlot(0), announcement, negotiated: negotiated, epoch: 1)
      let sent = bytes(magazine, volley)
      #expect(sent == encoded(prefixes, announcement, negotiated, asn: asn))
      let messages = magazine.messages(of: volley)
      // In front of the prefixes 163 octets; 101 with two-octet numbers, 230 with AS4_PATH: room
      // for 786, 799 or 773 prefixes.
      #expect(messages == (extended ? 1 : 6))
    }
  }

  @Test func aStaleNameTraps() async {
    await #expect(processExitsWith: .failure) {
      let prefix = try #require(Prefix("100.64.0.1/32"))
      var magazine = Magazine([VolleyContent([prefix])], peers: 1, localASN: ASNumber(65001))
      let volley = magazine.arm(
        VIPSlot(0), for: PeerSlot(0), MagazineTests.here, negotiated: MagazineTests.negotiated,
        epoch: 1)
      magazine.disarm(PeerSlot(0))
      _ = magazine.count(of: volley)
    }
  }
}
