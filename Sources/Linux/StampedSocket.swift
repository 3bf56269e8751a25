// A datagram or packet socket whose arrivals carry the kernel's time stamp: how neighbours are asked.

import CLinux
package import Model

/// Sends and receives without waiting. What kind of socket it is, its maker says.
@safe
package struct StampedSocket: ~Copyable {
  /// Something that arrived; its bytes are in the buffer.
  package struct Arrival: Equatable, Sendable {
    /// When the kernel took it in, on CLOCK_REALTIME.
    package var wall: Instant
    /// Who sent it, where the socket speaks IPv4.
    package var source: IPv4Address
    /// The TTL that was left, where that was asked for.
    package var hopLimit: UInt8?
  }

  /// Room for a time stamp and a TTL, each with its header.
  private typealias ControlWords = [16 of UInt64]

  /// We chose it: answers of 256 targets for some seconds, and a flood for some milliseconds.
  static let receiveBuffer: Int32 = 1 << 20

  private let descriptor: Descriptor
  private var lastDrops: UInt32 = 0

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  /// Takes over a socket and asks for stamps.
  init(adopting descriptor: consuming Descriptor) throws(Errno) {
    let raw = descriptor.raw
    try SocketOptions.set(raw, SOL_SOCKET, SO_TIMESTAMPNS, 1)
    try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUF, StampedSocket.receiveBuffer)
    self.descriptor = descriptor
  }

  /// Takes over a socket that is not read.
  init(sendingOn descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Takes what has arrived, or answers nil when nothing has. An ICMP error that an earlier
  /// datagram brought is thrown. Nothing is allocated.
  package borrowing func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Arrival? {
    var sender = sockaddr_in()
    var words = ControlWords(repeating: 0)
    var length = 0
    let raw = descriptor.raw
    do throws(Errno) {
      try unsafe buffer.fill { memory, capacity in
        unsafe StampedSocket.receive(raw, memory, capacity, &sender, &words, &length)
      }
    } catch {
      if error == .again { return nil }
      throw error
    }
    return StampedSocket.arrival(words, length, from: sender)
  }

  @inline(__always)
  private static func receive(
    _ raw: Int32, _ memory: UnsafeMutableRawPointer, _ capacity: Int,
    _ sender: UnsafeMutablePointer<sockaddr_in>, _ words: UnsafeMutablePointer<ControlWords>,
    _ length: UnsafeMutablePointer<Int>
  ) -> Int {
    var piece = unsafe iovec(iov_base: memory, iov_len: capacity)
    return unsafe withUnsafeMutablePointer(to: &piece) { piece in
      var message = unsafe msghdr()
      // A packet socket's longer address is cut off: it is not looked at.
      unsafe message.msg_name = UnsafeMutableRawPointer(sender)
      unsafe message.msg_namelen = UInt32(MemoryLayout<sockaddr_in>.size)
      unsafe message.msg_iov = piece
      unsafe message.msg_iovlen = 1
      unsafe message.msg_control = UnsafeMutableRawPointer(words)
      unsafe message.msg_controllen = MemoryLayout<ControlWords>.size
      let result = unsafe clinux_recvmsg(raw, &message, Int32(MSG_DONTWAIT))
      unsafe length.pointee = Int(message.msg_controllen)
      return result
    }
  }

  private static func arrival(
    _ words: ControlWords, _ length: Int, from sender: sockaddr_in
  ) -> Arrival {
    var arrival = Arrival(wall: .zero, source: IPv4Address(bits: 0))
    if sender.sin_family == sa_family_t(AF_INET) {
      arrival.source = IPv4Address(bits: UInt32(bigEndian: sender.sin_addr.s_addr))
    }
    var word = 0
    // Each control message: its length with the header, level and type, then data, all padded to
    // eight octets (cmsg(3)).
    while (word + 2) * 8 <= length {
      let size = Int(words[word])
      guard size >= 16, word * 8 + size <= length else { break }
      let level = Int32(truncatingIfNeeded: words[word + 1])
      let type = Int32(truncatingIfNeeded: words[word + 1] >> 32)
      if level == SOL_SOCKET, type == SO_TIMESTAMPNS, size >= 32 {
        arrival.wall = Instant(
          nanoseconds: Int64(bitPattern: words[word + 2]) * 1_000_000_000
            + Int64(bitPattern: words[word + 3]))
      } else if level == IPPROTO_IP, type == IP_TTL, size >= 20 {
        arrival.hopLimit = UInt8(truncatingIfNeeded: words[word + 2])
      }
      word += (size + 7) / 8
    }
    return arrival
  }

  /// Sends a frame where the socket is bound to.
  package borrowing func send(_ bytes: Span<UInt8>) throws(Errno) {
    let raw = descriptor.raw
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    try system {
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe clinux_send(raw, bytes.baseAddress, bytes.count, flags)
      }
    }
  }

  /// Sends a datagram; a port of 0 where the protocol has none.
  package borrowing func send(
    _ bytes: Span<UInt8>, to remote: IPv4Address, port: UInt16
  ) throws(Errno) {
    let raw = descriptor.raw
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    var address = SocketAddress.ipv4(remote, port: port)
    let size = UInt32(MemoryLayout<sockaddr_in>.size)
    try system {
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe clinux_sendto(raw, bytes.baseAddress, bytes.count, flags, &address, size)
      }
    }
  }

  /// Whether something was lost for want of room since the last time this was asked.
  package mutating func dropsMoved() throws(Errno) -> Bool {
    let drops = try SocketOptions.drops(descriptor.raw)
    defer { lastDrops = drops }
    return drops != lastDrops
  }
}
