// Writes the UPDATEs that announce IPv4 prefixes, as few as the session's message size allows.

package import Bytes
package import Model

/// The encoder for one external session. The same input gives the same bytes.
package struct UpdateEncoder: Hashable, Sendable {
  private let localASN: ASNumber
  private let fourOctetAS: Bool
  private let messageLimit: Int
  /// Routes that one UPDATE may carry, whatever its size.
  private let routeLimit: Int

  /// RFC 4724 section 2: an UPDATE that says nothing.
  package static let endOfRIBLength = 23

  // ORIGIN, NEXT_HOP and MULTI_EXIT_DISC are always of this size; a path attribute has a header of
  // three octets, since none of ours is longer than 255.
  private static let originLength = 4
  private static let nextHopLength = 7
  private static let discriminatorLength = 7
  private static let attributeHeader = 3

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
  /// when there is no prefix. The writer must have room for `size(of:rung:)` bytes.
  @discardableResult
  package func write(
    _ prefixes: EncodedPrefixes, _ announcement: Announcement,
    _ attributes: RouteAttributes = .none, into writer: inout Writer
  ) -> Int {
    let room = messageLimit - headLength(announcement.rung, attributes)
    var messages = 0
    var offset = 0
    while offset < prefixes.bytes.count {
      let start = writer.count
      writeHead(announcement, attributes, into: &writer)
      let piece = prefixes.piece(from: offset, room: room, limit: routeLimit)
      writer.write(prefixes.bytes[piece])
      Framing.finish(at: start, in: &writer)
      offset = piece.upperBound
      messages += 1
    }
    return messages
  }

  /// How many bytes `write` will write.
  package func size(
    of prefixes: EncodedPrefixes, rung: Rung, _ attributes: RouteAttributes = .none
  ) -> Int {
    let head = headLength(rung, attributes)
    var total = 0
    var offset = 0
    while offset < prefixes.bytes.count {
      let piece = prefixes.piece(from: offset, room: messageLimit - head, limit: routeLimit)
      total += head + piece.count
      offset = piece.upperBound
    }
    return total
  }

  /// How many octets of each UPDATE stand in front of the prefixes.
  func headLength(_ rung: Rung, _ attributes: RouteAttributes) -> Int {
    UpdateEncoder.endOfRIBLength + attributesLength(rung, attributes)
  }

  /// Writes the marker that the initial announcement is complete (RFC 4724 section 2).
  package static func writeEndOfRIB(into writer: inout Writer) {
    Framing.writeHeader(.update, length: UInt16(endOfRIBLength), into: &writer)
    writer.write(0 as UInt16)
    writer.write(0 as UInt16)
  }

  /// Our number does not fit into two octets, and the peer knows only those (RFC 6793 section
  /// 4.2.2): AS_TRANS stands in AS_PATH, and AS4_PATH has the truth.
  private var needsAS4Path: Bool { !fourOctetAS && localASN.value > UInt32(UInt16.max) }

  private func pathLength(_ rung: Rung, octetsPerAS: Int) -> Int {
    2 + rung.pathLength * octetsPerAS
  }

  private func attributesLength(_ rung: Rung, _ attributes: RouteAttributes) -> Int {
    let header = UpdateEncoder.attributeHeader
    var length = UpdateEncoder.originLength + UpdateEncoder.nextHopLength
    length += header + pathLength(rung, octetsPerAS: fourOctetAS ? 4 : 2)
    if needsAS4Path { length += header + pathLength(rung, octetsPerAS: 4) }
    if attributes.med != nil { length += UpdateEncoder.discriminatorLength }
    let communities = attributes.communities.count
    if communities > 0 { length += header + 4 * communities }
    let large = attributes.largeCommunities.count
    if large > 0 { length += header + 12 * large }
    return length
  }

  /// Everything in front of the prefixes. Attributes stand in the order of their codes
  /// (RFC 4271 section 5).
  private func writeHead(
    _ announcement: Announcement, _ attributes: RouteAttributes, into writer: inout Writer
  ) {
    Framing.writeHeader(.update, length: 0, into: &writer)
    writer.write(0 as UInt16)
    writer.write(UInt16(attributesLength(announcement.rung, attributes)))

    writeAttribute(AttributeCode.origin, .wellKnown, length: 1, into: &writer)
    writer.write(0 as UInt8)  // IGP

    let octets = fourOctetAS ? 4 : 2
    let length = pathLength(announcement.rung, octetsPerAS: octets)
    writeAttribute(AttributeCode.asPath, .wellKnown, length: length, into: &writer)
    writePath(announcement.rung, octetsPerAS: octets, into: &writer)

    writeAttribute(AttributeCode.nextHop, .wellKnown, length: 4, into: &writer)
    writer.write(announcement.nextHop.bits)

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
      let length = pathLength(announcement.rung, octetsPerAS: 4)
      writeAttribute(AttributeCode.as4Path, .optionalTransitive, length: length, into: &writer)
      writePath(announcement.rung, octetsPerAS: 4, into: &writer)
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
