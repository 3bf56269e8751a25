// A UDP socket on one address and port: what comes, from whom, and sending to anybody.

import CLinux
package import Model

/// Bound, never waiting. ICMP errors are not asked for (IP_RECVERR): anybody can forge one, and
/// that a peer's daemon is gone is seen by its silence.
package struct DatagramSocket: ~Copyable {
  /// CS6, as the BGP sessions have it.
  private static let typeOfService: Int32 = 0xc0
  /// Our number instead of the machine's own: a group may span subnets, not the world.
  private static let timeToLive: Int32 = 64

  /// What one receive brought.
  package enum Received: Equatable, Sendable {
    /// A datagram of this sender is in the buffer.
    case datagram(from: IPv4Address)
    /// It was longer than the buffer and is lost.
    case tooLong(from: IPv4Address)
    /// Nothing was waiting.
    case empty
  }

  private let descriptor: Descriptor

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  /// Binds also when no interface has the address yet: until one has it, sending fails and nothing
  /// comes. `receiveBuffer` bounds what waits while nobody reads; the kernel doubles it.
  package init(on local: IPv4Address, port: UInt16, receiveBuffer: Int) throws(Errno) {
    precondition(receiveBuffer > 0 && receiveBuffer <= Int(Int32.max))
    let type = Int32(clinux_sock_datagram)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_UDP)) }))
    let raw = descriptor.raw
    let ip = Int32(IPPROTO_IP)
    try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUF, Int32(receiveBuffer))
    try SocketOptions.set(raw, ip, IP_FREEBIND, 1)
    try SocketOptions.set(raw, ip, IP_TOS, DatagramSocket.typeOfService)
    try SocketOptions.set(raw, ip, IP_TTL, DatagramSocket.timeToLive)
    // What ICMP says of the path is not believed either: a datagram that is too long for a link is
    // fragmented there, not refused here.
    try SocketOptions.set(raw, ip, IP_MTU_DISCOVER, Int32(IP_PMTUDISC_OMIT))
    try TCPSocket.bind(raw, local, port)
    self.descriptor = descriptor
  }

  /// The port; the kernel's choice when 0 was asked for.
  package func port() throws(Errno) -> UInt16 {
    var address = sockaddr_in()
    var length = UInt32(MemoryLayout<sockaddr_in>.size)
    let raw = raw
    try system { unsafe clinux_getsockname(raw, &address, &length) }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Takes one datagram, if there is one. Only after `.datagram` does the buffer hold bytes.
  /// Nothing is allocated.
  package func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Received {
    var sender = sockaddr_in()
    var flags: Int32 = 0
    let raw = raw
    do throws(Errno) {
      try unsafe buffer.fill { memory, capacity in
        unsafe DatagramSocket.receive(raw, memory, capacity, &sender, &flags)
      }
    } catch .again {
      return .empty
    }
    let address = IPv4Address(bits: UInt32(bigEndian: sender.sin_addr.s_addr))
    if flags & Int32(MSG_TRUNC) != 0 {
      buffer.empty()
      return .tooLong(from: address)
    }
    return .datagram(from: address)
  }

  @inline(__always)
  private static func receive(
    _ raw: Int32, _ memory: UnsafeMutableRawPointer, _ capacity: Int,
    _ sender: UnsafeMutablePointer<sockaddr_in>, _ flags: UnsafeMutablePointer<Int32>
  ) -> Int {
    var piece = unsafe iovec(iov_base: memory, iov_len: capacity)
    return unsafe withUnsafeMutablePointer(to: &piece) { piece in
      var message = unsafe msghdr()
      unsafe message.msg_name = UnsafeMutableRawPointer(sender)
      unsafe message.msg_namelen = UInt32(MemoryLayout<sockaddr_in>.size)
      unsafe message.msg_iov = piece
      unsafe message.msg_iovlen = 1
      let result = unsafe clinux_recvmsg(raw, &message, Int32(MSG_DONTWAIT))
      unsafe flags.pointee = message.msg_flags
      return result
    }
  }

  /// Sends one datagram, or says why the kernel would not; EAGAIN when its queue is full. Nothing
  /// is allocated.
  package func send(
    _ bytes: Span<UInt8>, to remote: IPv4Address, port: UInt16
  ) throws(Errno) {
    var address = SocketAddress.ipv4(remote, port: port)
    let size = UInt32(MemoryLayout<sockaddr_in>.size)
    let raw = raw
    try system {
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe clinux_sendto(
          raw, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT), &address, size)
      }
    }
  }

  /// How many datagrams the kernel could not queue since the socket was opened.
  package func drops() throws(Errno) -> UInt32 { try SocketOptions.drops(raw) }
}
