// What keeps strangers out of a TCP connection: a password in every segment, and a limit of hops.

import CLinux
import Model

/// How connections with one kind of peer are protected.
package struct TCPProtection: Equatable, Sendable {
  /// The kernel takes no longer password (linux/tcp.h).
  package static let passwordLimit = Int(TCP_MD5SIG_MAXKEYLEN)

  /// The password of the TCP MD5 signature option (RFC 2385); nil: unsigned.
  package var password: [UInt8]?
  /// How many hops away a peer may be (RFC 5082); nil: however far.
  package var hops: UInt8?

  package init(password: [UInt8]? = nil, hops: UInt8? = nil) {
    precondition(password.map { (1...TCPProtection.passwordLimit).contains($0.count) } ?? true)
    self.password = password
    self.hops = hops
  }

  package static let none = TCPProtection()

  /// Protects what a socket exchanges with `peer`; on a listening socket, what it accepts from it.
  func apply(_ raw: Int32, peer: IPv4Address) throws(Errno) {
    if let password { try TCPProtection.sign(raw, peer, password) }
    guard let hops else { return }
    let ip = Int32(IPPROTO_IP)
    try SocketOptions.set(raw, ip, IP_TTL, 255)
    // One hop is the same subnet: nothing has lowered the 255 yet.
    try SocketOptions.set(raw, ip, IP_MINTTL, 256 - Int32(hops))
  }

  private static func sign(
    _ raw: Int32, _ peer: IPv4Address, _ password: [UInt8]
  ) throws(Errno) {
    var signature = tcp_md5sig()
    var address = SocketAddress.ipv4(peer, port: 0)
    unsafe withUnsafeMutableBytes(of: &signature.tcpm_addr) { field in
      unsafe withUnsafeBytes(of: &address) { unsafe field.copyMemory(from: $0) }
    }
    signature.tcpm_keylen = UInt16(password.count)
    unsafe withUnsafeMutableBytes(of: &signature.tcpm_key) { field in
      unsafe field.copyBytes(from: password)
    }
    let size = UInt32(MemoryLayout<tcp_md5sig>.size)
    try system {
      unsafe clinux_setsockopt_bytes(raw, Int32(IPPROTO_TCP), TCP_MD5SIG, &signature, size)
    }
  }
}
