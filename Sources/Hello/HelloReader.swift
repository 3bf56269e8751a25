// Reads one hello: a body is good as a whole, or nothing of it is used.

import Bytes
import Model

/// A body that was checked from its first byte to its last. It keeps offsets only: the caller hands
/// the same bytes in again for each entry and trailer. Nothing is allocated.
package struct HelloReader: Equatable, Sendable {
  package let header: HelloHeader
  /// How many entries there are.
  package let count: Int
  private let trailers: Range<Int>

  package init(_ body: Span<UInt8>) throws(HelloError) {
    guard body.count <= HelloLimits.body else { throw .tooLong }
    header = try HelloReader.header(body)
    guard let entries = body.bigEndian16(at: HelloHeader.countOffset).map(Int.init),
      let length = body.bigEndian16(at: HelloHeader.trailersOffset).map(Int.init)
    else { throw .tooShort }
    guard entries <= HelloLimits.entries else { throw .tooManyEntries }
    let start = HelloLimits.header + entries * HelloLimits.entry
    guard body.count >= start + length else { throw .tooShort }
    guard body.count == start + length else { throw .tooLong }
    count = entries
    trailers = start..<start + length
    for index in 0..<entries where entry(index, of: body) == nil { throw .badRung }
    var cursor = trailers.lowerBound
    while cursor < trailers.upperBound {
      guard let trailer = HelloReader.trailer(at: cursor, of: body) else { throw .badTrailer }
      cursor = trailer.value.upperBound
    }
  }

  private static func header(_ body: Span<UInt8>) throws(HelloError) -> HelloHeader {
    guard let magic = body.bigEndian32(at: 0), let version = body.byte(at: 4) else {
      throw .tooShort
    }
    guard magic == HelloHeader.magic else { throw .noHello }
    guard version == HelloHeader.version else { throw .otherVersion(version) }
    guard let flags = body.byte(at: 5), let part = body.byte(at: 6), let parts = body.byte(at: 7),
      let sender = body.bigEndian32(at: 8), let pauses = body.bigEndian32(at: 12),
      let start = body.bigEndian64(at: 16), let sequence = body.bigEndian64(at: 24)
    else { throw .tooShort }
    guard part < parts else { throw .badPart }
    return HelloHeader(
      sender: IPv4Address(bits: sender), start: start, sequence: sequence, pauses: pauses,
      part: part, parts: parts,
      flags: HelloHeader.Flags(rawValue: flags).intersection(.known))
  }

  /// Entry `index` of the body that was checked; nil for other bytes only.
  package func entry(_ index: Int, of body: Span<UInt8>) -> HelloEntry? {
    precondition((0..<count).contains(index), "no such entry")
    let start = HelloLimits.header + index * HelloLimits.entry
    guard let digest = body.bigEndian64(at: start), let epoch = body.bigEndian32(at: start + 8),
      let nextHop = body.bigEndian32(at: start + 12),
      let rung = body.byte(at: start + 16).flatMap(Rung.init), let rank = body.byte(at: start + 17),
      let flags = body.byte(at: start + 18)
    else { return nil }
    return HelloEntry(
      vip: VIPDigest(bits: digest), epoch: epoch, rung: rung, rank: rank,
      flags: HelloEntry.Flags(rawValue: flags).intersection(.known),
      nextHop: nextHop == 0 ? nil : IPv4Address(bits: nextHop))
  }

  /// The trailer behind `before`, or the first one; nil when there is no other.
  package func trailer(after before: HelloTrailer?, of body: Span<UInt8>) -> HelloTrailer? {
    let cursor = before?.value.upperBound ?? trailers.lowerBound
    guard cursor < trailers.upperBound else { return nil }
    return HelloReader.trailer(at: cursor, of: body)
  }

  /// Trailers end where the body ends, so bounds of the one are bounds of the other.
  private static func trailer(at offset: Int, of body: Span<UInt8>) -> HelloTrailer? {
    guard let kind = body.bigEndian16(at: offset), let length = body.bigEndian16(at: offset + 2),
      let value = body.piece(at: offset + HelloLimits.trailerHeader, length: Int(length))
    else { return nil }
    return HelloTrailer(kind: kind, value: value)
  }
}
