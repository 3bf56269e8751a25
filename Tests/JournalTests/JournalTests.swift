// Journals written, read back, cut at every byte and damaged: everything before damage is used.
import Journal
import Model
import Testing

@Suite struct JournalTests {
  private static let beginning = Beginning(
    release: "0.1.0", seed: 0x0123_4567_89ab_cdef, run: 7, wallOffset: -5,
    configuration: Array("local: {}\n".utf8), routeServers: ["10.10.1.4", "10.10.1.5"],
    fellows: ["10.0.2.20"], vips: ["voice", "großer-name"], hosts: [], targets: ["ws1: icmp"])

  private static let start = Instant(nanoseconds: 5_000_000_000_000)

  /// A header, a beginning, and three inputs of which one is long.
  private static func file() -> (bytes: [UInt8], offsets: [Int]) {
    var header = JournalWriter(capacity: JournalLimits.header)
    header.writeHeader()
    var bytes = Array(header.bytes)
    var offsets = [bytes.count]
    bytes += beginning.encoded(at: start)
    var writer = JournalWriter(capacity: 4_096, after: start)
    for (place, length) in [0, 1_000, 3].enumerated() {
      offsets.append(bytes.count + writer.count)
      writer.begin(.input, at: start + .milliseconds(Int64(place * 1_000)))
      writer.write(UInt8(place))
      writer.write([UInt8](repeating: 0xa5, count: length).span)
      writer.end()
    }
    return (bytes + writer.bytes, offsets)
  }

  private static func read(_ bytes: [UInt8]) throws -> (records: [JournalRecord], end: JournalEnd?)
  {
    var reader = try JournalReader(bytes.span)
    var records: [JournalRecord] = []
    while let record = reader.next(in: bytes.span) { records.append(record) }
    return (records, reader.end)
  }

  @Test func aWholeFile() throws {
    let (bytes, offsets) = JournalTests.file()
    let (records, end) = try JournalTests.read(bytes)
    #expect(end == .complete)
    #expect(records.map(\.offset) == offsets)
    #expect(records.map(\.source) == [.beginning, .input, .input, .input])
    #expect(records.map { ($0.time - JournalTests.start).milliseconds } == [0, 0, 1_000, 2_000])
    #expect(records.dropFirst().map(\.payload.count) == [1, 1_001, 4])
    #expect(Beginning(bytes.span, records[0].payload) == JournalTests.beginning)
  }

  /// What a crash or a full disk leaves: the records before the cut are all there.
  @Test func cutAnywhere() throws {
    let (bytes, offsets) = JournalTests.file()
    for count in JournalLimits.header..<bytes.count {
      let (records, end) = try JournalTests.read(Array(bytes[..<count]))
      let whole = offsets.filter { $0 < count }
      if count == JournalLimits.header || offsets.contains(count) {
        #expect(end == .complete, "cut at \(count)")
        #expect(records.map(\.offset) == whole)
      } else {
        #expect(end == .truncated(at: whole[whole.count - 1]), "cut at \(count)")
        #expect(records.map(\.offset) == Array(whole.dropLast()), "cut at \(count)")
      }
    }
  }

  @Test func aHeaderThatIsCutOrAnother() {
    let (bytes, _) = JournalTests.file()
    for count in 0..<JournalLimits.header {
      #expect(throws: JournalError.notAJournal) { try JournalTests.read(Array(bytes[..<count])) }
    }
    var later = bytes
    later[JournalLimits.header - 1] = 9
    #expect(throws: JournalError.unknownVersion(9)) { try JournalTests.read(later) }
    var other = bytes
    other[0] ^= 1
    #expect(throws: JournalError.notAJournal) { try JournalTests.read(other) }
  }

  /// One flipped bit anywhere ends the reading at its record: its sum, or its length, is wrong.
  @Test(arguments: 0..<8) func oneBitFlipped(_ bit: Int) throws {
    let (bytes, offsets) = JournalTests.file()
    for place in JournalLimits.header..<bytes.count {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(bit)
      let (records, end) = try JournalTests.read(damaged)
      let hit = offsets.filter { $0 <= place }
      #expect(records.map(\.offset) == Array(hit.dropLast()), "byte \(place)")
      let start = hit[hit.count - 1]
      #expect(end == .damaged(at: start) || end == .truncated(at: start), "byte \(place)")
    }
  }

  /// Beginnings that say they hold more than they do are refused, and nothing traps.
  @Test func aBeginningCutInside() throws {
    let (bytes, _) = JournalTests.file()
    let payload = try JournalTests.read(bytes).records[0].payload
    for upper in payload where upper > payload.lowerBound {
      #expect(Beginning(bytes.span, payload.lowerBound..<upper) == nil, "\(upper)")
    }
    for place in payload {
      var damaged = bytes
      damaged[place] = 0xff
      // Whatever it is: a value or nil.
      _ = Beginning(damaged.span, payload)
    }
  }

  @Test(
    arguments: [
      (0, [0]), (127, [0x7f]), (128, [0x80, 1]), (16_384, [0x80, 0x80, 1]),
      (UInt64.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    ] as [(UInt64, [UInt8])])
  func numbers(_ number: UInt64, _ bytes: [UInt8]) {
    var writer = JournalWriter(capacity: 16)
    writer.write(number: number)
    #expect(Array(writer.bytes) == bytes)
    var field = Field(bytes.span, bytes.indices)
    #expect(field.number(in: bytes.span) == number)
    #expect(field.rest.isEmpty)
    var short = Field(bytes.span, 0..<(bytes.count - 1))
    #expect(short.number(in: bytes.span) == nil)
  }

  @Test func aNumberThatIsTooLong() {
    let bytes = [UInt8](repeating: 0xff, count: 9) + [2]
    var field = Field(bytes.span, bytes.indices)
    #expect(field.number(in: bytes.span) == nil)
  }

  /// RFC 3720 appendix B.4, and the check value of the catalogue of CRCs.
  @Test func knownSums() {
    #expect(Checksum.of(Array("123456789".utf8).span) == 0xe306_9283)
    #expect(Checksum.of([UInt8](repeating: 0, count: 32).span) == 0x8a91_36aa)
    #expect(Checksum.of([UInt8](repeating: 0xff, count: 32).span) == 0x62a8_ab43)
    #expect(Checksum.of(Array(0..<32).span) == 0x46dd_794e)
  }

  /// Fed in pieces of any length, the sum is that of the whole.
  @Test func sumsOfPieces() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = Checksum.of(bytes.span)
    for cut in 0...bytes.count {
      var sum = Checksum()
      sum.add(bytes.span.extracting(0..<cut))
      sum.add(bytes.span.extracting(cut..<bytes.count))
      #expect(sum.value == whole)
      var slow = Checksum()
      for byte in bytes { slow.add(byte) }
      #expect(slow.value == whole)
    }
  }

  /// Who begins anew has all the room again, and counts time from where it stood.
  @Test func restarted() throws {
    var writer = JournalWriter(capacity: 64)
    writer.write(Array(0..<64).span)
    #expect(writer.room == 0)
    writer.restart(after: Instant(nanoseconds: 7))
    #expect(writer.room == 64 && writer.latest == Instant(nanoseconds: 7))
    writer.write(UInt8(64))
    #expect(Array(writer.bytes) == [64])
  }
}
