// The second opinion on the wire: frames to segments, segments to a stream, bytes to messages.

import Lab
import Model
import Platform
import Testing

/// The addresses of the demo: an appliance and a route server.
private let appliance = Endpoint(address: IPv4Address(10, 0, 2, 10), port: 40_000)
private let server = Endpoint(address: IPv4Address(10, 0, 1, 4), port: 179)

struct WireReaderTests {
  private static func at(_ milliseconds: Int64) -> Moment {
    Moment(nanoseconds: milliseconds * 1_000_000)
  }

  /// Both OPENs, with or without the four-octet AS capability at the server's side.
  private static func opened(serverOffersFourOctet: Bool = true) -> WireReader {
    var reader = WireReader()
    reader.read(
      Segment(source: appliance, destination: server, sequence: 99, isSYN: true), at: at(0))
    reader.read(
      Segment(source: server, destination: appliance, sequence: 499, isSYN: true), at: at(1))
    reader.read(
      Segment(
        source: appliance, destination: server, sequence: 100,
        payload: Samples.open(asn: 65001, fourOctet: true)), at: at(2))
    reader.read(
      Segment(
        source: server, destination: appliance, sequence: 500,
        payload: Samples.open(asn: 65515, fourOctet: serverOffersFourOctet)), at: at(3))
    return reader
  }

  /// Where the appliance's bytes go on behind its OPEN.
  private static var next: UInt32 { 100 + UInt32(Samples.open(asn: 65001, fourOctet: true).count) }

  private static func segment(_ sequence: UInt32, _ payload: [UInt8]) -> Segment {
    Segment(source: appliance, destination: server, sequence: sequence, payload: payload)
  }

  @Test func `an UPDATE is read whole`() throws {
    var reader = WireReaderTests.opened()
    reader.read(
      WireReaderTests.segment(WireReaderTests.next, Samples.update(pathLength: 14)),
      at: WireReaderTests.at(7))
    let last = try #require(reader.records.last)
    #expect(last.moment == WireReaderTests.at(7))
    #expect(last.source == appliance)
    guard case .update(let update) = last.message else {
      Issue.record("not an UPDATE: \(last.message)")
      return
    }
    #expect(update.announced == [try #require(Prefix("10.1.0.5/32"))])
    #expect(update.nextHop == appliance.address)
    #expect(update.path == [UInt32](repeating: 65001, count: 14))
    #expect(!update.withdraws)
    #expect(update.description == "UPDATE 10.1.0.5/32 via 10.0.2.10 path 65001 x 14")
  }

  @Test func `an UPDATE of IPv6 prefixes is read whole`() throws {
    let nextHop: [UInt8] = [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [7]
    let reach: [UInt8] = [0, 2, 1, 16] + nextHop + [0, 32, 0x20, 1, 0x0d, 0xb8, 0]
    let path: [UInt8] = [0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9]
    let attributes = [0x90, 14, 0, UInt8(reach.count)] + reach + [0x40, 1, 1, 0] + path
    let update = try readUpdate(attributes)
    #expect(update.announced == ["2001:db8::/32", "::/0"].compactMap { Prefix($0) })
    #expect(update.description == "UPDATE 2001:db8::/32 ::/0 via 2001:db8::7 path 65001 x 1")
    #expect(!update.withdraws && !update.isEndOfRIB)
    // Each cut of the attribute loses its end.
    for length in 0..<(reach.count - 1) {
      let cut = [0x90, 14, 0, UInt8(length)] + reach[..<length]
      if length == 21 || length == 26 { continue }
      #expect(throws: (any Error).self, "\(length)") { try readUpdate(cut) }
    }
  }

  @Test func `an empty MP_UNREACH_NLRI alone is the end, any other withdraws`() throws {
    let end = try readUpdate([0x80, 15, 3, 0, 2, 1])
    #expect(end.isEndOfRIB && !end.withdraws)
    for attributes: [UInt8] in [
      [0x80, 15, 4, 0, 2, 1, 0], [0x80, 15, 3, 0, 2, 1, 0x40, 1, 1, 0],
      [0x40, 1, 1, 0, 0x80, 15, 3, 0, 2, 1],
    ] {
      let update = try readUpdate(attributes)
      #expect(update.withdraws && !update.isEndOfRIB)
    }
  }

  private struct NoUpdate: Error {}

  private func readUpdate(_ attributes: [UInt8]) throws -> WireUpdate {
    var reader = WireReaderTests.opened()
    let message = Samples.message(type: 2, [0, 0, 0, UInt8(attributes.count)] + attributes)
    reader.read(
      WireReaderTests.segment(WireReaderTests.next, message), at: WireReaderTests.at(5))
    guard case .update(let update) = reader.records.last?.message else { throw NoUpdate() }
    return update
  }

  @Test func `AS numbers have two octets when one side does not offer four`() throws {
    var reader = WireReaderTests.opened(serverOffersFourOctet: false)
    reader.read(
      WireReaderTests.segment(
        WireReaderTests.next, Samples.update(pathLength: 3, fourOctet: false)),
      at: WireReaderTests.at(7))
    guard case .update(let update) = try #require(reader.records.last).message else {
      Issue.record("not an UPDATE")
      return
    }
    #expect(update.path == [65001, 65001, 65001])
  }

  @Test(arguments: [1, 2, 18, 19, 20, 60])
  func `a message cut into pieces is read once its last byte is there`(size: Int) throws {
    var reader = WireReaderTests.opened()
    let before = reader.records.count
    let bytes = Samples.update(pathLength: 14)
    var sent = 0
    while sent < bytes.count {
      #expect(reader.records.count == before)
      let end = min(sent + size, bytes.count)
      reader.read(
        WireReaderTests.segment(WireReaderTests.next + UInt32(sent), Array(bytes[sent..<end])),
        at: WireReaderTests.at(Int64(10 + sent)))
      sent = end
    }
    #expect(reader.records.count == before + 1)
  }

  @Test func `repeated, overlapping and early segments make the same messages`() throws {
    let bytes = Samples.update(pathLength: 14) + Samples.keepalive
    let start = WireReaderTests.next
    let pieces = [(30, 60), (0, 20), (0, 20), (10, 40), (50, bytes.count), (0, bytes.count)]
    var reader = WireReaderTests.opened()
    let before = reader.records.count
    for (from, to) in pieces {
      reader.read(
        WireReaderTests.segment(start + UInt32(from), Array(bytes[from..<to])),
        at: WireReaderTests.at(20))
    }
    let messages = reader.records[before...].map(\.message)
    #expect(messages.count == 2)
    #expect(messages.last == .keepalive)
    #expect(reader.repeatedBytes > bytes.count)
  }

  @Test func `sequence numbers wrap`() {
    var stream = ByteStream()
    let last = UInt32.max - 1
    #expect(stream.receive(WireReaderTests.segment(last, [1, 2])) == [1, 2])
    #expect(stream.receive(WireReaderTests.segment(0, [3, 4])) == [3, 4])
    #expect(stream.receive(WireReaderTests.segment(last, [1, 2, 3, 4, 5])) == [5])
  }

  @Test func `a stream that is not BGP is said to be unreadable`() throws {
    var reader = WireReaderTests.opened()
    reader.read(
      WireReaderTests.segment(WireReaderTests.next, [UInt8](repeating: 0x41, count: 40)),
      at: WireReaderTests.at(5))
    guard case .unreadable = try #require(reader.records.last).message else {
      Issue.record("it was read")
      return
    }
  }

  @Test func `any cut of an UPDATE's body is unreadable, never something else`() {
    let whole = Samples.update(pathLength: 14)
    for length in 23..<whole.count {
      var reader = WireReaderTests.opened()
      let before = reader.records.count
      var cut = Array(whole[..<length])
      cut[16] = UInt8(length >> 8)
      cut[17] = UInt8(length & 0xff)
      reader.read(
        WireReaderTests.segment(WireReaderTests.next, cut), at: WireReaderTests.at(5))
      #expect(reader.records.count == before + 1)
      // The prefix stands at the end: without it the rest is a whole UPDATE that announces nothing.
      if length == whole.count - 5 { continue }
      guard case .unreadable = reader.records[before].message else {
        Issue.record("\(length) bytes were read as \(reader.records[before].message)")
        continue
      }
    }
  }

  @Test func `a frame is read by the length of its datagram, not its own`() throws {
    let segment = try #require(Segment(frame: Samples.frame(payload: [7, 8, 9], padding: 12)))
    #expect(segment.payload == [7, 8, 9])
    #expect(segment.source == appliance)
    #expect(segment.destination == server)
    #expect(segment.sequence == 0x0102_0304)
    let frame = Samples.frame(payload: [7, 8, 9], padding: 0)
    for length in 0..<frame.count {
      #expect(Segment(frame: Array(frame[..<length])) == nil)
    }
  }
}
