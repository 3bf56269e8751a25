// The sockets that probes need, each with its own options; some need CAP_NET_RAW to be opened.

import CLinux
package import Model

extension StampedSocket {
  /// CS6, internetwork control: what BFD travels in (RFC 4594 section 3.2).
  private static let controlService: Int32 = 0xc0

  /// ARP on one interface: whole frames out, replies of the targets in. The filter stands before
  /// the socket is bound, so that nothing else is ever queued.
  package static func arp(
    on interface: InterfaceIndex, from targets: [IPv4Address]
  ) throws(Errno) -> StampedSocket {
    // Protocol 0 receives nothing until bind says what.
    let type = Int32(clinux_sock_raw)
    let opened = try Capabilities.raising(.netRaw) { () throws(Errno) in
      Int32(try system { clinux_socket(AF_PACKET, type, 0) })
    }
    let descriptor = Descriptor(adopting: opened)
    let raw = descriptor.raw
    try PacketFilter.replies(from: targets).attach(raw)
    try SocketOptions.set(raw, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(ETH_P_ARP).bigEndian
    address.sll_ifindex = interface.value
    let size = UInt32(MemoryLayout<sockaddr_ll>.size)
    try system { unsafe clinux_bind(raw, &address, size) }
    return try StampedSocket(adopting: descriptor)
  }

  /// Echo replies without their IPv4 header and with an identifier of the kernel's choice: a ping
  /// socket, which needs no capability where net.ipv4.ping_group_range has our group.
  package static func ping() throws(Errno) -> StampedSocket {
    let type = Int32(clinux_sock_datagram)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_ICMP)) }))
    return try StampedSocket(adopting: descriptor)
  }

  /// Echo replies with their IPv4 header: a raw socket.
  package static func rawEcho(identifier: UInt16) throws(Errno) -> StampedSocket {
    let type = Int32(clinux_sock_raw)
    let opened = try Capabilities.raising(.netRaw) { () throws(Errno) in
      Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_ICMP)) })
    }
    let descriptor = Descriptor(adopting: opened)
    let raw = descriptor.raw
    // raw(7): a set bit hides the type.
    var hidden = icmp_filter(data: ~(1 << UInt32(ICMP_ECHOREPLY)))
    let size = UInt32(MemoryLayout<icmp_filter>.size)
    try system { unsafe clinux_setsockopt_bytes(raw, SOL_RAW, ICMP_FILTER, &hidden, size) }
    try PacketFilter.identifier(identifier).attach(raw)
    return try StampedSocket(adopting: descriptor)
  }

  /// Receives UDP on a port of every address, with the TTL of each datagram.
  package static func receiver(port: UInt16) throws(Errno) -> StampedSocket {
    let descriptor = try udp(IPv4Address(bits: 0), port)
    try SocketOptions.set(descriptor.raw, Int32(IPPROTO_IP), IP_RECVTTL, 1)
    return try StampedSocket(adopting: descriptor)
  }

  /// Sends UDP from a port of its own, in the range that RFC 5881 section 4 wants, with the TTL of
  /// its section 5. `first` is where to begin looking for a free port.
  package static func sender(first: UInt16) throws(Errno) -> StampedSocket {
    var port = max(first, senderPorts.lowerBound)
    for _ in 0..<senderPorts.count {
      do throws(Errno) {
        let descriptor = try udp(IPv4Address(bits: 0), port)
        let raw = descriptor.raw
        try SocketOptions.set(raw, Int32(IPPROTO_IP), IP_TTL, 255)
        try SocketOptions.set(raw, Int32(IPPROTO_IP), IP_TOS, controlService)
        // Nobody answers to this port; what comes all the same waits in the smallest of buffers.
        try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUF, 0)
        return StampedSocket(sendingOn: descriptor)
      } catch {
        if error != .addressInUse { throw error }
        port = port == senderPorts.upperBound ? senderPorts.lowerBound : port + 1
      }
    }
    throw .addressInUse
  }

  private static let senderPorts: ClosedRange<UInt16> = 49_152...65_535

  private static func udp(_ local: IPv4Address, _ port: UInt16) throws(Errno) -> Descriptor {
    let type = Int32(clinux_sock_datagram)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_UDP)) }))
    try TCPSocket.bind(descriptor.raw, local, port)
    return descriptor
  }
}
