// How an UPDATE lies around its prefixes, and how its lengths are put in when these are known.

import Bytes

/// IPv4 prefixes stand at the end of the message (RFC 4271 section 4.3); IPv6 prefixes at the end
/// of MP_REACH_NLRI, which is the first attribute (RFC 7606 section 5.1):
///
///      +--------+-----------+----------------------+----------+
///      | Header | 0 | Total | Path Attributes      | Prefixes |
///      +--------+-----------+----------------------+----------+
///      | Header | 0 | Total | MP_REACH_NLRI | Prefixes | Path Attributes |
///      +--------+-----------+---------------+----------+-----------------+
///
/// In a withdrawal the prefixes stand in Withdrawn Routes, or in an MP_UNREACH_NLRI alone:
///
///      +--------+-----------+----------+---+
///      | Header | Withdrawn | Prefixes | 0 |
///      +--------+-----------+----------+---+
///      | Header | 0 | Total | MP_UNREACH_NLRI | Prefixes |
///      +--------+-----------+-----------------+----------+
struct UpdateFrame: Hashable {
  let family: Families
  let isWithdrawal: Bool
  /// Octets in front of the prefixes, and behind them.
  let head: UInt16
  let tail: UInt16

  // Where the lengths stand in the message: of withdrawn routes, of all attributes, and of the
  // first one's value.
  private static let withdrawnOffset = 19
  private static let attributesOffset = 21
  private static let valueOffset = 25

  init(_ family: Families, head: Int, tail: Int, isWithdrawal: Bool = false) {
    self.family = family
    self.isWithdrawal = isWithdrawal
    self.head = UInt16(head)
    self.tail = UInt16(tail)
  }

  /// Octets of the message that are no prefixes.
  var size: Int { Int(head) + Int(tail) }

  /// Ends the message that began at `start`: everything written since belongs to it.
  func finish(at start: Int, in writer: inout Writer) {
    Framing.finish(at: start, in: &writer)
    if isWithdrawal, family == .ipv4Unicast {
      let withdrawn = writer.count - start - size
      return writer.overwrite(UInt16(withdrawn), at: start + UpdateFrame.withdrawnOffset)
    }
    guard family != .ipv4Unicast else { return }
    let attributes = writer.count - start - UpdateFrame.attributesOffset - 2
    let value = writer.count - start - UpdateFrame.valueOffset - 2 - Int(tail)
    writer.overwrite(UInt16(attributes), at: start + UpdateFrame.attributesOffset)
    writer.overwrite(UInt16(value), at: start + UpdateFrame.valueOffset)
  }
}
