// CRC-32C: tells a whole record from a damaged one, and outputs from other outputs.

/// CRC-32C (RFC 3720 appendix B.4), fed piece by piece.
package struct Checksum: Equatable, Sendable {
  private var state = UInt32.max

  package init() {}

  package var value: UInt32 { ~state }

  package static func of(_ bytes: Span<UInt8>) -> UInt32 {
    var sum = Checksum()
    sum.add(bytes)
    return sum.value
  }

  package mutating func add(_ byte: UInt8) {
    state = Checksum.tables[Int((state ^ UInt32(byte)) & 0xff)] ^ state >> 8
  }

  package mutating func add(_ number: UInt64) {
    // The first byte is the highest, and the tables want the first one lowest.
    let bytes = number.byteSwapped
    state = Checksum.step(
      Checksum.tables.span, state ^ UInt32(truncatingIfNeeded: bytes),
      UInt32(truncatingIfNeeded: bytes >> 32))
  }

  /// Eight bytes at a time: the tables say what a byte does from each distance.
  package mutating func add(_ bytes: Span<UInt8>) {
    let tables = Checksum.tables.span
    var sum = state
    var at = 0
    while at + 8 <= bytes.count {
      sum = Checksum.step(
        tables, sum ^ Checksum.word(bytes, at), Checksum.word(bytes, at + 4))
      at += 8
    }
    while at < bytes.count {
      sum = tables[Int((sum ^ UInt32(bytes[at])) & 0xff)] ^ sum >> 8
      at += 1
    }
    state = sum
  }

  /// Four bytes, the first of them lowest.
  @inline(__always)
  private static func word(_ bytes: Span<UInt8>, _ at: Int) -> UInt32 {
    UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
      | UInt32(bytes[at + 3]) << 24
  }

  /// The sum behind eight bytes: `low` are the first four and the sum before, `high` the others.
  @inline(__always)
  private static func step(
    _ tables: borrowing Span<UInt32>, _ low: UInt32, _ high: UInt32
  ) -> UInt32 {
    let first =
      tables[1_792 + Int(low & 0xff)] ^ tables[1_536 + Int(low >> 8 & 0xff)]
      ^ tables[1_280 + Int(low >> 16 & 0xff)] ^ tables[1_024 + Int(low >> 24)]
    let second =
      tables[768 + Int(high & 0xff)] ^ tables[512 + Int(high >> 8 & 0xff)]
      ^ tables[256 + Int(high >> 16 & 0xff)] ^ tables[Int(high >> 24)]
    return first ^ second
  }

  /// The polynomial of Castagnoli, reflected.
  private static let polynomial: UInt32 = 0x82f6_3b78

  /// Eight tables of 256, the n-th for a byte that has n more behind it.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 2_048)
    for byte in 0..<256 {
      var sum = UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ polynomial : sum >> 1 }
      tables[byte] = sum
    }
    for place in 256..<2_048 {
      let nearer = tables[place - 256]
      tables[place] = tables[Int(nearer & 0xff)] ^ nearer >> 8
    }
    return tables
  }()
}
