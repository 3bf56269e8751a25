// Salvos: what leaves together, in how many UPDATEs, and that nothing is lost or changed by it.

import BGP
import Model
import Testing

struct SalvoTests {
  private static let medium = RouteAttributes(med: 5)

  /// VIPs of one host each; every third has attributes of its own.
  private func contents(_ count: Int, odd: Bool = false) throws -> [VolleyContent] {
    try (0..<count).map { index in
      let prefix = Prefix(.v4(IPv4Address(bits: 0x0a00_0000 + UInt32(index))), length: 32)
      return VolleyContent(
        [try #require(prefix)], odd && index % 3 == 0 ? SalvoTests.medium : .none)
    }
  }

  /// A class, because a magazine cannot be copied and the test macros copy what they look at.
  private final class Arsenal {
    let magazine: Magazine
    let volleys: [VolleyID]

    /// Every VIP armed, the rungs by turns.
    init(_ contents: [VolleyContent], _ rungs: [Rung], order: [Int]? = nil) {
      var magazine = Magazine(contents, peers: 1, localASN: ASNumber(65001))
      volleys = (order ?? Array(contents.indices)).map { index in
        magazine.arm(
          VIPSlot(index), for: PeerSlot(0),
          Announcement(
            nextHops: NextHopAddresses(IPv4Address(10, 0, 0, 9)), rung: rungs[index % rungs.count]),
          negotiated: MagazineTests.negotiated, epoch: 1)
      }
      self.magazine = magazine
    }

    func bytes(_ volley: VolleyID) -> [UInt8] {
      magazine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
    }

    func salvo(limit: Int = 4096) -> (bytes: [UInt8], messages: Int) {
      var salvo = Salvo(for: magazine)
      salvo.begin(messageLimit: limit)
      for volley in volleys { precondition(magazine.add(volley, to: &salvo)) }
      salvo.close()
      return (salvo.bytes, salvo.messages)
    }
  }

  /// The prefixes of all UPDATEs in order, each behind what its UPDATE says of it.
  private func routes(_ bytes: [UInt8]) -> [[UInt8]] {
    var routes: [[UInt8]] = []
    var offset = 0
    while offset < bytes.count {
      let length = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
      let attributes = Int(bytes[offset + 21]) << 8 | Int(bytes[offset + 22])
      let head = Array(bytes[(offset + 18)..<(offset + 23 + attributes)])
      var position = offset + 23 + attributes
      while position < offset + length {
        let end = position + 1 + (Int(bytes[position]) + 7) / 8
        routes.append(head + bytes[position..<end])
        position = end
      }
      offset += length
    }
    return routes
  }

  @Test func equalVIPsShareUpdates() throws {
    let arsenal = Arsenal(try contents(1000), [.owner])
    let (bytes, messages) = arsenal.salvo()
    // 99 octets in front, 5 for each prefix: 799 fit into 4096.
    #expect(messages == 2)
    #expect(bytes.count == 2 * 99 + 5000)
    let single = arsenal.volleys.reduce(0) { $0 + arsenal.bytes($1).count }
    #expect(single == 1000 * 104)
    let extended = arsenal.salvo(limit: 65535)
    #expect(extended.messages == 1)
    #expect(routes(extended.bytes) == routes(bytes))
  }

  @Test(
    arguments: [[Rung.owner], [.owner, .firstTakeover], [.owner, .owner, .last]], [true, false])
  func nothingIsLostOrChanged(rungs: [Rung], odd: Bool) throws {
    let arsenal = Arsenal(try contents(300, odd: odd), rungs)
    let expected = arsenal.volleys.flatMap { routes(arsenal.bytes($0)) }
    let (bytes, messages) = arsenal.salvo()
    #expect(routes(bytes) == expected)
    #expect(messages < 300 || rungs.count == 2 || odd)
  }

  @Test func aVolleyOfSeveralUpdatesStaysAsItIs() throws {
    let many = (0..<2000).compactMap {
      Prefix(.v4(IPv4Address(bits: 0x0b00_0000 + UInt32($0))), length: 32)
    }
    let arsenal = Arsenal(
      [try contents(1)[0], VolleyContent(many), try contents(2)[1]], [.owner])
    let (bytes, messages) = arsenal.salvo()
    let expected = arsenal.volleys.flatMap { arsenal.bytes($0) }
    #expect(bytes == expected)
    #expect(messages == 5)
  }

  /// VIPs of one, thirteen and two thousand prefixes, two rungs, two kinds of attributes, leaving
  /// in an order that is not that of the Plan: runs of neighbours break at any place.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func anyOrderIsKept(seed: UInt64) throws {
    var random = Mutator(seed: seed)
    let contents = try (0..<200).map { index in
      let few = [1, 1, 1, 1, 2, 12, 13].randomElement(using: &random) ?? 1
      let prefixes = try (0..<(index == 195 ? 2000 : few)).map {
        try #require(
          Prefix(.v4(IPv4Address(bits: UInt32(index) << 16 + UInt32($0))), length: 32))
      }
      return VolleyContent(prefixes, index % 40 == 7 ? SalvoTests.medium : .none)
    }
    // Stretches of neighbours, one behind the other in any order.
    var order: [Int] = []
    for start in stride(from: 0, to: 200, by: 8).shuffled(using: &random) {
      order += start..<(start + 8)
    }
    order.swapAt(17, 150)
    let arsenal = Arsenal(contents, [.owner, .owner, .owner, .last], order: order)
    let expected = arsenal.volleys.flatMap { routes(arsenal.bytes($0)) }
    for limit in [4096, 65535] {
      let (bytes, messages) = arsenal.salvo(limit: limit)
      #expect(routes(bytes) == expected)
      #expect(messages < 200)
      #expect(updateLengths(bytes).allSatisfy { $0 <= limit })
    }
  }

  private func updateLengths(_ bytes: [UInt8]) -> [Int] {
    var lengths: [Int] = []
    var offset = 0
    while offset < bytes.count {
      lengths.append(Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17]))
      offset += lengths[lengths.count - 1]
    }
    return lengths
  }
}
