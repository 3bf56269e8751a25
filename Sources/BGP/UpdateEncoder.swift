// Writes the UPDATEs that announce prefixes, as few as the session's message size allows.

package import Bytes
package import Model

/// The encoder for one external session. The same input gives the same bytes.
package struct UpdateEncoder: Hashable, Sendable {
  private let localASN: ASNumber
  private let fourOctetAS: Bool
  let messageLimit: Int
  /// Routes that one UPDATE may carry, whatever its size.
  let routeLimit: Int

  // ORIGIN, NEXT_HOP and MULTI_EXIT_DISC are always of this size; a path attribute has a header of
  // three octets, since none of ours is longer than 255, except MP_REACH_NLRI.
  private static let originLength = 4
  private static let nextHopLength = 7
  private static let discriminatorLength = 7
  private static let attributeHeader = 3
  // MP_REACH_NLRI with a length of two octets, up to its prefixes: AFI, SAFI, a global next hop
  // with its length (RFC 2545 section 3), a reserved octet.
  private static let reachHeader = 4
  private static let reachLength = 2 + 1 + 1 + 16 + 1
  // Withdrawn Routes Length and Total Path Attribute Length.
  static let emptyUpdateLength = Framing.headerLength + 4

  /// For a session of which only this much matters.
  package init(
    localASN: ASNumber, fourOctetAS: Bool, extendedMessages: Bool, routeLimit: Int = .max
  ) {
    self.localASN = localASN
    self.fourOctetAS = fourOctetAS
    self.routeLimit = routeLimit
    messageLimit = extendedMessages ? Framing.extendedLimit : Framing.ordinaryLimit
  }

  /// For an established session.
  package init(localASN: ASNumber, _ negotiated: Negotiated, routeLimit: Int = .max) {
    self.init(
      localASN: localASN, fourOctetAS: negotiated.fourOctetAS,
      extendedMessages: negotiated.extendedMessages, routeLimit: routeLimit)
  }

  /// Writes the UPDATEs for `prefixes` and gives their number: one per message that is full, none
  /// when there is no prefix. The writer must have room for `size(of:rung:)` bytes; for IPv6
  /// prefixes there must be a next hop.
  @discardableResult
  package func write(
    _ prefixes: EncodedPrefixes, _ announcement: Announcement,
    _ attributes: RouteAttributes = .none, into writer: inout Writer
  ) -> Int {
    let frame = frame(prefixes.family, announcement.rung, attributes)
    var messages = 0
    var offset = 0
    while offset < prefixes.bytes.count {
      let start = writer.count
      let piece = prefixes.piece(
        from: offset, room: messageLimit - frame.size, limit: routeLimit)
      Framing.writeHeader(.update, length: 0, into: &writer)
      writer.write(0 as UInt16)
      if prefixes.family == .ipv4Unicast {
        let nextHop = announcement.nextHops.ipv4
        writer.write(UInt16(attributesLength(announcement.rung, attributes, nextHop)))
        writeAttributes(announcement.rung, attributes, nextHop, into: &writer)
        writer.write(prefixes.bytes[piece])
      } else {
        writer.write(0 as UInt16)
        writeReach(announcement, into: &writer)
        writer.write(prefixes.bytes[piece])
        writeAttributes(announcement.rung, attributes, nil, into: &writer)
      }
      frame.finish(at: start, in: &writer)
      offset = piece.upperBound
      messages += 1
    }
    return messages
  }

  /// How many bytes `write` will write.
  package func size(
    of prefixes: EncodedPrefixes, rung: Rung, _ attributes: RouteAttributes = .none
  ) -> Int {
    let around = frame(prefixes.family, rung, attributes).size
    var total = 0
    var offset = 0
    while offset < prefixes.bytes.count {
      let piece = prefixes.piece(from: offset, room: messageLimit - around, limit: routeLimit)
      total += around + piece.count
      offset = piece.upperBound
    }
    return total
  }

  /// What stands around the prefixes in each UPDATE.
  func frame(_ family: Families, _ rung: Rung, _ attributes: RouteAttributes) -> UpdateFrame {
    let empty = UpdateEncoder.emptyUpdateLength
    if family == .ipv4Unicast {
      let length = UpdateEncoder.nextHopLength + attributesLength(rung, attributes, nil)
      return UpdateFrame(family, head: empty + length, tail: 0)
    }
    return UpdateFrame(
      family, head: empty + UpdateEncoder.reachHeader + UpdateEncoder.reachLength,
      tail: attributesLength(rung, attributes, nil))
  }

  /// The marker that the initial announcement of a family is complete (RFC 4724 section 2): an
  /// UPDATE that says nothing, or an MP_UNREACH_NLRI alone that withdraws nothing.
  package static func endOfRIB(_ family: Families) -> [UInt8] {
    let unreach = 3
    let length = emptyUpdateLength + (family == .ipv4Unicast ? 0 : attributeHeader + unreach)
    var writer = Writer(capacity: length)
    Framing.writeHeader(.update, length: UInt16(length), into: &writer)
    writer.write(0 as UInt16)
    writer.write(UInt16(length - emptyUpdateLength))
    if family != .ipv4Unicast {
      writer.write(AttributeFlags.optionalNonTransitive.rawValue)
      writer.write(AttributeCode.multiprotocolUnreach)
      writer.write(UInt8(unreach))
      writer.write(Families.afiIPv6)
      writer.write(Families.safiUnicast)
    }
    return writer.bytes
  }

  /// Our number does not fit into two octets, and the peer knows only those (RFC 6793 section
  /// 4.2.2): AS_TRANS stands in AS_PATH, and AS4_PATH has the truth.
  private var needsAS4Path: Bool { !fourOctetAS && localASN.value > UInt32(UInt16.max) }

  private func pathLength(_ rung: Rung, octetsPerAS: Int) -> Int {
    2 + rung.pathLength * octetsPerAS
  }

  /// Of all attributes but MP_REACH_NLRI.
  private func attributesLength(
    _ rung: Rung, _ attributes: RouteAttributes, _ nextHop: IPv4Address?
  ) -> Int {
    let header = UpdateEncoder.attributeHeader
    var length = UpdateEncoder.originLength
    if nextHop != nil { length += UpdateEncoder.nextHopLength }
    length += header + pathLength(rung, octetsPerAS: fourOctetAS ? 4 : 2)
    if needsAS4Path { length += header + pathLength(rung, octetsPerAS: 4) }
    if attributes.med != nil { length += UpdateEncoder.discriminatorLength }
    let communities = attributes.communities.count
    if communities > 0 { length += header + 4 * communities }
    let large = attributes.largeCommunities.count
    if large > 0 { length += header + 12 * large }
    return length
  }

  ///      +---------------+--------+---------------+----------+----------+------+
  ///      | AFI (2 octets)| SAFI   | Next Hop Len  | Next Hop | Reserved | NLRI |
  ///      +---------------+--------+---------------+----------+----------+------+
  ///
  /// MP_REACH_NLRI (RFC 4760 section 3) up to its prefixes; `UpdateFrame` puts its length in.
  private func writeReach(_ announcement: Announcement, into writer: inout Writer) {
    guard let nextHop = announcement.nextHops.ipv6 else {
      preconditionFailure("IPv6 prefixes need an IPv6 next hop")
    }
    let flags: AttributeFlags = [.optionalNonTransitive, .extendedLength]
    writer.write(flags.rawValue)
    writer.write(AttributeCode.multiprotocolReach)
    writer.write(0 as UInt16)
    writer.write(Families.afiIPv6)
    writer.write(Families.safiUnicast)
    writer.write(16 as UInt8)
    writer.write(nextHop.high)
    writer.write(nextHop.low)
    writer.write(0 as UInt8)
  }

  /// All attributes but MP_REACH_NLRI, in the order of their codes (RFC 4271 section 5).
  private func writeAttributes(
    _ rung: Rung, _ attributes: RouteAttributes, _ nextHop: IPv4Address?,
    into writer: inout Writer
  ) {
    writeAttribute(AttributeCode.origin, .wellKnown, length: 1, into: &writer)
    writer.write(0 as UInt8)  // IGP

    let octets = fourOctetAS ? 4 : 2
    let length = pathLength(rung, octetsPerAS: octets)
    writeAttribute(AttributeCode.asPath, .wellKnown, length: length, into: &writer)
    writePath(rung, octetsPerAS: octets, into: &writer)

    if let nextHop {
      writeAttribute(AttributeCode.nextHop, .wellKnown, length: 4, into: &writer)
      writer.write(nextHop.bits)
    }
    if let med = attributes.med {
      writeAttribute(
        AttributeCode.multiExitDiscriminator, .optionalNonTransitive, length: 4, into: &writer)
      writer.write(med)
    }
    if !attributes.communities.isEmpty {
      let length = 4 * attributes.communities.count
      writeAttribute(AttributeCode.communities, .optionalTransitive, length: length, into: &writer)
      for community in attributes.communities { writer.write(community.value) }
    }
    if needsAS4Path {
      let length = pathLength(rung, octetsPerAS: 4)
      writeAttribute(AttributeCode.as4Path, .optionalTransitive, length: length, into: &writer)
      writePath(rung, octetsPerAS: 4, into: &writer)
    }
    if !attributes.largeCommunities.isEmpty {
      let length = 12 * attributes.largeCommunities.count
      writeAttribute(
        AttributeCode.largeCommunities, .optionalTransitive, length: length, into: &writer)
      for community in attributes.largeCommunities {
        writer.write(community.administrator)
        writer.write(community.first)
        writer.write(community.second)
      }
    }
  }

  private func writeAttribute(
    _ code: UInt8, _ flags: AttributeFlags, length: Int, into writer: inout Writer
  ) {
    writer.write(flags.rawValue)
    writer.write(code)
    writer.write(UInt8(length))
  }

  /// One AS_SEQUENCE.
  private func writePath(_ rung: Rung, octetsPerAS: Int, into writer: inout Writer) {
    writer.write(ASPath.sequence)
    writer.write(UInt8(rung.pathLength))
    for _ in 0..<rung.pathLength {
      if octetsPerAS == 4 {
        writer.write(localASN.value)
      } else {
        writer.write(UInt16(exactly: localASN.value) ?? Open.asTrans)
      }
    }
  }
}
