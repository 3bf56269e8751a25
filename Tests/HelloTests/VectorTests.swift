// Hellos written down as bytes: what they read as, and that the writer writes the same.

import Foundation
import Hello
import Model
import Testing

struct VectorTests {
  /// The vectors by name.
  private static let vectors: [String: [UInt8]] = {
    guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil),
      case .success(let text) = Result(catching: {
        try String(contentsOf: folder.appendingPathComponent("hello.hex"), encoding: .utf8)
      })
    else {
      Issue.record("the vectors cannot be read")
      return [:]
    }
    var result: [String: [UInt8]] = [:]
    var name = ""
    for line in text.split(separator: "\n") {
      let code = line.prefix { $0 != "#" }
      if code.hasPrefix("= ") {
        name = String(code.dropFirst(2))
        result[name] = []
        continue
      }
      var digits = code.filter { $0 != " " }[...]
      while digits.count >= 2 {
        guard let byte = UInt8(digits.prefix(2), radix: 16) else { break }
        result[name]?.append(byte)
        digits = digits.dropFirst(2)
      }
      if !digits.isEmpty { Issue.record("no hexadecimal: \(line)") }
    }
    return result
  }()

  private func vector(_ name: String) throws -> [UInt8] { try #require(VectorTests.vectors[name]) }

  private func entries(_ reader: HelloReader, _ bytes: [UInt8]) -> [HelloEntry] {
    var result: [HelloEntry] = []
    for index in 0..<reader.count {
      if let entry = reader.entry(index, of: bytes.span) { result.append(entry) }
    }
    return result
  }

  private func trailers(_ reader: HelloReader, _ bytes: [UInt8]) -> [HelloTrailer] {
    var result: [HelloTrailer] = []
    while let next = reader.trailer(after: result.last, of: bytes.span) { result.append(next) }
    return result
  }

  private let sender = IPv4Address(10, 0, 2, 20)

  @Test func allAreThere() { #expect(VectorTests.vectors.count == 5) }

  @Test func oneVIP() throws {
    let bytes = try vector("one VIP")
    let reader = try HelloReader(bytes.span)
    let header = HelloHeader(sender: sender, start: 5, sequence: 1000, pauses: 3)
    let entry = HelloEntry(
      vip: VIPDigest("web"), epoch: 7, rung: .owner, rank: 3, flags: [.wants, .holdsAddress],
      nextHop: sender)
    #expect(reader.header == header)
    #expect(reader.count == 1)
    #expect(entries(reader, bytes) == [entry])
    #expect(trailers(reader, bytes).isEmpty)
    var writer = HelloWriter()
    writer.begin(header)
    writer.add(entry)
    let written = writer.bytes
    #expect(written == bytes)
  }

  @Test func nobody() throws {
    let bytes = try vector("nobody")
    let reader = try HelloReader(bytes.span)
    #expect(reader.header == HelloHeader(sender: sender, start: 1, sequence: 1, pauses: 0))
    #expect(reader.count == 0)
    var writer = HelloWriter()
    writer.begin(reader.header)
    let written = writer.bytes
    #expect(written == bytes)
  }

  @Test func whoIsDoomedSaysSo() throws {
    let bytes = try vector("doomed")
    let header = HelloHeader(sender: sender, start: 1, sequence: 2, pauses: 0, flags: .doomed)
    let reader = try HelloReader(bytes.span)
    #expect(reader.header == header)
    var writer = HelloWriter()
    writer.begin(header)
    let written = writer.bytes
    #expect(written == bytes)
  }

  @Test func trailersOfUnknownKindsAreSkipped() throws {
    let bytes = try vector("leaving, with trailers of kinds unknown")
    let reader = try HelloReader(bytes.span)
    let header = HelloHeader(
      sender: sender, start: 1, sequence: .max, pauses: 0, part: 1, parts: 2, flags: .leaving)
    let entry = HelloEntry(
      vip: VIPDigest("web"), epoch: .max, rung: .standby, rank: 255, flags: .maintenance)
    #expect(reader.header == header)
    #expect(entries(reader, bytes) == [entry])
    let found = trailers(reader, bytes)
    #expect(found.map(\.kind) == [1, 0xffff])
    #expect(found.map { Array(bytes[$0.value]) } == [[1, 2, 3, 4, 5], []])
    var writer = HelloWriter()
    writer.begin(header)
    writer.add(entry)
    let value: [UInt8] = [1, 2, 3, 4, 5]
    writer.addTrailer(kind: 1, value.span)
    writer.addTrailer(kind: 0xffff, Span())
    let written = writer.bytes
    #expect(written == bytes)
  }

  @Test func flagsOfALaterVersionMeanNothing() throws {
    let bytes = try vector("flags of a later version")
    let reader = try HelloReader(bytes.span)
    #expect(reader.header.flags == [])
    let found = entries(reader, bytes)
    #expect(found.map(\.flags) == [[.wants, .holdsAddress]])
    #expect(found.map(\.rung) == [.last])
  }

  /// Published values of FNV-1a, 64 bits (draft-eastlake-fnv, appendix C).
  @Test(
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)])
  func digest(name: String, bits: UInt64) { #expect(VIPDigest(name).bits == bits) }
}
