// The OPEN message (RFC 4271 section 4.2): reading the peer's, writing ours.

import Bytes
package import Model

///      +---------+---------+-----------+----------------+----------------+------------+
///      | Version | My AS   | Hold Time | BGP Identifier | Opt Parm Len   | Parameters |
///      | 1 octet | 2 octets| 2 octets  | 4 octets       | 1 octet        |            |
///      +---------+---------+-----------+----------------+----------------+------------+
///
/// What an OPEN said. Every value is checked for syntax; whether it suits us is `check`.
package struct Open: Hashable, Sendable {
  /// The two-octet field; a speaker with a larger number puts AS_TRANS there.
  package let myAS: UInt16
  package let holdTime: UInt16
  package let identifier: IPv4Address
  package let capability: Capability

  /// RFC 6793 section 9.
  static let asTrans: UInt16 = 23456

  private static let version: UInt8 = 4
  private static let parametersOffset = 29
  private static let capabilitiesParameter: UInt8 = 2
  private static let extendedParameters: UInt8 = 255

  /// Reads a whole message whose header was checked.
  package init(_ bytes: Span<UInt8>) throws(Notification) {
    guard let version = bytes.byte(at: 19), let myAS = bytes.bigEndian16(at: 20),
      let holdTime = bytes.bigEndian16(at: 22), let identifier = bytes.bigEndian32(at: 24),
      let parametersLength = bytes.byte(at: 28)
    else { throw .malformedOpen }
    // Another version has another layout: nothing else may be judged.
    guard version == Open.version else { throw .unsupportedVersion }
    self.myAS = myAS
    self.holdTime = holdTime
    self.identifier = IPv4Address(bits: identifier)
    capability = try Open.parameters(bytes, length: Int(parametersLength))
  }

  private static func parameters(
    _ bytes: Span<UInt8>, length: Int
  ) throws(Notification) -> Capability {
    var start = parametersOffset
    var end = start + length
    // RFC 9072 section 2: a first parameter of type 255 says that a two-octet length follows, and
    // then the length of one octet counts for nothing (except that it is not 0).
    let isExtended = length != 0 && bytes.byte(at: start) == extendedParameters
    if isExtended {
      guard let extendedLength = bytes.bigEndian16(at: start + 1) else { throw .malformedOpen }
      start += 3
      end = start + Int(extendedLength)
    }
    guard end == bytes.count else { throw .malformedOpen }

    var capability = Capability()
    let headerLength = isExtended ? 3 : 2
    var offset = start
    while offset < end {
      guard end - offset >= headerLength else { throw .malformedOpen }
      let type = bytes[offset]
      let valueLength =
        isExtended
        ? Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2]) : Int(bytes[offset + 1])
      let value = (offset + headerLength)..<(offset + headerLength + valueLength)
      // The type is judged first: RFC 4271 section 6.2 has a subcode for it.
      guard type == capabilitiesParameter else { throw .unsupportedOptionalParameter }
      guard value.upperBound <= end else { throw .malformedOpen }
      try capability.read(bytes, in: value)
      offset = value.upperBound
    }
    return capability
  }

  /// RFC 6793 section 4.1: the number in the capability is the AS number; the field alone counts
  /// when there is none.
  package var asn: ASNumber { capability.fourOctetAS ?? ASNumber(UInt32(myAS)) }

  /// RFC 4760 section 8: who names no family speaks IPv4 unicast.
  package var families: Families {
    capability.isMultiprotocol ? capability.families : .ipv4Unicast
  }

  /// What both sides can do, or why this peer is not acceptable (RFC 4271 section 6.2).
  package func check(against settings: SessionSettings) throws(Notification) -> Negotiated {
    // RFC 7607 section 2: AS 0 is nobody's, in the field as in the capability.
    guard myAS != 0, asn.value != 0, asn == settings.peerASN else { throw .badPeerAS }
    guard holdTime == 0 || holdTime >= 3 else { throw .unacceptableHoldTime }
    // RFC 6286 section 2.1: any identifier but 0, and within one AS not our own.
    guard identifier.bits != 0,
      settings.isExternal || identifier != settings.localIdentifier
    else { throw .badIdentifier }
    let common = families.intersection(settings.families)
    guard !common.isEmpty else { throw .unsupportedCapability(settings.families) }
    let hold = min(Nanoseconds.seconds(Int64(holdTime)), settings.holdTime)
    return Negotiated(
      fourOctetAS: capability.fourOctetAS != nil,
      extendedMessages: capability.extendedMessages,
      routeRefresh: capability.routeRefresh,
      holdTime: hold,
      // RFC 4271 section 10 suggests a third of the hold time.
      keepalive: hold / 3,
      peerIdentifier: identifier,
      families: common,
      peerRestartTime: capability.restartTime)
  }

  /// Writes our own OPEN.
  static func write(_ settings: SessionSettings, into writer: inout Writer) {
    let start = writer.count
    Framing.writeHeader(.open, length: 0, into: &writer)
    writer.write(version)
    writer.write(UInt16(exactly: settings.localASN.value) ?? asTrans)
    writer.write(UInt16(settings.holdTime.seconds))
    writer.write(settings.localIdentifier.bits)
    let lengthOffset = writer.count
    writer.write(0 as UInt8)
    writer.write(capabilitiesParameter)
    writer.write(0 as UInt8)
    if settings.families.contains(.ipv4Unicast) {
      writeMultiprotocol(Families.afiIPv4, into: &writer)
    }
    if settings.families.contains(.ipv6Unicast) {
      writeMultiprotocol(Families.afiIPv6, into: &writer)
    }
    writer.write(Capability.routeRefresh)
    writer.write(0 as UInt8)
    writer.write(Capability.extendedMessage)
    writer.write(0 as UInt8)
    writer.write(Capability.fourOctetASNumber)
    writer.write(4 as UInt8)
    writer.write(settings.localASN.value)
    writer.overwrite(UInt8(writer.count - lengthOffset - 1), at: lengthOffset)
    writer.overwrite(UInt8(writer.count - lengthOffset - 3), at: lengthOffset + 2)
    Framing.finish(at: start, in: &writer)
  }

  private static func writeMultiprotocol(_ afi: UInt16, into writer: inout Writer) {
    writer.write(Capability.multiprotocol)
    writer.write(4 as UInt8)
    writer.write(afi)
    writer.write(0 as UInt8)
    writer.write(Families.safiUnicast)
  }
}
