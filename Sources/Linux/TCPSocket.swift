// A TCP connection that never waits.

import CLinux
package import Model

/// One connection over IPv4, set up for a routing protocol.
package struct TCPSocket: ~Copyable {
  /// CS6, internetwork control (RFC 2474 section 4.2.2; routing protocols travel in it by RFC 4594
  /// section 3.2).
  private static let typeOfService: Int32 = 0xc0

  private let descriptor: Descriptor

  /// The descriptor, to be watched.
  package var raw: Int32 { descriptor.raw }

  /// Takes over a connected or connecting socket.
  init(adopting descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Begins a connection. The answer comes when the socket becomes writable: ask `connectResult`
  /// then. Unacknowledged bytes end the connection after `userTimeout` (RFC 5482).
  package static func connect(
    from local: IPv4Address, to remote: IPv4Address, port: UInt16, userTimeout: Nanoseconds,
    protection: TCPProtection = .none
  ) throws(Errno) -> TCPSocket {
    let type = Int32(clinux_sock_stream)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_TCP)) }))
    let raw = descriptor.raw
    try prepare(raw, userTimeout)
    // Otherwise bind takes a port at once, without knowing the peer, and may run out of them.
    try SocketOptions.set(raw, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
    try protection.apply(raw, peer: remote)
    try bind(raw, local, 0)
    do throws(Errno) {
      var address = SocketAddress.ipv4(remote, port: port)
      let size = UInt32(MemoryLayout<sockaddr_in>.size)
      try system { unsafe clinux_connect(raw, &address, size) }
    } catch {
      if error != .inProgress { throw error }
    }
    return TCPSocket(adopting: descriptor)
  }

  /// Begins a connection from whatever address leads there. The answer comes when the socket
  /// becomes writable: ask `connectResult` then.
  package static func connect(to remote: IPv4Address, port: UInt16) throws(Errno) -> TCPSocket {
    let type = Int32(clinux_sock_stream)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_TCP)) }))
    let raw = descriptor.raw
    try SocketOptions.set(raw, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    do throws(Errno) {
      var address = SocketAddress.ipv4(remote, port: port)
      let size = UInt32(MemoryLayout<sockaddr_in>.size)
      try system { unsafe clinux_connect(raw, &address, size) }
    } catch {
      if error != .inProgress { throw error }
    }
    return TCPSocket(adopting: descriptor)
  }

  private static func prepare(_ raw: Int32, _ userTimeout: Nanoseconds) throws(Errno) {
    let tcp = Int32(IPPROTO_TCP)
    try SocketOptions.set(raw, tcp, TCP_NODELAY, 1)
    try SocketOptions.set(raw, tcp, TCP_USER_TIMEOUT, Int32(clamping: userTimeout.milliseconds))
    // The protocol above has its own keepalives, with its own timers.
    try SocketOptions.set(raw, SOL_SOCKET, SO_KEEPALIVE, 0)
    try SocketOptions.set(raw, Int32(IPPROTO_IP), IP_TOS, typeOfService)
  }

  /// Sets an accepted connection up as `connect` does with those it makes.
  package func prepare(userTimeout: Nanoseconds) throws(Errno) {
    try TCPSocket.prepare(raw, userTimeout)
  }

  /// The address at the other end.
  package func remoteAddress() throws(Errno) -> IPv4Address {
    var address = sockaddr_in()
    var length = UInt32(MemoryLayout<sockaddr_in>.size)
    try system { unsafe clinux_getpeername(raw, &address, &length) }
    return IPv4Address(bits: UInt32(bigEndian: address.sin_addr.s_addr))
  }

  static func bind(_ raw: Int32, _ local: IPv4Address, _ port: UInt16) throws(Errno) {
    var address = SocketAddress.ipv4(local, port: port)
    let size = UInt32(MemoryLayout<sockaddr_in>.size)
    try system { unsafe clinux_bind(raw, &address, size) }
  }

  /// What became of the connection (SO_ERROR), nil when it stands. Reading it clears it.
  package func connectResult() -> Errno? {
    do throws(Errno) {
      let code = try SocketOptions.get(raw, SOL_SOCKET, SO_ERROR)
      return code == 0 ? nil : Errno(code: code)
    } catch {
      return error
    }
  }

  /// Waits until the connection is ready, in error or ended, but no longer than `length`; false
  /// when the time was over.
  package func wait(_ interest: Interest, for length: Nanoseconds) -> Bool {
    StreamSocket.wait(raw, interest, for: length)
  }

  /// Reads once: how many bytes came, 0 at the end of the stream, nil when nothing is there yet.
  package func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Int? {
    try StreamSocket.receive(raw, into: &buffer)
  }

  /// Writes once, in one system call and without allocating: how many bytes the kernel took, 0 when
  /// it would have had to wait.
  package func send(_ bytes: Span<UInt8>) throws(Errno) -> Int {
    try StreamSocket.send(raw, bytes)
  }

  /// Bytes that the peer has not acknowledged yet (SIOCOUTQ), the unsent ones included.
  package func unacknowledged() throws(Errno) -> Int {
    var count: Int32 = 0
    try system { unsafe clinux_unacknowledged(raw, &count) }
    return Int(count)
  }

  /// Ends the connection at once with an RST and drops what was not sent; the descriptor stays ours
  /// until this value goes.
  package func reset() throws(Errno) {
    // Connecting to nobody dissolves the association (connect(2), AF_UNSPEC).
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_UNSPEC)
    let size = UInt32(MemoryLayout<sockaddr_in>.size)
    try system { unsafe clinux_connect(raw, &address, size) }
  }

  /// Sends FIN after what is queued; reading goes on.
  package func shutdownWrite() throws(Errno) {
    try system { clinux_shutdown_write(raw) }
  }
}

/// Addresses as the kernel wants them.
enum SocketAddress {
  static func ipv4(_ address: IPv4Address, port: UInt16) -> sockaddr_in {
    var result = sockaddr_in()
    result.sin_family = sa_family_t(AF_INET)
    result.sin_port = port.bigEndian
    result.sin_addr = in_addr(s_addr: address.bits.bigEndian)
    return result
  }

  /// A path with its final zero must fit into 108 bytes (unix(7)); ENAMETOOLONG otherwise.
  static func unix(_ path: String) throws(Errno) -> sockaddr_un {
    let limit = Int(clinux_sun_path_size)
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidArgument }
    guard bytes.count < limit else { throw .nameTooLong }
    var result = sockaddr_un()
    result.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &result.sun_path) { field in
      unsafe field.copyBytes(from: bytes)
    }
    return result
  }
}
