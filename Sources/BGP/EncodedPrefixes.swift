// The prefixes of a VIP as they stand in an UPDATE, encoded once and copied ever after.

package import Model

///      +---------------------------+
///      |   Length (1 octet)        |
///      +---------------------------+
///      |   Prefix (as few octets)  |
///      +---------------------------+
///
/// Network Layer Reachability Information (RFC 4271 section 4.3) of IPv4 prefixes.
package struct EncodedPrefixes: Hashable, Sendable {
  package let count: Int
  let bytes: [UInt8]

  package init(_ prefixes: [Prefix]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(5 * prefixes.count)
    for prefix in prefixes {
      guard case .v4(let address) = prefix.address else {
        preconditionFailure("a volley carries IPv4 unicast")
      }
      bytes.append(prefix.length)
      for index in 0..<EncodedPrefixes.octets(prefix.length) {
        bytes.append(UInt8(truncatingIfNeeded: address.bits >> UInt32(24 - 8 * index)))
      }
    }
    self.bytes = bytes
    count = prefixes.count
  }

  private static func octets(_ length: UInt8) -> Int { (Int(length) + 7) / 8 }

  /// Where the longest piece from `offset` ends that has whole prefixes only, at most `limit` of
  /// them, in at most `room` octets.
  func piece(from offset: Int, room: Int, limit: Int) -> Range<Int> {
    if bytes.count - offset <= room, count <= limit { return offset..<bytes.count }
    var end = offset
    var taken = 0
    while end < bytes.count, taken < limit {
      let next = end + 1 + EncodedPrefixes.octets(bytes[end])
      if next - offset > room { break }
      end = next
      taken += 1
    }
    precondition(end > offset, "a message has room for one prefix at least")
    return offset..<end
  }
}
