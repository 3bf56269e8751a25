// RTM_NEWLINK and RTM_DELLINK: one interface.

import Bytes
import CNetlink
import Model

/// The body of a link message.
///
///     +---------------+---------------+-------------------------------+
///     |  ifi_family   |     (pad)     |           ifi_type            |
///     +---------------+---------------+-------------------------------+
///     |                          ifi_index                            |
///     +---------------------------------------------------------------+
///     |                          ifi_flags                            |
///     +---------------------------------------------------------------+
///     |                          ifi_change                           |
///     +---------------------------------------------------------------+
enum LinkMessage {
  static let fixedSize = MemoryLayout<ifinfomsg>.size

  static func decode(_ bytes: Span<UInt8>, _ body: Range<Int>, isGone: Bool) -> Decoded {
    let start = body.lowerBound
    guard body.count >= fixedSize, let family = bytes.byte(at: start),
      let rawIndex = bytes.native32(at: start + 4), let flags = bytes.native32(at: start + 8)
    else { return .malformed }
    // A bridge tells of its ports with the same message types under AF_BRIDGE: RTM_DELLINK then
    // means "left the bridge", not "gone".
    guard family == UInt8(unspecifiedFamily) else { return .notOurs }
    let index = InterfaceIndex(Int32(bitPattern: rawIndex))
    // Number 0 stands in requests only; the kernel tells of none.
    guard index.value > 0 else { return .notOurs }
    if isGone { return .fact(.linkGone(index)) }

    var name = InterfaceName.none
    var state = OperationalState.unknown
    var attributes = AttributeCursor((start + fixedSize)..<body.upperBound)
    while let attribute = attributes.next(in: bytes) {
      switch Int(attribute.type) {
      case Int(IFLA_IFNAME):
        guard let text = InterfaceName(bytes, at: attribute.payload) else { return .malformed }
        name = text
      case Int(IFLA_OPERSTATE):
        guard attribute.payload.count == 1, let raw = bytes.byte(at: attribute.payload.lowerBound)
        else { return .malformed }
        // A state that a later kernel invents is one that we do not know.
        state = OperationalState(rawValue: raw) ?? .unknown
      default: continue
      }
    }
    if attributes.isMalformed { return .malformed }
    return .fact(
      .link(
        Link(
          index: index, name: name, isLoopback: has(flags, UInt32(cnetlink_iff_loopback)),
          isUp: has(flags, UInt32(cnetlink_iff_up)),
          hasCarrier: has(flags, UInt32(cnetlink_iff_lower_up)), operationalState: state)))
  }

  private static func has(_ flags: UInt32, _ bit: UInt32) -> Bool { flags & bit != 0 }
}

/// AF_UNSPEC; the kernel's UAPI leaves the number to libc.
let unspecifiedFamily = 0

extension InterfaceName {
  /// The zero-terminated name in an attribute's payload.
  init?(_ bytes: Span<UInt8>, at payload: Range<Int>) {
    var name = InterfaceName.none
    var count = 0
    for offset in payload {
      let byte = bytes[offset]
      if byte == 0 { break }
      guard count < InterfaceName.limit else { return nil }
      name.set(byte, at: count)
      count += 1
    }
    guard count > 0 else { return nil }
    self = name
  }
}
