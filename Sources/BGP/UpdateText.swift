// An UPDATE in words, read from its bytes: what will be sent is shown as the peer will read it.

import Bytes
import Model

/// The lines of one message or of several in a row.
package enum UpdateText {
  /// `fourOctetAS` as it was negotiated. Bytes that are no message are shown as such.
  package static func lines(_ bytes: Span<UInt8>, fourOctetAS: Bool) -> [String] {
    var lines: [String] = []
    var offset = 0
    while offset < bytes.count {
      guard let length = bytes.bigEndian16(at: offset + Framing.markerLength).map(Int.init),
        length >= Framing.headerLength, let message = bytes.piece(at: offset, length: length),
        let type = bytes.byte(at: offset + Framing.typeOffset)
      else { return lines + ["\(bytes.count - offset) bytes that are no message"] }
      if type == MessageType.update.rawValue {
        lines.append("UPDATE of \(length) bytes")
        lines += update(bytes, message, fourOctetAS).map { "  " + $0 }
      } else {
        lines.append("message of type \(type), \(length) bytes")
      }
      offset = message.upperBound
    }
    return lines
  }

  private static func update(
    _ bytes: Span<UInt8>, _ message: Range<Int>, _ fourOctetAS: Bool
  ) -> [String] {
    let start = message.lowerBound + Framing.headerLength
    guard let withdrawnLength = bytes.bigEndian16(at: start).map(Int.init),
      let withdrawn = bytes.piece(at: start + 2, length: withdrawnLength),
      let attributesLength = bytes.bigEndian16(at: withdrawn.upperBound).map(Int.init),
      let attributes = bytes.piece(at: withdrawn.upperBound + 2, length: attributesLength),
      attributes.upperBound <= message.upperBound
    else { return ["malformed: its lengths do not fit"] }
    var lines: [String] = []
    if !withdrawn.isEmpty { lines.append("withdraws \(prefixes(bytes, withdrawn))") }
    var offset = attributes.lowerBound
    while offset < attributes.upperBound {
      guard let flags = bytes.byte(at: offset).map(AttributeFlags.init),
        let code = bytes.byte(at: offset + 1)
      else { return lines + ["malformed: an attribute is cut off"] }
      let isLong = flags.contains(.extendedLength)
      let length =
        isLong
        ? bytes.bigEndian16(at: offset + 2).map(Int.init)
        : bytes.byte(at: offset + 2).map(Int.init)
      guard let length, let value = bytes.piece(at: offset + (isLong ? 4 : 3), length: length),
        value.upperBound <= attributes.upperBound
      else { return lines + ["malformed: an attribute is cut off"] }
      lines.append(attribute(code, bytes, value, fourOctetAS))
      offset = value.upperBound
    }
    let routes = attributes.upperBound..<message.upperBound
    if !routes.isEmpty { lines.append("announces \(prefixes(bytes, routes))") }
    return lines
  }

  private static func attribute(
    _ code: UInt8, _ bytes: Span<UInt8>, _ value: Range<Int>, _ fourOctetAS: Bool
  ) -> String {
    switch code {
    case AttributeCode.origin where value.count == 1:
      let names = ["IGP", "EGP", "INCOMPLETE"]
      let number = Int(bytes[value.lowerBound])
      return "ORIGIN \(names.indices.contains(number) ? names[number] : "\(number)")"
    case AttributeCode.asPath: return "AS_PATH \(path(bytes, value, fourOctetAS))"
    case AttributeCode.nextHop where value.count == 4: return "NEXT_HOP \(address(bytes, value))"
    case AttributeCode.multiExitDiscriminator where value.count == 4:
      return "MULTI_EXIT_DISC \(number(bytes, value.lowerBound))"
    case AttributeCode.communities where value.count % 4 == 0:
      let list = stride(from: value.lowerBound, to: value.upperBound, by: 4).map {
        "\(number(bytes, $0) >> 16):\(number(bytes, $0) & 0xffff)"
      }
      return "COMMUNITIES \(list.joined(separator: " "))"
    case AttributeCode.largeCommunities where value.count % 12 == 0:
      let list = stride(from: value.lowerBound, to: value.upperBound, by: 12).map {
        "\(number(bytes, $0)):\(number(bytes, $0 + 4)):\(number(bytes, $0 + 8))"
      }
      return "LARGE_COMMUNITY \(list.joined(separator: " "))"
    case AttributeCode.multiprotocolReach: return reach(bytes, value)
    case AttributeCode.multiprotocolUnreach: return unreach(bytes, value)
    default: return "attribute \(code) of \(value.count) bytes"
    }
  }

  /// RFC 4760 section 3: AFI (2), SAFI (1), length of the next hop (1), next hop, reserved (1),
  /// prefixes.
  private static func reach(_ bytes: Span<UInt8>, _ value: Range<Int>) -> String {
    guard let afi = bytes.bigEndian16(at: value.lowerBound),
      let safi = bytes.byte(at: value.lowerBound + 2),
      Families(afi: afi, safi: safi) == .ipv6Unicast,
      let length = bytes.byte(at: value.lowerBound + 3), length >= 16,
      let high = bytes.bigEndian64(at: value.lowerBound + 4),
      let low = bytes.bigEndian64(at: value.lowerBound + 12),
      value.lowerBound + 5 + Int(length) <= value.upperBound
    else { return "MP_REACH_NLRI of \(value.count) bytes" }
    let routes = (value.lowerBound + 5 + Int(length))..<value.upperBound
    return "MP_REACH_NLRI next hop \(IPv6Address(high: high, low: low)), announces "
      + prefixes(bytes, routes, isLong: true)
  }

  /// RFC 4760 section 4: AFI (2), SAFI (1), prefixes.
  private static func unreach(_ bytes: Span<UInt8>, _ value: Range<Int>) -> String {
    guard let afi = bytes.bigEndian16(at: value.lowerBound),
      let safi = bytes.byte(at: value.lowerBound + 2), value.count > 3,
      Families(afi: afi, safi: safi) == .ipv6Unicast
    else { return "MP_UNREACH_NLRI of \(value.count) bytes" }
    let routes = (value.lowerBound + 3)..<value.upperBound
    return "MP_UNREACH_NLRI withdraws " + prefixes(bytes, routes, isLong: true)
  }

  /// A run of the same number is one word: `65001 x15`.
  private static func path(
    _ bytes: Span<UInt8>, _ value: Range<Int>, _ fourOctetAS: Bool
  ) -> String {
    let size = fourOctetAS ? 4 : 2
    var words: [String] = []
    var run: (asn: UInt32, count: Int)?
    var offset = value.lowerBound
    while offset + 2 <= value.upperBound {
      let count = Int(bytes[offset + 1])
      offset += 2
      for _ in 0..<count {
        guard offset + size <= value.upperBound else { return "malformed" }
        let asn = fourOctetAS ? number(bytes, offset) : UInt32(bytes.bigEndian16(at: offset) ?? 0)
        offset += size
        if let last = run, last.asn == asn {
          run = (asn, last.count + 1)
        } else {
          if let last = run { words.append(word(last)) }
          run = (asn, 1)
        }
      }
    }
    if let last = run { words.append(word(last)) }
    return words.isEmpty ? "empty" : words.joined(separator: " ")
  }

  private static func word(_ run: (asn: UInt32, count: Int)) -> String {
    run.count == 1 ? "\(run.asn)" : "\(run.asn) x\(run.count)"
  }

  /// Prefixes that are named; of more, how many.
  private static let prefixLimit = 16

  private static func prefixes(
    _ bytes: Span<UInt8>, _ range: Range<Int>, isLong: Bool = false
  ) -> String {
    var names: [String] = []
    var count = 0
    var offset = range.lowerBound
    while offset < range.upperBound {
      let length = Int(bytes[offset])
      let octets = (length + 7) / 8
      guard length <= (isLong ? 128 : 32), offset + 1 + octets <= range.upperBound else {
        return "malformed"
      }
      count += 1
      if names.count < prefixLimit {
        let address = address(bytes, (offset + 1)..<(offset + 1 + octets), isLong)
        names.append("\(address)/\(length)")
      }
      offset += 1 + octets
    }
    let rest = count > names.count ? " and \(count - names.count) more" : ""
    return names.joined(separator: " ") + rest
  }

  /// The octets that a prefix has of its address, the highest first.
  private static func address(
    _ bytes: Span<UInt8>, _ octets: Range<Int>, _ isLong: Bool
  ) -> IPAddress {
    var (high, low): (UInt64, UInt64) = (0, 0)
    for (place, offset) in octets.enumerated() {
      let octet = UInt64(bytes[offset])
      if place < 8 {
        high |= octet << UInt64(56 - 8 * place)
      } else {
        low |= octet << UInt64(120 - 8 * place)
      }
    }
    return isLong
      ? .v6(IPv6Address(high: high, low: low))
      : .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: high >> 32)))
  }

  private static func number(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
    bytes.bigEndian32(at: offset) ?? 0
  }

  private static func address(_ bytes: Span<UInt8>, _ value: Range<Int>) -> IPv4Address {
    IPv4Address(bits: number(bytes, value.lowerBound))
  }
}
