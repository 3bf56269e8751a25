// A route netlink socket: asked through libmnl, read by recvmsg because the sender must be checked.

import CLinux
import CMnl

/// One socket of NETLINK_ROUTE. What it receives is handed on as bytes; decoding is another room's
/// work.
@safe
package struct NetlinkSocket: ~Copyable {
  /// Multicast groups, numbered as in linux/rtnetlink.h (RTMGRP_*).
  package struct Groups: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let links = Groups(rawValue: UInt32(RTMGRP_LINK))
    package static let ipv4Addresses = Groups(rawValue: UInt32(RTMGRP_IPV4_IFADDR))
    package static let ipv6Addresses = Groups(rawValue: UInt32(RTMGRP_IPV6_IFADDR))
    /// Links and addresses of both families.
    package static let interfaces: Groups = [.links, .ipv4Addresses, .ipv6Addresses]
    package static let ipv4Routes = Groups(rawValue: UInt32(RTMGRP_IPV4_ROUTE))
    package static let ipv6Routes = Groups(rawValue: UInt32(RTMGRP_IPV6_ROUTE))
    /// RTNLGRP_NEXTHOP, the last group that fits a mask.
    package static let nextHops = Groups(rawValue: 1 << (UInt32(RTNLGRP_NEXTHOP.rawValue) - 1))
    /// Routes of both families, and the next hop objects that they may name.
    package static let routes: Groups = [.ipv4Routes, .ipv6Routes, .nextHops]
    /// Neighbours of both families.
    package static let neighbours = Groups(rawValue: UInt32(RTMGRP_NEIGH))
  }

  /// What can be asked for as a whole.
  package enum Dump: Equatable, Sendable {
    case links
    case addresses
    /// Next hop objects.
    case nextHops
    /// The routes of one table, or of all with table 0. The kernel ends the dump of a table that
    /// it does not have with ENOENT in NLMSG_DONE.
    case ipv4Routes(table: UInt32)
    case ipv6Routes(table: UInt32)
    case neighbours
  }

  /// What one receive brought.
  package enum Received: Sendable {
    /// A datagram of the kernel is in the buffer.
    case datagram
    /// Nothing was waiting.
    case empty
    /// Messages were lost: the kernel said ENOBUFS, or the datagram did not fit.
    case overrun
    /// Somebody other than the kernel had sent it; it was dropped and counted.
    case foreign
  }

  /// We ask for this much and take what the kernel gives: it clamps to net.core.rmem_max without a
  /// word.
  package static let receiveBufferAsked = 32 << 20
  private static let requestCapacity = 256

  private let socket: OpaquePointer
  private let request: UnsafeMutableRawPointer

  /// The descriptor, to be watched for reading.
  package let raw: Int32
  /// Our address, given by the kernel.
  package let portID: UInt32
  /// What SO_RCVBUF became; the kernel doubles what it grants, for its own bookkeeping.
  package let receiveBufferSize: Int
  /// How many datagrams of others were dropped.
  package private(set) var foreign: UInt64 = 0

  package init(
    groups: Groups, receiveBuffer: Int = NetlinkSocket.receiveBufferAsked
  ) throws(Errno) {
    precondition(receiveBuffer > 0 && receiveBuffer <= Int(Int32.max))
    var opened: OpaquePointer?
    try system { unsafe cmnl_open(NETLINK_ROUTE, &opened) }
    guard let socket = unsafe opened else { preconditionFailure("libmnl answered no socket") }
    let raw = unsafe mnl_socket_get_fd(socket)
    let granted: Int32
    do throws(Errno) {
      // Strict checking makes the kernel honour what a dump request asks for; the extended
      // acknowledgement carries its reason when it refuses.
      try system { unsafe cmnl_set(socket, NETLINK_GET_STRICT_CHK, 1) }
      try system { unsafe cmnl_set(socket, NETLINK_EXT_ACK, 1) }
      try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUF, Int32(receiveBuffer))
      granted = try SocketOptions.get(raw, SOL_SOCKET, SO_RCVBUF)
      try system { unsafe cmnl_bind(socket, groups.rawValue) }
    } catch {
      unsafe mnl_socket_close(socket)
      throw error
    }
    self.raw = raw
    receiveBufferSize = Int(granted)
    portID = unsafe mnl_socket_get_portid(socket)
    unsafe self.socket = socket
    unsafe request = .allocate(
      byteCount: NetlinkSocket.requestCapacity, alignment: MemoryLayout<nlmsghdr>.alignment)
  }

  deinit {
    unsafe request.deallocate()
    unsafe mnl_socket_close(socket)
  }

  /// Asks for everything of one kind; the answer's messages carry `sequence`, which is not 0: that
  /// is what multicast messages carry. The kernel does one dump a socket at a time and refuses a
  /// second one with EBUSY, in a message.
  package func requestDump(_ what: Dump, sequence: UInt32) throws(Errno) {
    precondition(sequence != 0, "0 belongs to multicast messages")
    let header = unsafe begin(sequence, flags: NLM_F_REQUEST | NLM_F_DUMP)
    switch what {
    case .links:
      unsafe header.pointee.nlmsg_type = UInt16(RTM_GETLINK)
      unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<ifinfomsg>.size)
      // Counters are most of a link's message, and nobody reads them here.
      unsafe mnl_attr_put_u32(header, UInt16(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
    case .addresses:
      unsafe header.pointee.nlmsg_type = UInt16(RTM_GETADDR)
      unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<ifaddrmsg>.size)
    case .nextHops:
      unsafe header.pointee.nlmsg_type = UInt16(RTM_GETNEXTHOP)
      unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<nhmsg>.size)
    case .ipv4Routes(let table): unsafe putRoutes(header, family: AF_INET, table)
    case .ipv6Routes(let table): unsafe putRoutes(header, family: AF_INET6, table)
    case .neighbours:
      unsafe header.pointee.nlmsg_type = UInt16(RTM_GETNEIGH)
      unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<ndmsg>.size)
    }
    try system { unsafe cmnl_send(socket, header) }
  }

  private func putRoutes(
    _ header: UnsafeMutablePointer<nlmsghdr>, family: Int32, _ table: UInt32
  ) {
    unsafe header.pointee.nlmsg_type = UInt16(RTM_GETROUTE)
    let body = unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<rtmsg>.size)
    // The family is the first byte of struct rtmsg.
    unsafe body?.storeBytes(of: UInt8(family), as: UInt8.self)
    if table != 0 { unsafe mnl_attr_put_u32(header, UInt16(RTA_TABLE.rawValue), table) }
  }

  /// Asks for one link, whatever events the kernel may be holding back; the answer carries
  /// `sequence` and is no part of a dump.
  package func requestLink(_ index: Int32, sequence: UInt32) throws(Errno) {
    precondition(sequence != 0, "0 belongs to multicast messages")
    let header = unsafe begin(sequence, flags: NLM_F_REQUEST)
    unsafe header.pointee.nlmsg_type = UInt16(RTM_GETLINK)
    let body = unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<ifinfomsg>.size)
    let place = MemoryLayout<ifinfomsg>.offset(of: \.ifi_index) ?? 4
    unsafe body?.storeBytes(of: index, toByteOffset: place, as: Int32.self)
    unsafe mnl_attr_put_u32(header, UInt16(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
    try system { unsafe cmnl_send(socket, header) }
  }

  private func begin(_ sequence: UInt32, flags: Int32) -> UnsafeMutablePointer<nlmsghdr> {
    guard let header = unsafe mnl_nlmsg_put_header(request) else {
      preconditionFailure("libmnl puts a header at the address it is given")
    }
    unsafe header.pointee.nlmsg_flags = UInt16(flags)
    unsafe header.pointee.nlmsg_seq = sequence
    return unsafe header
  }

  /// Takes one datagram, if there is one. Only after `.datagram` does the buffer hold bytes.
  /// Nothing is allocated.
  package mutating func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Received {
    var sender = sockaddr_nl()
    var senderLength: UInt32 = 0
    var flags: Int32 = 0
    do throws(Errno) {
      try unsafe buffer.fill { memory, capacity in
        unsafe NetlinkSocket.receive(raw, memory, capacity, &sender, &senderLength, &flags)
      }
    } catch {
      if error == .again { return .empty }
      if error == .noBuffers { return .overrun }
      throw error
    }
    guard senderLength == UInt32(MemoryLayout<sockaddr_nl>.size), sender.nl_pid == 0 else {
      buffer.empty()
      foreign += 1
      return .foreign
    }
    if flags & Int32(MSG_TRUNC) != 0 {
      buffer.empty()
      return .overrun
    }
    return .datagram
  }

  @inline(__always)
  private static func receive(
    _ raw: Int32, _ memory: UnsafeMutableRawPointer, _ capacity: Int,
    _ sender: UnsafeMutablePointer<sockaddr_nl>, _ senderLength: UnsafeMutablePointer<UInt32>,
    _ flags: UnsafeMutablePointer<Int32>
  ) -> Int {
    var piece = unsafe iovec(iov_base: memory, iov_len: capacity)
    return unsafe withUnsafeMutablePointer(to: &piece) { piece in
      var message = unsafe msghdr()
      unsafe message.msg_name = UnsafeMutableRawPointer(sender)
      unsafe message.msg_namelen = UInt32(MemoryLayout<sockaddr_nl>.size)
      unsafe message.msg_iov = piece
      unsafe message.msg_iovlen = 1
      let result = unsafe clinux_recvmsg(raw, &message, Int32(MSG_DONTWAIT))
      unsafe senderLength.pointee = message.msg_namelen
      unsafe flags.pointee = message.msg_flags
      return result
    }
  }

  /// How many messages the kernel could not queue since the socket was opened (SO_MEMINFO): ENOBUFS
  /// is said once, later losses are silent.
  package func drops() throws(Errno) -> UInt32 { try SocketOptions.drops(raw) }
}
