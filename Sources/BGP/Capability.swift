// What a speaker can do, as the capabilities of its OPEN say it (RFC 5492).

import Bytes
package import Model

/// The capabilities of one OPEN that mean something to us.
package struct Capability: Hashable, Sendable {
  /// Families named by multiprotocol capabilities; empty when none was named.
  package var families: Families = []
  /// A multiprotocol capability was there, for whatever family.
  package var isMultiprotocol = false
  package var routeRefresh = false
  package var extendedMessages = false
  /// The AS number of the four-octet AS capability.
  package var fourOctetAS: ASNumber?
  /// How long the peer asks others to keep its routes while it restarts, in seconds.
  package var restartTime: UInt16?

  // IANA "Capability Codes".
  static let multiprotocol: UInt8 = 1
  static let routeRefresh: UInt8 = 2
  static let extendedMessage: UInt8 = 6
  static let gracefulRestart: UInt8 = 64
  static let fourOctetASNumber: UInt8 = 65

  package init() {}

  ///      +----------------+-----------------+-----------------------+
  ///      | Code (1 octet) | Length (1 octet)| Value (Length octets) |
  ///      +----------------+-----------------+-----------------------+
  ///
  /// Adds the capabilities in one optional parameter. What we do not know is skipped by its
  /// length (RFC 5492 section 3).
  mutating func read(_ bytes: Span<UInt8>, in range: Range<Int>) throws(Notification) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard range.upperBound - offset >= 2 else { throw .malformedOpen }
      let code = bytes[offset]
      let value = (offset + 2)..<(offset + 2 + Int(bytes[offset + 1]))
      guard value.upperBound <= range.upperBound else { throw .malformedOpen }
      try read(code, bytes, in: value)
      offset = value.upperBound
    }
  }

  private mutating func read(
    _ code: UInt8, _ bytes: Span<UInt8>, in value: Range<Int>
  ) throws(Notification) {
    switch code {
    case Capability.multiprotocol:
      // RFC 4760 section 8: AFI, a reserved octet, SAFI.
      guard value.count == 4, let afi = bytes.bigEndian16(at: value.lowerBound) else {
        throw .malformedOpen
      }
      isMultiprotocol = true
      families.formUnion(Families(afi: afi, safi: bytes[value.lowerBound + 3]))
    case Capability.routeRefresh:
      // RFC 2918 section 2: empty. A value that should not be there changes nothing.
      routeRefresh = true
    case Capability.extendedMessage:
      // RFC 8654 section 3: empty.
      extendedMessages = true
    case Capability.gracefulRestart:
      // RFC 4724 section 3: four bits of flags, twelve of time, then families. Understood, so that
      // people see it; we keep no routes for the peer, and never ask it to keep ours: that would
      // keep a dead owner alive.
      guard let word = bytes.bigEndian16(at: value.lowerBound), value.count >= 2,
        (value.count - 2) % 4 == 0
      else { return }
      restartTime = word & 0x0fff
    case Capability.fourOctetASNumber:
      // RFC 6793 section 3.
      guard value.count == 4, let number = bytes.bigEndian32(at: value.lowerBound) else {
        throw .malformedOpen
      }
      // RFC 5492 section 4 allows a repetition; two numbers cannot both be the peer's.
      if let earlier = fourOctetAS, earlier != ASNumber(number) { throw .malformedOpen }
      fourOctetAS = ASNumber(number)
    default:
      break
    }
  }
}
