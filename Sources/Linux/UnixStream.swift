// A connection on the control socket, seen from either side.

import CLinux
package import Model

/// Who is at the other end, as the kernel saw it when the connection was made.
package struct PeerCredentials: Equatable, Sendable {
  package var userID: UInt32
  package var groupID: UInt32
  package var processID: Int32
  /// The supplementary groups.
  package var groups: [UInt32]

  package init(userID: UInt32, groupID: UInt32, processID: Int32, groups: [UInt32]) {
    self.userID = userID
    self.groupID = groupID
    self.processID = processID
    self.groups = groups
  }
}

/// One connected UNIX stream socket. It never waits, except in `wait`.
package struct UnixStream: ~Copyable {
  /// NGROUPS_MAX of the kernel.
  private static let groupsLimit = 65_536

  private let descriptor: Descriptor

  /// The descriptor, to be watched.
  package var raw: Int32 { descriptor.raw }

  /// Takes over a connected socket.
  init(adopting descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Connects at once or not at all: ENOENT and ECONNREFUSED say that nobody listens, EAGAIN that
  /// too many wait.
  package static func connect(path: String) throws(Errno) -> UnixStream {
    let address = try SocketAddress.unix(path)
    let descriptor = try StreamSocket.unix()
    try StreamSocket.connect(descriptor.raw, address)
    return UnixStream(adopting: descriptor)
  }

  /// Reads once: how many bytes came, 0 at the end of the stream, nil when nothing is there yet.
  package func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Int? {
    try StreamSocket.receive(raw, into: &buffer)
  }

  /// Writes once: how many bytes the kernel took, 0 when it would have had to wait.
  package func send(_ bytes: Span<UInt8>) throws(Errno) -> Int {
    try StreamSocket.send(raw, bytes)
  }

  /// Waits until the stream is ready, in error or hung up, but no longer than `length`; false when
  /// the time was over. For the client's side.
  package func wait(_ interest: Interest, for length: Nanoseconds) -> Bool {
    StreamSocket.wait(raw, interest, for: length)
  }

  /// Says that nothing more will be written; reading goes on.
  package func shutdownWrite() throws(Errno) {
    try system { clinux_shutdown_write(raw) }
  }

  /// Who is at the other end (SO_PEERCRED, SO_PEERGROUPS).
  package func peer() throws(Errno) -> PeerCredentials {
    var credentials = clinux_credentials()
    var length = UInt32(MemoryLayout<clinux_credentials>.size)
    try system {
      unsafe clinux_getsockopt(raw, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
    }
    return PeerCredentials(
      userID: credentials.uid, groupID: credentials.gid, processID: credentials.pid,
      groups: try groups())
  }

  private func groups() throws(Errno) -> [UInt32] {
    var length = UInt32(0)
    // Asked with no room, the kernel answers ERANGE and the room it needs.
    do throws(Errno) {
      try system { unsafe clinux_getsockopt(raw, SOL_SOCKET, SO_PEERGROUPS, nil, &length) }
      return []
    } catch {
      guard error.code == ERANGE else { throw error }
    }
    let size = MemoryLayout<UInt32>.size
    let count = Int(length) / size
    guard count <= UnixStream.groupsLimit else { throw Errno(code: ERANGE) }
    var groups = [UInt32](repeating: 0, count: count)
    try system { unsafe clinux_getsockopt(raw, SOL_SOCKET, SO_PEERGROUPS, &groups, &length) }
    return Array(groups.prefix(Int(length) / size))
  }
}

extension StreamSocket {
  /// A new UNIX stream socket.
  static func unix() throws(Errno) -> Descriptor {
    let type = Int32(clinux_sock_stream)
    return Descriptor(adopting: Int32(try system { clinux_socket(AF_UNIX, type, 0) }))
  }

  static func connect(_ raw: Int32, _ address: sockaddr_un) throws(Errno) {
    var address = address
    let size = UInt32(MemoryLayout<sockaddr_un>.size)
    try system { unsafe clinux_connect(raw, &address, size) }
  }
}
