// The encoding of prefixes in UPDATE messages (RFC 4271 section 4.3).

import Bytes

///      +-----------------+-----------------------------+
///      | Length (1 octet)| Prefix (as few octets as do)|
///      +-----------------+-----------------------------+
enum PrefixList {
  /// Whether a field holds whole prefixes and nothing else; `width` is 32 or 128.
  static func isWellFormed(_ bytes: Span<UInt8>, in range: Range<Int>, width: Int) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let length = Int(bytes[offset])
      guard length <= width else { return false }
      offset += 1 + (length + 7) / 8
    }
    return offset == range.upperBound
  }
}
