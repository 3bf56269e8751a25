// The control socket: a stream socket with a path.

import CLinux

/// Listens on a path; the socket file goes with this value, an empty `.lock` beside it stays.
package struct UnixListener: ~Copyable {
  /// Waiting clients beyond this are refused. We chose it: clients are people and the courier.
  private static let backlog: Int32 = 32

  private let descriptor: Descriptor
  private let path: String
  /// What the path named when we had bound it: by then somebody else's file may stand there.
  private let device: UInt64
  private let inode: UInt64

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  /// Binds the path with these permission bits. A socket file that nobody listens on is replaced;
  /// EADDRINUSE when somebody does, or when the path is another kind of file.
  package init(path: String, mode: UInt32) throws(Errno) {
    let address = try SocketAddress.unix(path)
    // Two starts at once must not both find the file stale and replace each other's: who holds
    // the lock goes first. Its file stays, because removing it would let a third one in.
    let lock = try Files.open(path + ".lock", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
    try system { clinux_flock(lock.raw, LOCK_EX) }
    let descriptor = try StreamSocket.unix()
    // The file takes the socket's own mode, less the umask, at once; chmod gives back what that
    // took.
    try system { clinux_fchmod(descriptor.raw, mode) }
    do throws(Errno) {
      try UnixListener.bind(descriptor.raw, address)
    } catch {
      guard error == .addressInUse, try UnixListener.isStale(path, address) else { throw error }
      try system { unsafe path.withCString { unsafe clinux_unlink($0) } }
      try UnixListener.bind(descriptor.raw, address)
    }
    try system { unsafe path.withCString { unsafe clinux_chmod($0, mode) } }
    try system { clinux_listen(descriptor.raw, UnixListener.backlog) }
    (device, inode) = try UnixListener.identity(path)
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    do throws(Errno) {
      let (device, inode) = try UnixListener.identity(path)
      guard device == self.device, inode == self.inode else { return }
      try system { unsafe path.withCString { unsafe clinux_unlink($0) } }
    } catch {
      // Somebody removed the file or the directory before us; the next start copes with what is
      // left.
      return
    }
  }

  /// The next connection, or nil when none waits.
  package func accept() throws(Errno) -> UnixStream? {
    guard let raw = try StreamSocket.accept(raw) else { return nil }
    return UnixStream(adopting: Descriptor(adopting: raw))
  }

  private static func bind(_ raw: Int32, _ address: sockaddr_un) throws(Errno) {
    var address = address
    let size = UInt32(MemoryLayout<sockaddr_un>.size)
    try system { unsafe clinux_bind(raw, &address, size) }
  }

  /// Whether the path is a socket that nobody listens on.
  private static func isStale(_ path: String, _ address: sockaddr_un) throws(Errno) -> Bool {
    guard try Files.isSocket(path) else { return false }
    let probe = try StreamSocket.unix()
    do throws(Errno) {
      try StreamSocket.connect(probe.raw, address)
    } catch {
      return error == .connectionRefused
    }
    return false
  }

  private static func identity(_ path: String) throws(Errno) -> (UInt64, UInt64) {
    let status = try Files.status(path)
    return (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}
