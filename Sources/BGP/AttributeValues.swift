// The inner layout of the newer path attributes: lists of type, length and value.

import Bytes

/// Each function says whether a value can be read to its end by its specification.
enum AttributeValues {
  /// Items of type (one or two octets), length (two octets) and that many octets.
  static func isTLVs(_ bytes: Span<UInt8>, _ range: Range<Int>, typeOctets: Int) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard range.upperBound - offset >= typeOctets + 2,
        let length = bytes.bigEndian16(at: offset + typeOctets)
      else { return false }
      offset += typeOctets + 2 + Int(length)
      guard offset <= range.upperBound else { return false }
    }
    return true
  }

  /// RFC 6514 section 5: flags, tunnel type, label of three octets, tunnel identifier.
  static func isPMSITunnel(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count >= 5 else { return false }
    let identifierLength = range.count - 5
    switch bytes[range.lowerBound + 1] {
    // Ingress replication names one endpoint, IPv4 or IPv6.
    case 6: return identifierLength == 4 || identifierLength == 16
    // Of the types that RFC defines, the others have identifiers of many shapes.
    case 0...7: return true
    // A tunnel of a type that we do not know cannot be used, and its routes neither.
    default: return false
    }
  }

  /// RFC 9012 section 2: tunnels of type (2), length (2) and sub-TLVs; a sub-TLV of type 128 and
  /// above has a length of two octets, the others one of one.
  static func isTunnelEncapsulation(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard range.upperBound - offset >= 4, let length = bytes.bigEndian16(at: offset + 2) else {
        return false
      }
      let end = offset + 4 + Int(length)
      guard end <= range.upperBound else { return false }
      offset += 4
      while offset < end {
        let headerLength = bytes[offset] >= 128 ? 3 : 2
        guard end - offset >= headerLength else { return false }
        let inner =
          headerLength == 3
          ? Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2]) : Int(bytes[offset + 1])
        offset += headerLength + inner
        guard offset <= end else { return false }
      }
    }
    return true
  }

  /// RFC 7311 section 3: type (1), length (2, the header included); type 1 has 11 octets and must
  /// be there.
  static func isAccumulatedIGP(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var offset = range.lowerBound
    var isThere = false
    while offset < range.upperBound {
      guard range.upperBound - offset >= 3, let length = bytes.bigEndian16(at: offset + 1),
        length >= 3
      else { return false }
      if bytes[offset] == 1 {
        guard length == 11 else { return false }
        isThere = true
      }
      offset += Int(length)
      guard offset <= range.upperBound else { return false }
    }
    return isThere
  }

  /// RFC 8669 section 3: type (1), length (2), value; the Label-Index has 7 octets, the
  /// Originator SRGB two of flags and six for each range.
  static func isPrefixSID(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard isTLVs(bytes, range, typeOctets: 1) else { return false }
    var offset = range.lowerBound
    while let type = bytes.byte(at: offset), offset < range.upperBound,
      let length = bytes.bigEndian16(at: offset + 1)
    {
      if type == 1, length != 7 { return false }
      if type == 3, length < 8 || (length - 2) % 6 != 0 { return false }
      offset += 3 + Int(length)
    }
    return true
  }

  /// The IETF draft on next-hop dependent characteristics: AFI, SAFI, next hop with its length,
  /// then code (2), length (2), value.
  static func isNextHopCharacteristics(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count >= 4, let afi = bytes.bigEndian16(at: range.lowerBound),
      afi == Families.afiIPv4 || afi == Families.afiIPv6
    else { return false }
    let start = range.lowerBound + 4 + Int(bytes[range.lowerBound + 3])
    guard start <= range.upperBound else { return false }
    return isTLVs(bytes, start..<range.upperBound, typeOctets: 2)
  }
}
