// Writes the UPDATEs that withdraw prefixes, when nobody can carry a VIP.

package import Bytes
import Model

extension UpdateEncoder {
  // MP_UNREACH_NLRI with a length of two octets, up to its prefixes: flags, code and length; AFI
  // and SAFI (RFC 4760 section 4).
  private static let unreachHeader = 4
  private static let unreachLength = 3

  /// Writes the UPDATEs that withdraw `prefixes` and gives their number. They are never longer than
  /// those that announce them. Nothing else stands in them: attributes without a route would be
  /// ignored, and some implementations have taken them amiss.
  @discardableResult
  package func writeWithdrawal(of prefixes: EncodedPrefixes, into writer: inout Writer) -> Int {
    let frame = withdrawalFrame(prefixes.family)
    var messages = 0
    var offset = 0
    while offset < prefixes.bytes.count {
      let start = writer.count
      let piece = prefixes.piece(
        from: offset, room: messageLimit - frame.size, limit: routeLimit)
      Framing.writeHeader(.update, length: 0, into: &writer)
      writer.write(0 as UInt16)
      if prefixes.family == .ipv4Unicast {
        writer.write(prefixes.bytes[piece])
        writer.write(0 as UInt16)
      } else {
        writer.write(0 as UInt16)
        let flags: AttributeFlags = [.optionalNonTransitive, .extendedLength]
        writer.write(flags.rawValue)
        writer.write(AttributeCode.multiprotocolUnreach)
        writer.write(0 as UInt16)
        writer.write(Families.afiIPv6)
        writer.write(Families.safiUnicast)
        writer.write(prefixes.bytes[piece])
      }
      frame.finish(at: start, in: &writer)
      offset = piece.upperBound
      messages += 1
    }
    return messages
  }

  /// What stands around the prefixes in each UPDATE of a withdrawal.
  func withdrawalFrame(_ family: Families) -> UpdateFrame {
    let empty = UpdateEncoder.emptyUpdateLength
    if family == .ipv4Unicast {
      // The length of the attributes, of which there are none, stands behind the prefixes.
      return UpdateFrame(family, head: empty - 2, tail: 2, isWithdrawal: true)
    }
    return UpdateFrame(
      family, head: empty + UpdateEncoder.unreachHeader + UpdateEncoder.unreachLength, tail: 0,
      isWithdrawal: true)
  }
}
