// MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760): routes of any family, and when they are lost.

import Bytes
import Model

/// What one of the two attributes said.
struct MultiprotocolAttribute {
  /// Empty for a family we do not know.
  let family: Families
  /// Where the next hop lies, in the form that its family gives it; empty in MP_UNREACH_NLRI.
  let nextHop: Range<Int>
  let routes: Range<Int>

  var hasRoutes: Bool { !routes.isEmpty }

  /// The next hop, the global one of two (RFC 2545 section 3); nil for a family we do not know.
  func firstNextHop(_ bytes: Span<UInt8>) -> IPAddress? {
    switch family {
    case .ipv4Unicast:
      return bytes.bigEndian32(at: nextHop.lowerBound).map { .v4(IPv4Address(bits: $0)) }
    case .ipv6Unicast:
      guard let high = bytes.bigEndian64(at: nextHop.lowerBound),
        let low = bytes.bigEndian64(at: nextHop.lowerBound + 8)
      else { return nil }
      return .v6(IPv6Address(high: high, low: low))
    default: return nil
    }
  }

  ///      +---------------+--------+---------------+----------+----------+------+
  ///      | AFI (2 octets)| SAFI   | Next Hop Len  | Next Hop | Reserved | NLRI |
  ///      +---------------+--------+---------------+----------+----------+------+
  ///
  /// RFC 4760 section 3. RFC 7606 section 7.11: when the lengths do not fit, the routes cannot be
  /// told, and only a reset is safe.
  static func reach(
    _ bytes: Span<UInt8>, _ attribute: PathAttribute, families: Families
  ) throws(Notification) -> MultiprotocolAttribute {
    let value = attribute.value
    guard value.count >= 5, let afi = bytes.bigEndian16(at: value.lowerBound) else {
      throw .malformedAttributeList
    }
    let family = Families(afi: afi, safi: bytes[value.lowerBound + 2])
    let nextHopLength = Int(bytes[value.lowerBound + 3])
    let nextHop = (value.lowerBound + 4)..<(value.lowerBound + 4 + nextHopLength)
    let routesOffset = nextHop.upperBound + 1
    guard routesOffset <= value.upperBound else { throw .malformedAttributeList }
    let routes = routesOffset..<value.upperBound
    guard !family.isEmpty, families.contains(family) else {
      // RFC 4760 section 7: of a family that was not negotiated nothing more is read.
      return MultiprotocolAttribute(family: family, nextHop: nextHop, routes: routes)
    }
    switch family {
    case .ipv4Unicast:
      guard nextHopLength == 4 else { throw .malformedAttributeList }
    default:
      // RFC 2545 section 3: a global address, or that and a link-local one.
      guard nextHopLength == 16 || nextHopLength == 32 else { throw .malformedAttributeList }
    }
    try check(bytes, routes, family, attribute)
    return MultiprotocolAttribute(family: family, nextHop: nextHop, routes: routes)
  }

  ///      +---------------+--------+------------------+
  ///      | AFI (2 octets)| SAFI   | Withdrawn Routes |
  ///      +---------------+--------+------------------+
  ///
  /// RFC 4760 section 4; section 7 names the subcode.
  static func unreach(
    _ bytes: Span<UInt8>, _ attribute: PathAttribute, families: Families
  ) throws(Notification) -> MultiprotocolAttribute {
    let value = attribute.value
    guard value.count >= 3, let afi = bytes.bigEndian16(at: value.lowerBound) else {
      throw .attribute(.optional, attribute.whole)
    }
    let family = Families(afi: afi, safi: bytes[value.lowerBound + 2])
    let routes = (value.lowerBound + 3)..<value.upperBound
    if !family.isEmpty, families.contains(family) {
      try check(bytes, routes, family, attribute)
    }
    return MultiprotocolAttribute(family: family, nextHop: 0..<0, routes: routes)
  }

  /// RFC 7606 section 5.3: a field that does not hold whole prefixes resets the session.
  private static func check(
    _ bytes: Span<UInt8>, _ routes: Range<Int>, _ family: Families, _ attribute: PathAttribute
  ) throws(Notification) {
    let width = family == .ipv4Unicast ? 32 : 128
    guard PrefixList.isWellFormed(bytes, in: routes, width: width) else {
      throw .attribute(.optional, attribute.whole)
    }
  }
}
