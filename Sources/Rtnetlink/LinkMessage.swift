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

    var link = Link(
      index: index, name: .none, isLoopback: has(flags, UInt32(cnetlink_iff_loopback)),
      isUp: has(flags, UInt32(cnetlink_iff_up)),
      hasCarrier: has(flags, UInt32(cnetlink_iff_lower_up)), operationalState: .unknown)
    var hasSlaveKind = false
    var attributes = AttributeCursor((start + fixedSize)..<body.upperBound)
    while let attribute = attributes.next(in: bytes) {
      let payload = attribute.payload
      switch Int(attribute.type) {
      case Int(IFLA_IFNAME):
        guard let name = InterfaceName(bytes, at: payload) else { return .malformed }
        link.name = name
      case Int(IFLA_OPERSTATE):
        guard payload.count == 1, let raw = bytes.byte(at: payload.lowerBound) else {
          return .malformed
        }
        // A state that a later kernel invents is one that we do not know.
        link.operationalState = OperationalState(rawValue: raw) ?? .unknown
      case Int(IFLA_MTU):
        guard payload.count == 4, let mtu = bytes.native32(at: payload.lowerBound) else {
          return .malformed
        }
        link.mtu = mtu
      case Int(IFLA_MASTER):
        guard payload.count == 4, let raw = bytes.native32(at: payload.lowerBound) else {
          return .malformed
        }
        link.master = raw == 0 ? nil : InterfaceIndex(Int32(bitPattern: raw))
      case Int(IFLA_ADDRESS): link.hardwareAddress = MACAddress(bytes, at: payload)
      case Int(IFLA_LINKINFO):
        guard let has = tellsSlaveKind(bytes, payload) else { return .malformed }
        hasSlaveKind = has
      default: continue
      }
    }
    if attributes.isMalformed { return .malformed }
    // Bonds, bridges and their like say what their ports are; hv_netvsc marks its VF as a slave and
    // says no kind (drivers/net/hyperv/netvsc_drv.c, netvsc_vf_join).
    link.isVirtualFunction =
      has(flags, UInt32(cnetlink_iff_slave)) && link.master != nil && !hasSlaveKind
    return .fact(.link(link))
  }

  /// Whether IFLA_LINKINFO holds IFLA_INFO_SLAVE_KIND; nil when it is malformed.
  private static func tellsSlaveKind(_ bytes: Span<UInt8>, _ payload: Range<Int>) -> Bool? {
    var nested = AttributeCursor(payload)
    var found = false
    while let attribute = nested.next(in: bytes) {
      if Int(attribute.type) == Int(IFLA_INFO_SLAVE_KIND) { found = true }
    }
    return nested.isMalformed ? nil : found
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

extension MACAddress {
  /// The six bytes of an attribute's payload; nil for another length.
  init?(_ bytes: Span<UInt8>, at payload: Range<Int>) {
    guard payload.count == 6, let high = bytes.bigEndian16(at: payload.lowerBound),
      let low = bytes.bigEndian32(at: payload.lowerBound + 2)
    else { return nil }
    self.init(bits: UInt64(high) << 32 | UInt64(low))
  }
}
