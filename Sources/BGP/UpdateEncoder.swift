// Writes the UPDATEs that announce IPv4 prefixes, as few as the session's message size allows.

package import Bytes
package import Model

/// The encoder for one external session. The same input gives the same bytes.
package struct UpdateEncoder: Hashable, Sendable {
  private let localASN: ASNumber
  private let fourOctetAS: Bool
  private let messageLimit: Int

  /// RFC 4724 section 2: an UPDATE that says nothing.
  package static let endOfRIBLength = 23

  // ORIGIN and NEXT_HOP are always of this size; a path attribute has a header of three octets.
  private static let originLength = 4
  private static let nextHopLength = 7
  private static let attributeHeader = 3

  /// For a session of which only this much matters.
  package init(localASN: ASNumber, fourOctetAS: Bool, extendedMessages: Bool) {
    self.localASN = localASN
    self.fourOctetAS = fourOctetAS
    messageLimit = extendedMessages ? Framing.extendedLimit : Framing.ordinaryLimit
  }

  /// For an established session.
  package init(localASN: ASNumber, _ negotiated: Negotiated) {
    self.init(
      localASN: localASN, fourOctetAS: negotiated.fourOctetAS,
      extendedMessages: negotiated.extendedMessages)
  }

  /// Writes the UPDATEs for `prefixes`, which must all be IPv4, and gives their number: one per
  /// message that is full, none when there is no prefix. The writer must have room for
  /// `size(of:rung:)` bytes.
  @discardableResult
  package func write(
    _ prefixes: [Prefix], _ announcement: Announcement, into writer: inout Writer
  ) -> Int {
    var messages = 0
    var start = writer.count
    for prefix in prefixes {
      guard case .v4(let address) = prefix.address else {
        preconditionFailure("a volley carries IPv4 unicast")
      }
      let octets = UpdateEncoder.octets(of: prefix)
      if messages == 0 || writer.count - start + 1 + octets > messageLimit {
        if messages > 0 { Framing.finish(at: start, in: &writer) }
        start = writer.count
        writeHead(announcement, into: &writer)
        messages += 1
      }
      writer.write(prefix.length)
      for index in 0..<octets {
        writer.write(UInt8(truncatingIfNeeded: address.bits >> UInt32(24 - 8 * index)))
      }
    }
    if messages > 0 { Framing.finish(at: start, in: &writer) }
    return messages
  }

  /// How many bytes `write` will write.
  package func size(of prefixes: [Prefix], rung: Rung) -> Int {
    let head = UpdateEncoder.endOfRIBLength + attributesLength(rung)
    var total = 0
    var message = messageLimit
    for prefix in prefixes {
      let size = 1 + UpdateEncoder.octets(of: prefix)
      if message + size > messageLimit {
        total += head
        message = head
      }
      total += size
      message += size
    }
    return total
  }

  /// Writes the marker that the initial announcement is complete (RFC 4724 section 2).
  package static func writeEndOfRIB(into writer: inout Writer) {
    Framing.writeHeader(.update, length: UInt16(endOfRIBLength), into: &writer)
    writer.write(0 as UInt16)
    writer.write(0 as UInt16)
  }

  private static func octets(of prefix: Prefix) -> Int { (Int(prefix.length) + 7) / 8 }

  /// Our number does not fit into two octets, and the peer knows only those (RFC 6793 section
  /// 4.2.2): AS_TRANS stands in AS_PATH, and AS4_PATH has the truth.
  private var needsAS4Path: Bool { !fourOctetAS && localASN.value > UInt32(UInt16.max) }

  private func pathLength(_ rung: Rung, octetsPerAS: Int) -> Int {
    2 + rung.pathLength * octetsPerAS
  }

  private func attributesLength(_ rung: Rung) -> Int {
    let path = UpdateEncoder.attributeHeader + pathLength(rung, octetsPerAS: fourOctetAS ? 4 : 2)
    let as4Path = UpdateEncoder.attributeHeader + pathLength(rung, octetsPerAS: 4)
    return UpdateEncoder.originLength + path + UpdateEncoder.nextHopLength
      + (needsAS4Path ? as4Path : 0)
  }

  /// Everything in front of the prefixes. Attributes stand in the order of their codes
  /// (RFC 4271 section 5).
  private func writeHead(_ announcement: Announcement, into writer: inout Writer) {
    Framing.writeHeader(.update, length: 0, into: &writer)
    writer.write(0 as UInt16)
    writer.write(UInt16(attributesLength(announcement.rung)))

    writeAttribute(AttributeCode.origin, .wellKnown, length: 1, into: &writer)
    writer.write(0 as UInt8)  // IGP

    let octets = fourOctetAS ? 4 : 2
    let length = pathLength(announcement.rung, octetsPerAS: octets)
    writeAttribute(AttributeCode.asPath, .wellKnown, length: length, into: &writer)
    writePath(announcement.rung, octetsPerAS: octets, into: &writer)

    writeAttribute(AttributeCode.nextHop, .wellKnown, length: 4, into: &writer)
    writer.write(announcement.nextHop.bits)

    if needsAS4Path {
      let length = pathLength(announcement.rung, octetsPerAS: 4)
      writeAttribute(AttributeCode.as4Path, .optionalTransitive, length: length, into: &writer)
      writePath(announcement.rung, octetsPerAS: 4, into: &writer)
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
