// The segments of AS_PATH and AS4_PATH, checked (RFC 4271 section 4.3, RFC 7606 section 7.2).

import Bytes

///      +-------------------+---------------------+--------------------------+
///      | Segment Type (1)  | Number of ASes (1)  | ASes, 2 or 4 octets each |
///      +-------------------+---------------------+--------------------------+
enum ASPath {
  static let set: UInt8 = 1
  static let sequence: UInt8 = 2

  /// Whether a path is made of whole, non-empty segments of AS_SET and AS_SEQUENCE without AS 0.
  /// Confederation segments (RFC 5065 section 5.3) may not come from outside, and we are in none.
  static func isWellFormed(
    _ bytes: Span<UInt8>, in range: Range<Int>, octetsPerAS: Int
  ) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard range.upperBound - offset >= 2 else { return false }
      let type = bytes[offset]
      let count = Int(bytes[offset + 1])
      guard type == set || type == sequence, count > 0 else { return false }
      let end = offset + 2 + count * octetsPerAS
      guard end <= range.upperBound else { return false }
      for position in stride(from: offset + 2, to: end, by: octetsPerAS) {
        let number =
          octetsPerAS == 4
          ? bytes.bigEndian32(at: position) : bytes.bigEndian16(at: position).map(UInt32.init)
        // RFC 7607 section 2.
        guard number != 0 else { return false }
      }
      offset = end
    }
    return true
  }

  /// How long a well-formed path is: an AS_SET counts as one (RFC 4271 section 9.1.2.2).
  static func length(_ bytes: Span<UInt8>, in range: Range<Int>, octetsPerAS: Int) -> Int {
    var length = 0
    var offset = range.lowerBound
    while let type = bytes.byte(at: offset), let count = bytes.byte(at: offset + 1),
      offset < range.upperBound
    {
      length += type == set ? 1 : Int(count)
      offset += 2 + Int(count) * octetsPerAS
    }
    return length
  }

  /// Adds the front of a well-formed path to another, up to a length of `limit`.
  static func copy(
    _ bytes: Span<UInt8>, in range: Range<Int>, octetsPerAS: Int, upTo limit: Int,
    into path: inout ReceivedPath
  ) {
    var left = limit
    var offset = range.lowerBound
    while left > 0, offset < range.upperBound, let type = bytes.byte(at: offset),
      let count = bytes.byte(at: offset + 1)
    {
      let taken = type == set ? Int(count) : min(Int(count), left)
      for index in 0..<taken {
        let position = offset + 2 + index * octetsPerAS
        let number =
          octetsPerAS == 4
          ? bytes.bigEndian32(at: position) : bytes.bigEndian16(at: position).map(UInt32.init)
        if let number { path.add(number) }
      }
      path.lengthen(by: type == set ? 1 : taken)
      left -= type == set ? 1 : taken
      offset += 2 + Int(count) * octetsPerAS
    }
  }
}
