// The encoding of prefixes in UPDATE messages (RFC 4271 section 4.3).

import Bytes
import Model

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

  /// The prefix at `offset`, which moves behind it; nil when there is none before `end`. Bits
  /// beyond its length mean nothing (RFC 4271 section 4.3).
  static func next(
    _ bytes: Span<UInt8>, at offset: inout Int, end: Int, _ family: Families
  ) -> Prefix? {
    guard offset < end, let length = bytes.byte(at: offset) else { return nil }
    let octets = (Int(length) + 7) / 8
    let width = family == .ipv4Unicast ? 32 : 128
    guard length <= width, octets <= end - offset - 1,
      bytes.piece(at: offset + 1, length: octets) != nil
    else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<octets {
      let byte = UInt64(bytes[offset + 1 + index])
      if index < 8 {
        high |= byte << UInt64(56 - 8 * index)
      } else {
        low |= byte << UInt64(120 - 8 * index)
      }
    }
    offset += 1 + octets
    let address: IPAddress =
      family == .ipv4Unicast
      ? .v4(IPv4Address(bits: UInt32(high >> 32))) : .v6(IPv6Address(high: high, low: low))
    return Prefix(Prefix.masked(address, to: length), length: length)
  }
}
