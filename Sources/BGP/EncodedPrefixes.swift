// The prefixes of a VIP as they stand in an UPDATE, encoded once and copied ever after.

package import Model

///      +---------------------------+
///      |   Length (1 octet)        |
///      +---------------------------+
///      |   Prefix (as few octets)  |
///      +---------------------------+
///
/// Network Layer Reachability Information of one family (RFC 4271 section 4.3, RFC 4760 section 5).
package struct EncodedPrefixes: Hashable, Sendable {
  package let family: Families
  package let count: Int
  let bytes: [UInt8]

  /// Those of `prefixes` that belong to one family.
  package init(_ prefixes: [Prefix], _ family: Families = .ipv4Unicast) {
    self.family = family
    let isOurs = { (prefix: Prefix) in
      prefix.address.width == (family == .ipv4Unicast ? 32 : 128)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(prefixes.count(where: isOurs) * (family == .ipv4Unicast ? 5 : 17))
    var count = 0
    for prefix in prefixes {
      switch prefix.address {
      case .v4(let address) where family == .ipv4Unicast:
        bytes.append(prefix.length)
        for index in 0..<EncodedPrefixes.octets(prefix.length) {
          bytes.append(UInt8(truncatingIfNeeded: address.bits >> UInt32(24 - 8 * index)))
        }
      case .v6(let address) where family == .ipv6Unicast:
        bytes.append(prefix.length)
        for index in 0..<EncodedPrefixes.octets(prefix.length) {
          let half = index < 8 ? address.high : address.low
          bytes.append(UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index & 7))))
        }
      default: continue
      }
      count += 1
    }
    self.bytes = bytes
    self.count = count
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
