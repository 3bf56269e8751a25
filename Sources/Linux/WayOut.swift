// Which of this machine's addresses a packet would leave from: the kernel's routes, asked in passing.

import CLinux
package import Model

package enum WayOut {
  /// RFC 863; nothing is sent, so any would do.
  private static let discardPort: UInt16 = 9

  /// The address that the kernel would give a packet to this one; nil when it has no way there. A
  /// datagram socket that is connected asks for the route and sends nothing (udp(7)).
  package static func source(toward remote: IPv4Address) throws(Errno) -> IPv4Address? {
    let type = Int32(clinux_sock_datagram)
    let descriptor = Descriptor(
      adopting: Int32(try system { clinux_socket(AF_INET, type, Int32(IPPROTO_UDP)) }))
    let raw = descriptor.raw
    do throws(Errno) {
      var address = SocketAddress.ipv4(remote, port: discardPort)
      let size = UInt32(MemoryLayout<sockaddr_in>.size)
      try system { unsafe clinux_connect(raw, &address, size) }
    } catch {
      switch error {
      // Of an unreachable, a prohibited, a blackhole and a missing route, and of a broadcast.
      case .hostUnreachable, .networkUnreachable, .accessDenied, .invalidArgument: return nil
      default: throw error
      }
    }
    var address = sockaddr_in()
    var length = UInt32(MemoryLayout<sockaddr_in>.size)
    try system { unsafe clinux_getsockname(raw, &address, &length) }
    return IPv4Address(bits: UInt32(bigEndian: address.sin_addr.s_addr))
  }
}
