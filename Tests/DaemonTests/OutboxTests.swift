// The order in which one connection's bytes leave, and what may still be replaced.

import BGP
import Model
import Testing

@testable import Daemon

struct OutboxTests {
  private static let keepalive: [UInt8] = [1, 2, 3]
  private static let endOfRIB: [UInt8] = [4, 5]

  /// Volleys of three VIPs, armed for one session; the shift tells them apart.
  private static func entries() throws -> [Outbox.Entry] {
    let contents = try (1...3).map { number in
      VolleyContent([
        try #require(Prefix(.v4(IPv4Address(10, 1, 0, UInt8(number))), length: 32))
      ])
    }
    var magazine = Magazine(contents, peers: 1, localASN: ASNumber(65001))
    let negotiated = Negotiated(
      fourOctetAS: true, extendedMessages: false, routeRefresh: true, holdTime: .seconds(30),
      keepalive: .seconds(10), peerIdentifier: IPv4Address(10, 0, 1, 4))
    return (0..<3).map { vip in
      let volley = magazine.arm(
        VIPSlot(vip), for: PeerSlot(0),
        Announcement(nextHops: NextHopAddresses(IPv4Address(10, 0, 2, 10)), rung: .owner),
        negotiated: negotiated,
        epoch: 1)
      return Outbox.Entry(volley: volley, vip: VIPSlot(vip), shift: UInt32(vip + 1))
    }
  }

  private func put(_ message: [UInt8], _ outbox: inout Outbox) {
    let hasRoom = outbox.add(message.span)
    #expect(hasRoom)
  }

  private static func make() -> Outbox { Outbox(vips: 3, longest: 256) }

  private static func shifts(_ outbox: inout Outbox) -> [UInt32] {
    var shifts: [UInt32] = []
    while let entry = outbox.removeNext() { shifts.append(entry.shift) }
    return shifts
  }

  /// OPEN and KEEPALIVE of a route server may come in one read: our KEEPALIVE must still be the
  /// first to leave (RFC 4271 section 8.2.2, OpenConfirm).
  @Test func aMessageBeforeTheFirstVolleyLeavesBeforeIt() throws {
    var outbox = Self.make()
    let entries = try Self.entries()
    put(Self.keepalive, &outbox)
    outbox.add(entries[0])
    put(Self.endOfRIB, &outbox)
    #expect(Array(outbox.begun[outbox.head...]) == Self.keepalive)
    outbox.left(Self.keepalive.count)
    let first = Self.shifts(&outbox)
    #expect(first == [1])
    outbox.beginMessages()
    #expect(Array(outbox.begun[outbox.head...]) == Self.endOfRIB)
  }

  @Test func aMessageBehindBytesThatHaveBegunStaysBehindThem() throws {
    var outbox = Self.make()
    let entries = try Self.entries()
    let rest: [UInt8] = [9, 9, 9, 9]
    outbox.begin(rest.span, from: 2)
    put(Self.keepalive, &outbox)
    outbox.add(entries[0])
    #expect(Array(outbox.begun[outbox.head...]) == [9, 9] + Self.keepalive)
  }

  @Test func aNewerVolleyTakesThePlaceOfOneThatHasNotBegun() throws {
    var outbox = Self.make()
    let entries = try Self.entries()
    for entry in entries { outbox.add(entry) }
    var newer = entries[1]
    newer.shift = 20
    outbox.add(newer)
    #expect(outbox.waitingCount == 3)
    let order = Self.shifts(&outbox)
    #expect(order == [1, 20, 3])
    #expect(outbox.isEmpty)
  }

  /// The route server asked for one family again and then, before that left, for the other.
  @Test func whatTakesAPlaceSpeaksOfBothsFamilies() throws {
    var outbox = Self.make()
    for families: Families in [.ipv6Unicast, .ipv4Unicast] {
      var entry = try Self.entries()[0]
      entry.volley = entry.volley.only(families)
      outbox.add(entry)
    }
    let joined = outbox.removeNext()
    #expect(joined?.volley.families == .all)
    #expect(outbox.isEmpty)
  }

  @Test func aVolleyThatHasBegunIsNotReplaced() throws {
    var outbox = Self.make()
    let entries = try Self.entries()
    outbox.add(entries[0])
    _ = outbox.removeNext()
    let bytes: [UInt8] = [1, 2, 3, 4]
    outbox.begin(bytes.span, from: 1)
    var newer = entries[0]
    newer.shift = 10
    outbox.add(newer)
    #expect(outbox.begunCount == 3)
    let order = Self.shifts(&outbox)
    #expect(order == [10])
  }

  /// What counts for the send hold timer are whole messages, wherever a write was cut.
  @Test func messagesThatHaveLeftAreCounted() throws {
    let message = { (length: Int) in
      [UInt8](repeating: 0xff, count: 16) + [0, UInt8(length), 4]
        + [UInt8](repeating: 7, count: length - 19)
    }
    var outbox = Self.make()
    let volley = message(30) + message(40) + message(50)
    // The first left whole, and 5 bytes of the second.
    outbox.begin(volley.span, from: 35)
    #expect(outbox.completed == 0)
    outbox.left(34)
    #expect(outbox.completed == 0)
    outbox.left(1)
    #expect(outbox.completed == 1)
    // Another message takes its place behind, and everything leaves at once.
    put(message(19), &outbox)
    outbox.add(try Self.entries()[0])
    outbox.left(50 + 19)
    #expect(outbox.begunCount == 0)
    #expect(outbox.completed == 3)
    // One that waited alone.
    put(message(19), &outbox)
    _ = outbox.removeNext()
    outbox.beginMessages()
    outbox.left(18)
    #expect(outbox.completed == 3)
    outbox.left(1)
    #expect(outbox.completed == 4)
  }

  @Test func aPeerThatTakesNothingHasALimit() {
    var outbox = Self.make()
    let piece = [UInt8](repeating: 0, count: Outbox.messageLimit / 2)
    put(piece, &outbox)
    put(piece, &outbox)
    let hasRoom = outbox.add(Self.keepalive.span)
    #expect(!hasRoom)
    outbox.removeAll()
    #expect(outbox.isEmpty)
  }
}
