// Writes rtnetlink datagrams byte by byte, from the kernel's headers and not from our own decoder.

package import Model

/// A link as the kernel has it.
package struct KernelLink: Equatable, Sendable {
  package var index: UInt32
  package var name: String
  package var isUp: Bool
  package var hasCarrier: Bool
  package var isLoopback: Bool

  package init(
    index: UInt32, name: String, isUp: Bool = true, hasCarrier: Bool = true,
    isLoopback: Bool = false
  ) {
    self.index = index
    self.name = name
    self.isUp = isUp
    self.hasCarrier = hasCarrier
    self.isLoopback = isLoopback
  }

  /// Frames pass.
  package var isRunning: Bool { isUp && hasCarrier }
}

/// An IPv4 address on a link as the kernel has it.
package struct KernelAddress: Equatable, Sendable {
  package var interface: UInt32
  package var address: IPv4Address
  package var prefixLength: UInt8

  package init(interface: UInt32, address: IPv4Address, prefixLength: UInt8) {
    self.interface = interface
    self.address = address
    self.prefixLength = prefixLength
  }
}

/// A route as the kernel has it. Its gateway is a number: the last octet of an address.
package struct KernelRoute: Hashable, Sendable {
  package var prefix: Prefix
  package var table: UInt32 = 254
  package var metric: UInt32 = 0
  /// RTPROT_BIRD.
  package var origin: UInt8 = 12
  /// RTN_UNICAST.
  package var kind: UInt8 = 1
  package var gateway: UInt8 = 1
  package var link: UInt32 = Machine.link

  /// Whether the kernel takes one for the other when it replaces.
  func isLike(_ other: KernelRoute) -> Bool {
    prefix == other.prefix && table == other.table && metric == other.metric
  }
}

/// One datagram under construction. Numbers stand in the order of this machine, addresses in
/// network order.
package struct KernelDatagram: Sendable {
  package private(set) var bytes: [UInt8] = []

  // linux/rtnetlink.h, linux/netlink.h, linux/if.h, linux/if_link.h, linux/if_addr.h.
  private static let newLink: UInt16 = 16
  private static let goneLink: UInt16 = 17
  private static let newAddress: UInt16 = 20
  private static let goneAddress: UInt16 = 21
  private static let newRoute: UInt16 = 24
  private static let goneRoute: UInt16 = 25
  /// NLM_F_REPLACE; NLM_F_CREATE with NLM_F_EXCL: nobody has its key; NLM_F_CREATE alone.
  static let replaced: UInt16 = 0x100
  static let alone: UInt16 = 0x600
  static let beside: UInt16 = 0x400
  private static let error: UInt16 = 2
  private static let done: UInt16 = 3
  private static let lost: UInt16 = 4
  private static let multi: UInt16 = 0x02
  private static let interrupted: UInt16 = 0x10
  private static let up: UInt32 = 0x1
  private static let loopback: UInt32 = 0x8
  private static let lowerUp: UInt32 = 0x10000

  /// Which request a message answers; `event` is none: news to everybody.
  package struct Context: Equatable, Sendable {
    package var sequence: UInt32
    package var port: UInt32
    package var isInterrupted: Bool

    package init(sequence: UInt32, port: UInt32, isInterrupted: Bool = false) {
      self.sequence = sequence
      self.port = port
      self.isInterrupted = isInterrupted
    }

    /// A multicast message.
    package static let event = Context(sequence: 0, port: 0)
  }

  package init() {}

  /// RTM_NEWLINK or RTM_DELLINK.
  package mutating func add(_ link: KernelLink, isGone: Bool = false, _ context: Context) {
    let start = begin(isGone ? Self.goneLink : Self.newLink, context)
    bytes += [0, 0]  // AF_UNSPEC and padding
    native16(link.isLoopback ? 772 : 1)  // ARPHRD_LOOPBACK, ARPHRD_ETHER
    native32(link.index)
    native32(
      (link.isUp ? Self.up : 0) | (link.isUp && link.hasCarrier ? Self.lowerUp : 0)
        | (link.isLoopback ? Self.loopback : 0))
    native32(0xffff_ffff)
    attribute(3, Array(link.name.utf8) + [0])  // IFLA_IFNAME
    attribute(4, [220, 5, 0, 0])  // IFLA_MTU
    attribute(16, [link.isRunning ? 6 : 2])  // IFLA_OPERSTATE
    finish(start)
  }

  /// RTM_NEWADDR or RTM_DELADDR.
  package mutating func add(_ address: KernelAddress, isGone: Bool = false, _ context: Context) {
    let start = begin(isGone ? Self.goneAddress : Self.newAddress, context)
    bytes += [2, address.prefixLength, 0x80, 0]  // AF_INET, IFA_F_PERMANENT, global
    native32(address.interface)
    let octets = (0..<4).map {
      UInt8(truncatingIfNeeded: address.address.bits >> UInt32(24 - 8 * $0))
    }
    attribute(1, octets)  // IFA_ADDRESS
    attribute(2, octets)  // IFA_LOCAL
    attribute(8, [0x80, 0, 0, 0])  // IFA_FLAGS
    finish(start)
  }

  /// RTM_NEWROUTE or RTM_DELROUTE.
  package mutating func add(
    _ route: KernelRoute, isGone: Bool = false, flags: UInt16 = 0, _ context: Context
  ) {
    let start = begin(
      isGone ? Self.goneRoute : Self.newRoute, context, flags: flags)
    let isIPv6 = route.prefix.address.width == 128
    bytes += [isIPv6 ? 10 : 2, route.prefix.length, 0, 0]
    bytes += [UInt8(truncatingIfNeeded: min(route.table, 252)), route.origin, 0, route.kind]
    native32(0)
    switch route.prefix.address {
    case .v4(let address): attribute(1, network(UInt64(address.bits), 4))  // RTA_DST
    case .v6(let address): attribute(1, network(address.high, 8) + network(address.low, 8))
    }
    attribute(15, native(route.table))  // RTA_TABLE
    if route.metric != 0 { attribute(6, native(route.metric)) }  // RTA_PRIORITY
    if route.kind == 1 {
      let gateway = isIPv6 ? [0xfe, 0x80] + network(0, 8) : [10, 0, 2]
      attribute(5, gateway + (isIPv6 ? network(0, 5) : []) + [route.gateway])  // RTA_GATEWAY
      attribute(4, native(route.link))  // RTA_OIF
    }
    finish(start)
  }

  private func network(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
  }

  private func native(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bigEndian >> UInt32(24 - 8 * $0)) }
  }

  /// NLMSG_DONE.
  package mutating func addDone(_ context: Context) {
    let start = begin(Self.done, context)
    native32(0)
    finish(start)
  }

  /// NLMSG_ERROR; `code` is the errno, positive.
  package mutating func addError(_ code: Int32, _ context: Context) {
    let start = begin(Self.error, context)
    native32(UInt32(bitPattern: -code))
    // The header of the request that was refused.
    native32(16)
    native16(18)
    native16(0x301)
    native32(context.sequence)
    native32(context.port)
    finish(start)
  }

  /// NLMSG_OVERRUN.
  package mutating func addOverrun() {
    finish(begin(Self.lost, .event))
  }

  /// A header that claims more than there is.
  package mutating func addGarbage() {
    native32(4096)
    native32(0)
  }

  private mutating func begin(_ type: UInt16, _ context: Context, flags: UInt16 = 0) -> Int {
    let start = bytes.count
    native32(0)
    native16(type)
    native16(
      flags | (context.sequence == 0 ? 0 : Self.multi)
        | (context.isInterrupted ? Self.interrupted : 0))
    native32(context.sequence)
    native32(context.port)
    return start
  }

  private mutating func finish(_ start: Int) {
    let length = UInt32(bytes.count - start).bigEndian
    for place in 0..<4 {
      bytes[start + place] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * place))
    }
    pad()
  }

  private mutating func attribute(_ type: UInt16, _ payload: [UInt8]) {
    native16(UInt16(4 + payload.count))
    native16(type)
    bytes += payload
    pad()
  }

  private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }

  private mutating func native16(_ value: UInt16) {
    let order = value.bigEndian
    bytes += [UInt8(truncatingIfNeeded: order >> 8), UInt8(truncatingIfNeeded: order)]
  }

  private mutating func native32(_ value: UInt32) {
    let order = value.bigEndian
    for place in 0..<4 {
      bytes.append(UInt8(truncatingIfNeeded: order >> UInt32(24 - 8 * place)))
    }
  }
}
