// The control socket's file, its clients and who they are.

import Glibc
import Linux
import Model
import Testing

/// Binds a path and goes away without removing it, as a killed daemon does.
private func leaveStaleSocket(at path: String) throws {
  let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  try #require(raw >= 0)
  let owned = Descriptor(adopting: raw)
  try bindUnix(owned.raw, to: path)
}

/// Whether a connection waits; it is taken and closed.
private func accepts(_ listener: borrowing UnixListener) throws -> Bool {
  switch try listener.accept() {
  case .some: true
  case .none: false
  }
}

private func fileMode(_ path: String) -> UInt32? {
  var status = stat()
  return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
}

@Suite(.timeLimit(.minutes(1))) struct UnixSocketTests {
  @Test func requestAndAnswer() throws {
    let scratch = try Scratch()
    let listener = try UnixListener(path: "\(scratch.path)/control", mode: 0o660)
    #expect(try !accepts(listener))
    let client = try UnixStream.connect(path: "\(scratch.path)/control")
    try awaitReady(listener.raw, .read)
    let accepted = try listener.accept()
    guard let server = accepted else {
      Issue.record("no connection")
      return
    }
    var buffer = ReceiveBuffer()
    #expect(try server.receive(into: &buffer) == nil)
    #expect(client.wait(.read, for: .milliseconds(1)) == false)
    let request: [UInt8] = [1, 2, 3]
    #expect(client.wait(.write, for: patience) == true)
    #expect(try client.send(request.span) == 3)
    #expect(server.wait(.read, for: patience) == true)
    #expect(try server.receive(into: &buffer) == 3)
    #expect(bytes(buffer) == request)
    try client.shutdownWrite()
    #expect(server.wait(.read, for: patience) == true)
    #expect(try server.receive(into: &buffer) == 0)
  }

  @Test func theFileHasItsModeAndGoesWithTheListener() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/control"
    for mode in [0o600, 0o660, 0o666] as [UInt32] {
      let listener = try UnixListener(path: path, mode: mode)
      #expect(fileMode(path) == mode)
      _ = consume listener
      #expect(fileMode(path) == nil)
    }
  }

  @Test func aStaleFileIsReplaced() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/control"
    try leaveStaleSocket(at: path)
    #expect(throws: Errno.connectionRefused) { _ = try UnixStream.connect(path: path) }
    let listener = try UnixListener(path: path, mode: 0o600)
    let client = try UnixStream.connect(path: path)
    #expect(try accepts(listener))
    _ = consume client
  }

  @Test func aLivingListenerIsLeftAlone() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/control"
    let listener = try UnixListener(path: path, mode: 0o600)
    #expect(throws: Errno.addressInUse) { _ = try UnixListener(path: path, mode: 0o600) }
    let client = try UnixStream.connect(path: path)
    // The second start's question was a connection too; both are there.
    #expect(try accepts(listener))
    #expect(try accepts(listener))
    _ = consume client
  }

  @Test func anotherKindOfFileIsLeftAlone() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/control"
    let content: [UInt8] = [1, 2, 3]
    try Files.writeAtomically(path: path, bytes: content.span, mode: 0o600)
    #expect(throws: Errno.addressInUse) { _ = try UnixListener(path: path, mode: 0o600) }
    #expect(try Files.read(path: path, limit: 10) == content)
  }

  @Test func aSuccessorsFileIsLeftAlone() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/control"
    let first = try UnixListener(path: path, mode: 0o600)
    try Files.removeIfPresent(path)
    let second = try UnixListener(path: path, mode: 0o600)
    _ = consume first
    let client = try UnixStream.connect(path: path)
    #expect(try accepts(second))
    _ = consume client
  }

  @Test(arguments: [
    (107, Errno.noSuchFile), (108, Errno.nameTooLong), (200, Errno.nameTooLong),
  ])
  func pathsAreBounded(length: Int, error: Errno) {
    // 107 bytes and the final zero are what sun_path holds; such a path is merely not there.
    let path = "/tmp/" + String(repeating: "x", count: length - 5)
    #expect(throws: error) { _ = try UnixStream.connect(path: path) }
  }

  @Test func thePeerIsKnown() throws {
    let scratch = try Scratch()
    let listener = try UnixListener(path: "\(scratch.path)/control", mode: 0o600)
    let client = try UnixStream.connect(path: "\(scratch.path)/control")
    let accepted = try listener.accept()
    guard let server = accepted else {
      Issue.record("no connection")
      return
    }
    let peer = try server.peer()
    #expect(peer.userID == geteuid())
    #expect(peer.groupID == getegid())
    #expect(peer.processID == getpid())
    var groups = [gid_t](repeating: 0, count: 65_536)
    let count = unsafe getgroups(Int32(groups.count), &groups)
    #expect(peer.groups == Array(groups.prefix(Int(count))))
    _ = consume client
  }

  @Test(.enabled(if: isRoot, rootReason)) func thePeersGroupsAreKnown() async {
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let groups: [gid_t] = [4, 20, 27_000]
      try #require(unsafe setgroups(groups.count, groups) == 0)
      let listener = try UnixListener(path: "\(scratch.path)/control", mode: 0o600)
      let client = try UnixStream.connect(path: "\(scratch.path)/control")
      let accepted = try listener.accept()
      switch accepted {
      case .some(let server):
        let peer = try server.peer()
        try #require(peer.groups == groups)
      case .none:
        throw Errno.notConnected
      }
      _ = consume client
    }
  }
}
