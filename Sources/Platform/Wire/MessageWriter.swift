// Writes the messages that a route server sends (RFC 4271 section 4), apart from the daemon's room.

package import Model

/// Whole messages, with their headers.
package enum MessageWriter {
  /// RFC 4271 section 4.1.
  private static let longest = 4_096
  /// Type of message, by its number.
  private enum Kind: UInt8 {
    case open = 1
    case update = 2
    case notification = 3
    case keepalive = 4
    case refresh = 5
  }

  private static func message(_ kind: Kind, _ body: [UInt8]) -> [UInt8] {
    let length = 19 + body.count
    precondition(length <= longest, "a message longer than the protocol allows")
    return [UInt8](repeating: 0xff, count: 16) + bytes(UInt16(length)) + [kind.rawValue] + body
  }

  private static func bytes(_ value: UInt16) -> [UInt8] {
    [UInt8(value >> 8), UInt8(value & 0xff)]
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    bytes(UInt16(value >> 16)) + bytes(UInt16(value & 0xffff))
  }

  package static let keepalive = message(.keepalive, [])

  package static func notification(_ code: UInt8, _ subcode: UInt8) -> [UInt8] {
    message(.notification, [code, subcode])
  }

  /// RFC 2918.
  package static func refresh(ipv6: Bool) -> [UInt8] {
    message(.refresh, [0, ipv6 ? 2 : 1, 0, 1])
  }

  /// Capabilities in the order in which FRR shows those of Azure's.
  package static func opening(_ settings: ServerSettings) -> [UInt8] {
    let quirks = settings.quirks
    var capabilities: [UInt8] = []
    if quirks.offersFourOctet { capabilities += [65, 4] + bytes(settings.asn.value) }
    if quirks.offersRefresh { capabilities += [2, 0] }
    capabilities += [1, 4, 0, 1, 0, 1]
    if quirks.offersIPv6 { capabilities += [1, 4, 0, 2, 0, 1] }
    let parameters = [2, UInt8(capabilities.count)] + capabilities
    // RFC 6793 section 9: AS_TRANS stands for a number that two octets do not hold.
    let short = UInt16(exactly: settings.asn.value) ?? 23_456
    return message(
      .open,
      [4] + bytes(short) + bytes(UInt16(clamping: quirks.holdTime.seconds))
        + bytes(settings.address.bits) + [UInt8(parameters.count)] + parameters)
  }

  // MARK: UPDATEs

  /// What a route is told with.
  package struct Attributes: Sendable {
    package var path: [UInt32]
    package var hop: IPAddress
    package var origin: UInt8 = 0
    package var med: UInt32?
    package var communities: [UInt32] = []
    /// Told to speakers of one's own AS only (RFC 4271 section 5.1.5).
    package var localPreference: UInt32?

    package init(path: [UInt32], hop: IPAddress) {
      self.path = path
      self.hop = hop
    }
  }

  /// One prefix of the family of its next hop.
  package static func update(
    _ prefix: Prefix, _ attributes: Attributes, fourOctet: Bool
  ) -> [UInt8] {
    update([prefix], attributes, fourOctet: fourOctet)
  }

  /// Prefixes of the family of their next hop, as many as a message holds.
  package static func update(
    _ prefixes: [Prefix], _ attributes: Attributes, fourOctet: Bool
  ) -> [UInt8] {
    var list = attribute(0x40, 1, [attributes.origin])
    list += attribute(0x40, 2, path(attributes.path, fourOctet))
    switch attributes.hop {
    case .v4(let hop): list += attribute(0x40, 3, bytes(hop.bits))
    case .v6: break
    }
    if let med = attributes.med { list += attribute(0x80, 4, bytes(med)) }
    if let preference = attributes.localPreference { list += attribute(0x40, 5, bytes(preference)) }
    if !attributes.communities.isEmpty {
      list += attribute(0xc0, 8, attributes.communities.flatMap { bytes($0) })
    }
    var announced = prefixes.flatMap { encoded($0) }
    if case .v6(let hop) = attributes.hop {
      // RFC 4760 section 3: family, next hop with its length, a reserved octet, prefixes.
      let octets = octets(of: .v6(hop))
      list += attribute(0x80, 14, [0, 2, 1, 16] + octets + [0] + announced)
      announced = []
    }
    return message(.update, [0, 0] + bytes(UInt16(list.count)) + list + announced)
  }

  package static func withdrawal(_ prefix: Prefix) -> [UInt8] {
    let gone = encoded(prefix)
    switch prefix.address {
    case .v4: return message(.update, bytes(UInt16(gone.count)) + gone + [0, 0])
    case .v6:
      let list = attribute(0x80, 15, [0, 2, 1] + gone)
      return message(.update, [0, 0] + bytes(UInt16(list.count)) + list)
    }
  }

  private static func attribute(_ flags: UInt8, _ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    // The fourth high bit: the length has two octets.
    value.count > 255
      ? [flags | 0x10, type] + bytes(UInt16(value.count)) + value
      : [flags, type, UInt8(value.count)] + value
  }

  /// Sequences of at most 255 numbers, which is what one octet counts.
  private static func path(_ numbers: [UInt32], _ fourOctet: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var rest = numbers[...]
    while !rest.isEmpty {
      let piece = rest.prefix(255)
      rest = rest.dropFirst(255)
      result += [2, UInt8(piece.count)]
      for number in piece {
        result += fourOctet ? bytes(number) : bytes(UInt16(exactly: number) ?? 23_456)
      }
    }
    return result
  }

  private static func encoded(_ prefix: Prefix) -> [UInt8] {
    [prefix.length] + octets(of: prefix.address).prefix((Int(prefix.length) + 7) / 8)
  }

  private static func octets(of address: IPAddress) -> [UInt8] {
    switch address {
    case .v4(let v4): bytes(v4.bits)
    case .v6(let v6):
      [v6.high, v6.low].flatMap { half in
        bytes(UInt32(truncatingIfNeeded: half >> 32)) + bytes(UInt32(truncatingIfNeeded: half))
      }
    }
  }
}
