// The checksum of RFC 1071, over whole packets.

import Bytes

package enum InternetChecksum {
  /// The ones' complement of the ones' complement sum of 16-bit words; an odd byte counts as if a
  /// zero followed. Over a packet with a right checksum in it, zero.
  package static func of(_ bytes: Span<UInt8>) -> UInt16 {
    var sum: UInt32 = 0
    var offset = 0
    while let word = bytes.bigEndian16(at: offset) {
      sum += UInt32(word)
      // Folded as it goes, so that no length overflows it.
      sum = sum & 0xffff + sum >> 16
      offset += 2
    }
    if let last = bytes.byte(at: offset) { sum += UInt32(last) << 8 }
    sum = sum & 0xffff + sum >> 16
    return ~UInt16(truncatingIfNeeded: sum)
  }
}
