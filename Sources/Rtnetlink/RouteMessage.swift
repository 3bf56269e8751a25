// RTM_NEWROUTE and RTM_DELROUTE: one entry of a routing table.

import Bytes
import CNetlink
import Model

/// The body of a route message.
///
///     +---------------+---------------+---------------+---------------+
///     |  rtm_family   |  rtm_dst_len  |  rtm_src_len  |    rtm_tos    |
///     +---------------+---------------+---------------+---------------+
///     |   rtm_table   | rtm_protocol  |   rtm_scope   |   rtm_type    |
///     +---------------+---------------+---------------+---------------+
///     |                          rtm_flags                            |
///     +---------------------------------------------------------------+
enum RouteMessage {
  static let fixedSize = MemoryLayout<rtmsg>.size

  static func decode(_ bytes: Span<UInt8>, _ body: Range<Int>) -> DecodedRoute {
    let start = body.lowerBound
    guard body.count >= fixedSize, let family = bytes.byte(at: start),
      let length = bytes.byte(at: start + 1), let flags = bytes.native32(at: start + 8)
    else { return .malformed }
    // Multicast routes and MPLS labels come under families of their own.
    guard family == ipv4Family || family == ipv6Family else { return .notOurs }
    // A path of the exception cache (a learned MTU, a redirect), not an entry of the table.
    guard flags & UInt32(RTM_F_CLONED) == 0 else { return .notOurs }

    var route = fixedPart(bytes, start)
    var destination = IPAddress.zero(family)
    var single = NextHop(gateway: nil, interface: nil)
    var attributes = AttributeCursor((start + fixedSize)..<body.upperBound)
    while let attribute = attributes.next(in: bytes) {
      let payload = attribute.payload
      switch Int(attribute.type) {
      case Int(RTA_DST.rawValue):
        guard let value = IPAddress(bytes, at: payload, family) else { return .malformed }
        destination = value
      case Int(RTA_MULTIPATH.rawValue):
        guard let several = nextHops(bytes, payload, family) else { return .malformed }
        route.nextHops = several
      case Int(RTA_TABLE.rawValue), Int(RTA_PRIORITY.rawValue), Int(RTA_NH_ID.rawValue),
        Int(RTA_OIF.rawValue):
        guard payload.count == 4, let value = bytes.native32(at: payload.lowerBound) else {
          return .malformed
        }
        take(Int(attribute.type), value, &route, &single)
      default:
        guard takeGateway(attribute, family, bytes, &single) else { return .malformed }
      }
    }
    guard !attributes.isMalformed, let prefix = Prefix(destination, length: length) else {
      return .malformed
    }
    route.destination = prefix
    if route.nextHops.count == 0, single.gateway != nil || single.interface != nil {
      route.nextHops.add(single)
    }
    return .route(route)
  }

  private static func fixedPart(_ bytes: Span<UInt8>, _ start: Int) -> Route {
    Route(
      destination: .everything, sourceLength: bytes[start + 2], typeOfService: bytes[start + 3],
      table: UInt32(bytes[start + 4]), origin: Route.Origin(bytes[start + 5]),
      kind: Route.Kind(bytes[start + 7]))
  }

  private static func take(
    _ type: Int, _ value: UInt32, _ route: inout Route, _ single: inout NextHop
  ) {
    switch type {
    // The byte in the fixed part holds tables below 256 only.
    case Int(RTA_TABLE.rawValue): route.table = value
    case Int(RTA_PRIORITY.rawValue): route.metric = value
    case Int(RTA_NH_ID.rawValue): route.nextHopID = value
    default: single.interface = InterfaceIndex(Int32(bitPattern: value))
    }
  }

  /// RTA_GATEWAY, or RTA_VIA where the gateway is of the other family (RFC 5549); false when it is
  /// malformed, true for any other attribute too.
  private static func takeGateway(
    _ attribute: Attribute, _ family: UInt8, _ bytes: Span<UInt8>, _ hop: inout NextHop
  ) -> Bool {
    let payload = attribute.payload
    switch Int(attribute.type) {
    case Int(RTA_GATEWAY.rawValue): hop.gateway = IPAddress(bytes, at: payload, family)
    case Int(RTA_VIA.rawValue):
      // struct rtvia: two bytes of family, then the address.
      guard payload.count >= 2, let via = bytes.native16(at: payload.lowerBound), via < 256 else {
        return false
      }
      hop.gateway = IPAddress(
        bytes, at: (payload.lowerBound + 2)..<payload.upperBound, UInt8(via))
    default: return true
    }
    return hop.gateway != nil
  }

  /// RTA_MULTIPATH: one `struct rtnexthop` with attributes of its own for each way.
  ///
  ///     +-------------------------------+---------------+---------------+
  ///     |           rtnh_len            |  rtnh_flags   |   rtnh_hops   |
  ///     +-------------------------------+---------------+---------------+
  ///     |                         rtnh_ifindex                          |
  ///     +---------------------------------------------------------------+
  private static func nextHops(
    _ bytes: Span<UInt8>, _ payload: Range<Int>, _ family: UInt8
  ) -> NextHops? {
    let headerSize = MemoryLayout<rtnexthop>.size
    var hops = NextHops()
    var offset = payload.lowerBound
    while payload.upperBound - offset >= headerSize {
      guard let length = bytes.native16(at: offset).map(Int.init), length >= headerSize,
        length <= payload.upperBound - offset, let others = bytes.byte(at: offset + 3),
        let index = bytes.native32(at: offset + 4)
      else { return nil }
      // rtnh_hops is the weight less one.
      var hop = NextHop(
        gateway: nil, interface: index == 0 ? nil : InterfaceIndex(Int32(bitPattern: index)),
        weight: UInt16(others) + 1)
      var attributes = AttributeCursor((offset + headerSize)..<(offset + length))
      while let attribute = attributes.next(in: bytes) {
        guard takeGateway(attribute, family, bytes, &hop) else { return nil }
      }
      if attributes.isMalformed { return nil }
      hops.add(hop)
      offset = min(payload.upperBound, offset + (length + 3) & ~3)
    }
    return hops
  }
}

/// What became of one route message.
enum DecodedRoute {
  case route(Route)
  case notOurs
  case malformed
}

extension Prefix {
  /// 0.0.0.0/0, until the destination was read.
  fileprivate static let everything = Prefix.masked(.v4(IPv4Address(bits: 0)))

  private static func masked(_ address: IPAddress) -> Prefix {
    guard let prefix = Prefix(address, length: 0) else {
      preconditionFailure("the block of all addresses has no bit beyond its length")
    }
    return prefix
  }
}
