// RTM_NEWNEXTHOP and RTM_DELNEXTHOP: one next hop object.

import Bytes
import CNetlink
import Model

/// The body of a next hop message (linux/nexthop.h).
///
///     +---------------+---------------+---------------+---------------+
///     |   nh_family   |   nh_scope    |  nh_protocol  |     (pad)     |
///     +---------------+---------------+---------------+---------------+
///     |                           nh_flags                            |
///     +---------------------------------------------------------------+
enum NextHopMessage {
  static let fixedSize = MemoryLayout<nhmsg>.size

  static func decode(_ bytes: Span<UInt8>, _ body: Range<Int>, isGone: Bool) -> Decoded {
    let start = body.lowerBound
    guard body.count >= fixedSize, let family = bytes.byte(at: start),
      let origin = bytes.byte(at: start + 2)
    else { return .malformed }

    var object = NextHopObject(
      id: 0, origin: Route.Origin(origin), nextHop: NextHop(gateway: nil, interface: nil),
      isBlackhole: false, groupSize: 0)
    var attributes = AttributeCursor((start + fixedSize)..<body.upperBound)
    while let attribute = attributes.next(in: bytes) {
      let payload = attribute.payload
      switch Int(attribute.type) {
      case Int(NHA_ID), Int(NHA_OIF):
        guard payload.count == 4, let value = bytes.native32(at: payload.lowerBound) else {
          return .malformed
        }
        if Int(attribute.type) == Int(NHA_ID) {
          object.id = value
        } else {
          object.nextHop.interface = InterfaceIndex(Int32(bitPattern: value))
        }
      case Int(NHA_GATEWAY):
        guard let gateway = IPAddress(bytes, at: payload, family) else { return .malformed }
        object.nextHop.gateway = gateway
      case Int(NHA_BLACKHOLE): object.isBlackhole = true
      case Int(NHA_GROUP):
        object.groupSize = UInt16(
          truncatingIfNeeded: payload.count / MemoryLayout<nexthop_grp>.size)
      default: continue
      }
    }
    guard !attributes.isMalformed, object.id != 0 else { return .malformed }
    return .fact(isGone ? .nextHopGone(object) : .nextHop(object))
  }
}
