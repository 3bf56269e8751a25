// Reads the body of an UPDATE: withdrawn routes, path attributes, announced prefixes.

import Bytes
import Model

/// Reads one UPDATE (RFC 4271 section 4.3):
///
///     +-----------------------------------------------------+
///     |   Withdrawn Routes Length (2 octets)                |
///     |   Withdrawn Routes (variable)                       |
///     |   Total Path Attribute Length (2 octets)            |
///     |   Path Attributes (variable)                        |
///     |   Network Layer Reachability Information (variable) |
///     +-----------------------------------------------------+
struct UpdateReader {
  private let body: [UInt8]
  private let fourOctet: Bool
  private var update = WireUpdate()

  init(body: [UInt8], fourOctet: Bool) {
    self.body = body
    self.fourOctet = fourOctet
  }

  /// The UPDATE, or what is wrong with it.
  mutating func read() -> WireMessage {
    let body = body
    let bytes = body.span
    guard let withdrawnLength = bytes.bigEndian16(at: 0),
      let withdrawn = bytes.piece(at: 2, length: Int(withdrawnLength)),
      let attributesLength = bytes.bigEndian16(at: withdrawn.upperBound),
      let attributes = bytes.piece(at: withdrawn.upperBound + 2, length: Int(attributesLength))
    else { return .unreadable("UPDATE whose lengths do not fit") }
    update.hasWithdrawnField = !withdrawn.isEmpty
    guard let withdrawnPrefixes = prefixes(withdrawn),
      let announced = prefixes(attributes.upperBound..<body.count)
    else { return .unreadable("UPDATE with a prefix cut short") }
    update.withdrawn = withdrawnPrefixes
    update.announced = announced
    update.isEndOfRIB = body.count == 4
    if let fault = readAttributes(attributes) { return .unreadable(fault) }
    return .update(update)
  }

  private func prefixes(_ range: Range<Int>, width: Int = 32) -> [Prefix]? {
    var result: [Prefix] = []
    var offset = range.lowerBound
    while offset < range.upperBound {
      let length = body[offset]
      let octets = (Int(length) + 7) / 8
      guard length <= width, offset + 1 + octets <= range.upperBound else { return nil }
      let address = address((offset + 1)..<(offset + 1 + octets), width: width)
      // Bits beyond the length are of no matter (RFC 4271 section 4.3).
      guard let prefix = Prefix(Prefix.masked(address, to: length), length: length) else {
        return nil
      }
      result.append(prefix)
      offset += 1 + octets
    }
    return result
  }

  /// An address of which the octets in `range` are there, the others zero.
  private func address(_ range: Range<Int>, width: Int) -> IPAddress {
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<(width / 8) {
      high = high << 8 | low >> 56
      low = low << 8 | (index < range.count ? UInt64(body[range.lowerBound + index]) : 0)
    }
    return width == 32
      ? .v4(IPv4Address(bits: UInt32(low))) : .v6(IPv6Address(high: high, low: low))
  }

  /// Nil when all is well, else the fault.
  private mutating func readAttributes(_ range: Range<Int>) -> String? {
    let body = body
    let bytes = body.span
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard let flags = bytes.byte(at: offset), let type = bytes.byte(at: offset + 1) else {
        return "attribute cut short"
      }
      // The fourth high bit: the length has two octets.
      let isLong = flags & 0x10 != 0
      let short = bytes.byte(at: offset + 2).map { UInt16($0) }
      let length = isLong ? bytes.bigEndian16(at: offset + 2) : short
      let start = offset + (isLong ? 4 : 3)
      guard let length, let value = bytes.piece(at: start, length: Int(length)),
        value.upperBound <= range.upperBound
      else { return "attribute \(type) longer than the message" }
      switch type {
      case 1:
        guard value.count == 1, let origin = bytes.byte(at: start), origin <= 2 else {
          return "ORIGIN that is none"
        }
        update.origin = origin
      case 2:
        guard readPath(value) else { return "AS_PATH that does not fit" }
      case 3:
        guard value.count == 4, let hop = bytes.bigEndian32(at: start) else {
          return "NEXT_HOP that is not four octets"
        }
        update.nextHop = IPv4Address(bits: hop)
      case 4:
        guard value.count == 4, let med = bytes.bigEndian32(at: start) else {
          return "MULTI_EXIT_DISC that is not four octets"
        }
        update.med = med
      case 8:
        guard value.count % 4 == 0 else { return "COMMUNITIES cut short" }
        for place in stride(from: start, to: value.upperBound, by: 4) {
          if let community = bytes.bigEndian32(at: place) { update.communities.append(community) }
        }
      case 14:
        guard readReach(value) else { return "MP_REACH_NLRI that does not fit" }
      case 15:
        guard value.count >= 3 else { return "MP_UNREACH_NLRI cut short" }
        // The end for IPv4 unicast is an empty UPDATE, and nothing else.
        let isIPv4 = body[start..<(start + 3)] == [0, 1, 1]
        let isAlone = offset == 4 && value.upperBound == body.count
        update.isEndOfRIB = value.count == 3 && isAlone && !isIPv4
        update.hasUnreachable = !update.isEndOfRIB
        guard body[start..<(start + 3)] == [0, 2, 1] else { break }
        guard let gone = prefixes((start + 3)..<value.upperBound, width: 128) else {
          return "MP_UNREACH_NLRI with a prefix cut short"
        }
        update.withdrawn6 = gone
      default: break
      }
      offset = value.upperBound
    }
    return nil
  }

  /// RFC 4760 section 3: family, next hop with its length, a reserved octet, prefixes. What is not
  /// IPv6 unicast is not looked into.
  private mutating func readReach(_ range: Range<Int>) -> Bool {
    let body = body
    let bytes = body.span
    guard let family = bytes.bigEndian16(at: range.lowerBound),
      let subsequent = bytes.byte(at: range.lowerBound + 2),
      let hopLength = bytes.byte(at: range.lowerBound + 3)
    else { return false }
    let hop = (range.lowerBound + 4)..<(range.lowerBound + 4 + Int(hopLength))
    guard hop.upperBound < range.upperBound else { return false }
    guard family == 2, subsequent == 1 else { return true }
    // RFC 2545 section 3: a link-local address may follow the global one.
    guard hop.count == 16 || hop.count == 32,
      case .v6(let nextHop) = address(hop.prefix(16), width: 128),
      let announced = prefixes((hop.upperBound + 1)..<range.upperBound, width: 128)
    else { return false }
    update.nextHop6 = nextHop
    update.announced += announced
    return true
  }

  /// Segments of (type, count, AS numbers); sets and sequences alike are read as numbers in order.
  private mutating func readPath(_ range: Range<Int>) -> Bool {
    let body = body
    let bytes = body.span
    let width = fourOctet ? 4 : 2
    update.hasPath = true
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard let kind = bytes.byte(at: offset), let count = bytes.byte(at: offset + 1) else {
        return false
      }
      let end = offset + 2 + Int(count) * width
      guard end <= range.upperBound else { return false }
      // 1 is a set, 2 a sequence.
      update.pathLength += kind == 1 ? min(Int(count), 1) : Int(count)
      for position in stride(from: offset + 2, to: end, by: width) {
        let short = bytes.bigEndian16(at: position).map { UInt32($0) }
        guard let number = fourOctet ? bytes.bigEndian32(at: position) : short else { return false }
        update.path.append(number)
      }
      offset = end
    }
    return true
  }
}
