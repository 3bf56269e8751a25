// A TCP socket that takes connections.

import CLinux
package import Model

/// Listens on one IPv4 address.
package struct TCPListener: ~Copyable {
  private let descriptor: Descriptor
  /// The port; the kernel's choice when 0 was asked for.
  package let port: UInt16

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  package init(on local: IPv4Address, port: UInt16, backlog: Int32 = 8) throws(Errno) {
    let type = Int32(clinux_sock_stream)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_TCP)) }))
    let raw = descriptor.raw
    try SocketOptions.set(raw, SOL_SOCKET, SO_REUSEADDR, 1)
    try TCPSocket.bind(raw, local, port)
    try system { clinux_listen(raw, backlog) }
    var address = sockaddr_in()
    var length = UInt32(MemoryLayout<sockaddr_in>.size)
    try system { unsafe clinux_getsockname(raw, &address, &length) }
    self.descriptor = descriptor
    self.port = UInt16(bigEndian: address.sin_port)
  }

  /// Takes over a listening IPv4 socket that the service manager has opened.
  package init(inherited raw: Int32) throws(Errno) {
    let descriptor = Descriptor(adopting: raw)
    try system { clinux_set_nonblocking(raw) }
    var address = sockaddr_in()
    var length = UInt32(MemoryLayout<sockaddr_in>.size)
    try system { unsafe clinux_getsockname(raw, &address, &length) }
    self.descriptor = descriptor
    self.port = UInt16(bigEndian: address.sin_port)
  }

  /// Protects what is accepted from `peer`; what comes unprotected from there is not answered.
  package func protect(_ protection: TCPProtection, peer: IPv4Address) throws(Errno) {
    try protection.apply(raw, peer: peer)
  }

  /// The next connection, or nil when none waits.
  package func accept() throws(Errno) -> TCPSocket? {
    guard let raw = try StreamSocket.accept(raw) else { return nil }
    return TCPSocket(adopting: Descriptor(adopting: raw))
  }
}

extension StreamSocket {
  /// The next connection of a listening socket, or nil when none waits.
  static func accept(_ descriptor: Int32) throws(Errno) -> Int32? {
    while true {
      do throws(Errno) {
        return Int32(try system { clinux_accept(descriptor) })
      } catch {
        if error == .again { return nil }
        // This one was given up by its peer; the next may be fine.
        if error == .connectionAborted { continue }
        throw error
      }
    }
  }
}
