// RTM_NEWNEIGH and RTM_DELNEIGH: one entry of the ARP or neighbour discovery cache.

import Bytes
import CNetlink
import Model

/// The body of a neighbour message.
///
///     +---------------+---------------+-------------------------------+
///     |  ndm_family   |                    (pad)                      |
///     +---------------+---------------+-------------------------------+
///     |                         ndm_ifindex                           |
///     +-------------------------------+---------------+---------------+
///     |           ndm_state           |   ndm_flags   |   ndm_type    |
///     +-------------------------------+---------------+---------------+
enum NeighbourMessage {
  static let fixedSize = MemoryLayout<ndmsg>.size

  static func decode(_ bytes: Span<UInt8>, _ body: Range<Int>, isGone: Bool) -> Decoded {
    let start = body.lowerBound
    guard body.count >= fixedSize, let family = bytes.byte(at: start),
      let index = bytes.native32(at: start + 4), let state = bytes.native16(at: start + 8),
      let flags = bytes.byte(at: start + 10)
    else { return .malformed }
    // A bridge tells of its forwarding table with the same message types under AF_BRIDGE.
    guard family == ipv4Family || family == ipv6Family else { return .notOurs }

    var address: IPAddress?
    var hardware: MACAddress?
    var attributes = AttributeCursor((start + fixedSize)..<body.upperBound)
    while let attribute = attributes.next(in: bytes) {
      switch Int(attribute.type) {
      case Int(NDA_DST):
        guard let value = IPAddress(bytes, at: attribute.payload, family) else {
          return .malformed
        }
        address = value
      case Int(NDA_LLADDR): hardware = MACAddress(bytes, at: attribute.payload)
      default: continue
      }
    }
    guard !attributes.isMalformed, let address else { return .malformed }
    let neighbour = Neighbour(
      address: address, interface: InterfaceIndex(Int32(bitPattern: index)),
      hardwareAddress: hardware, state: NeighbourState(bits: state),
      isProxy: flags & UInt8(NTF_PROXY) != 0, isRouter: flags & UInt8(NTF_ROUTER) != 0)
    return .fact(isGone ? .neighbourGone(neighbour) : .neighbour(neighbour))
  }
}
