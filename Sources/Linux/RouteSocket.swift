// Routes put into the kernel's tables and taken out of them; for the laboratory, root only.

import CLab
package import Model

/// A netlink socket of the namespace it is opened in.
package struct RouteSocket: ~Copyable {
  /// Where a route leads.
  package enum Target: Hashable, Sendable {
    /// To machines, each through an interface: several share the flows.
    case via([Hop])
    /// To whoever is on a link.
    case link(interface: Int32)
    /// Nowhere.
    case blackhole
  }

  /// One machine.
  package struct Hop: Hashable, Sendable {
    package var address: IPAddress
    package var interface: Int32

    package init(address: IPAddress, interface: Int32) {
      self.address = address
      self.interface = interface
    }
  }

  private static let answerSize = 4_096

  private let socket: Descriptor
  private var sequence: UInt32 = 0

  package init() throws(Errno) {
    socket = Descriptor(adopting: Int32(try system { clab_netlink_socket() }))
  }

  /// The number of an interface; ENODEV when there is none of that name.
  package static func interface(_ name: String) throws(Errno) -> Int32 {
    let index = unsafe if_nametoindex(name)
    guard index != 0 else { throw Errno(code: ENODEV) }
    return Int32(index)
  }

  /// Puts a route in the place of whatever led to this prefix in this table.
  package mutating func set(
    _ prefix: Prefix, to target: Target, table: UInt32
  ) throws(Errno) -> AddressRequest.Bracket {
    var request = Request(prefix, table: table)
    switch target {
    case .blackhole: request.kind = UInt8(RTN_BLACKHOLE)
    case .link(let interface):
      request.scope = UInt8(truncatingIfNeeded: RT_SCOPE_LINK.rawValue)
      request.add(RTA_OIF, Request.bytes(UInt32(bitPattern: interface)))
    case .via(let hops):
      guard !hops.isEmpty else { throw .invalidArgument }
      request.add(RTA_MULTIPATH, hops.flatMap { Request.nextHop($0) })
    }
    let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE
    return try run(request, type: UInt16(RTM_NEWROUTE), flags: UInt16(flags))
  }

  /// Takes the route to a prefix out of a table; ESRCH when there is none.
  package mutating func remove(
    _ prefix: Prefix, table: UInt32
  ) throws(Errno) -> AddressRequest.Bracket {
    var request = Request(prefix, table: table)
    // Whatever kind and scope it has.
    request.kind = UInt8(RTN_UNSPEC)
    request.scope = UInt8(truncatingIfNeeded: RT_SCOPE_NOWHERE.rawValue)
    request.origin = 0
    return try run(
      request, type: UInt16(RTM_DELROUTE), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK))
  }

  private mutating func run(
    _ request: Request, type: UInt16, flags: UInt16
  ) throws(Errno) -> AddressRequest.Bracket {
    sequence &+= 1
    let bytes = request.message(type: type, flags: flags, sequence: sequence)
    let raw = socket.raw
    let before = Clock.wall()
    try system { unsafe clab_send(raw, bytes, bytes.count) }
    // The kernel handles the request inside send(2), so the answer is already there.
    let after = Clock.wall()
    var answer = [UInt8](repeating: 0, count: RouteSocket.answerSize)
    var stamp: Int64 = 0
    let count = try system { unsafe clab_receive_stamped(raw, &answer, answer.count, &stamp) }
    let code = try AddressRequest.verdict(answer[..<count])
    if code != 0 { throw Errno(code: code) }
    return AddressRequest.Bracket(before: before, after: after)
  }
}

/// A message of rtnetlink(7) under construction.
private struct Request {
  private let prefix: Prefix
  private let table: UInt32
  var kind = UInt8(RTN_UNICAST)
  var scope = UInt8(truncatingIfNeeded: RT_SCOPE_UNIVERSE.rawValue)
  var origin = UInt8(RTPROT_STATIC)
  private var attributes: [UInt8] = []

  init(_ prefix: Prefix, table: UInt32) {
    self.prefix = prefix
    self.table = table
    let octets = Request.octets(prefix.address)
    if prefix.length > 0 { add(RTA_DST, octets) }
    add(RTA_TABLE, Request.bytes(table))
  }

  mutating func add(_ type: rtattr_type_t, _ payload: [UInt8]) {
    attributes += Request.attribute(type, payload)
  }

  /// struct nlmsghdr, struct rtmsg, attributes. The table stands in an attribute, since here it has
  /// eight bits.
  func message(type: UInt16, flags: UInt16, sequence: UInt32) -> [UInt8] {
    let family = UInt8(prefix.address.width == 32 ? AF_INET : AF_INET6)
    let body =
      [family, prefix.length, 0, 0, 0, origin, scope, kind] + Request.bytes(UInt32(0)) + attributes
    let length = UInt32(MemoryLayout<nlmsghdr>.size + body.count)
    return Request.bytes(length) + Request.bytes(type) + Request.bytes(flags)
      + Request.bytes(sequence) + Request.bytes(UInt32(0)) + body
  }

  /// struct rtnexthop and its gateway. On-link: the interface is said, so the kernel need not look
  /// for a route to the machine.
  static func nextHop(_ hop: RouteSocket.Hop) -> [UInt8] {
    let gateway = attribute(RTA_GATEWAY, octets(hop.address))
    let length = UInt16(MemoryLayout<rtnexthop>.size + gateway.count)
    return bytes(length) + [UInt8(RTNH_F_ONLINK), 0] + bytes(UInt32(bitPattern: hop.interface))
      + gateway
  }

  private static func attribute(_ type: rtattr_type_t, _ payload: [UInt8]) -> [UInt8] {
    let length = UInt16(MemoryLayout<rtattr>.size + payload.count)
    // Every attribute begins at a multiple of four (RTA_ALIGN).
    let padding = [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
    return bytes(length) + bytes(UInt16(truncatingIfNeeded: type.rawValue)) + payload + padding
  }

  static func octets(_ address: IPAddress) -> [UInt8] {
    switch address {
    case .v4(let v4): (0..<4).map { UInt8(truncatingIfNeeded: v4.bits >> UInt32(24 - 8 * $0)) }
    case .v6(let v6):
      [v6.high, v6.low].flatMap { half in
        (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
      }
    }
  }

  /// As this machine stores them.
  static func bytes(_ value: UInt32) -> [UInt8] {
    let network = value.bigEndian
    return (0..<4).map { UInt8(truncatingIfNeeded: network >> UInt32(24 - 8 * $0)) }
  }

  static func bytes(_ value: UInt16) -> [UInt8] {
    let network = value.bigEndian
    return [UInt8(truncatingIfNeeded: network >> 8), UInt8(truncatingIfNeeded: network)]
  }
}
