// Namespaces and subprocesses: they do what they say and leave nothing behind.

import Glibc
import Linux
import Model
import Testing

private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

@Suite(.timeLimit(.minutes(1))) struct LaboratoryTests {
  @Test(.enabled(if: isRoot, rootReason)) func aNamespaceIsEnteredAndLeft() throws {
    let name = uniqueName("entered")
    let home = unsafe if_nametoindex("probe-hopshift")
    let namespace = try NetworkNamespace.create(name)
    try run("ip", "link", "add", "probe-hopshift", "type", "bridge", in: name)
    #expect(namespace.run { unsafe if_nametoindex("probe-hopshift") } != 0)
    #expect(unsafe if_nametoindex("probe-hopshift") == home)
    // A second view of the same namespace does not remove it.
    let view = try NetworkNamespace.open(name)
    #expect(view.run { unsafe if_nametoindex("probe-hopshift") } != 0)
    _ = consume view
    #expect(exists("/run/netns/\(name)"))
    _ = consume namespace
    #expect(!exists("/run/netns/\(name)"))
  }

  @Test(.enabled(if: isRoot, rootReason)) func theThreadComesBackFromAnError() throws {
    let namespace = try NetworkNamespace.create(uniqueName("error"))
    let before = try ownNamespace()
    let inside = try namespace.run { try ownNamespace() }
    #expect(inside != before)
    #expect(throws: Errno.inputOutput) { try namespace.run { throw Errno.inputOutput } }
    #expect(try ownNamespace() == before)
  }

  @Test(.enabled(if: isRoot, rootReason)) func aNameIsTakenOnce() throws {
    let name = uniqueName("once")
    let namespace = try NetworkNamespace.create(name)
    #expect(throws: Errno.fileExists) { _ = try NetworkNamespace.create(name) }
    #expect(exists("/run/netns/\(name)"))
    _ = consume namespace
    #expect(throws: Errno.noSuchFile) { _ = try NetworkNamespace.open(name) }
    // What a killed run left goes by name; twice does no harm.
    try run("ip", "netns", "add", name)
    try NetworkNamespace.remove(name)
    try NetworkNamespace.remove(name)
    #expect(!exists("/run/netns/\(name)"))
  }

  @Test(arguments: ["", ".", "..", "a/b", "a\0b", String(repeating: "x", count: 256)])
  func aNameIsAFileName(name: String) {
    #expect(throws: Errno.invalidArgument) { _ = try NetworkNamespace.open(name) }
  }

  @Test func endingsAreTold() throws {
    let scratch = try Scratch()
    let output = "\(scratch.path)/output"
    let echo = try Subprocess(
      arguments: ["sh", "-c", "echo \"$WORD\"; echo error >&2; exit 3"],
      environment: ["WORD=spoken", "PATH=/usr/bin:/bin"], output: output)
    #expect(try echo.wait(until: Clock.monotonic() + patience) == .exited(3))
    #expect(try echo.wait(until: .zero) == .exited(3))
    #expect(try !echo.isRunning)
    let bytes = try Files.read(path: output, limit: 1000)
    #expect(String(decoding: bytes, as: UTF8.self) == "spoken\nerror\n")
  }

  @Test func signalsArrive() throws {
    let process = try Subprocess(arguments: ["sleep", "1000"])
    #expect(try process.isRunning)
    #expect(try process.wait(until: Clock.monotonic() + .milliseconds(1)) == nil)
    try process.signal(SIGTERM)
    #expect(try process.wait(until: Clock.monotonic() + patience) == .signalled(SIGTERM))
  }

  @Test func whatCannotStartSaysWhy() {
    #expect(throws: Errno.noSuchFile) { _ = try Subprocess(arguments: ["/no/such/program"]) }
    #expect(throws: Errno.accessDenied) { _ = try Subprocess(arguments: ["/etc/passwd"]) }
    #expect(throws: Errno.invalidArgument) { _ = try Subprocess(arguments: []) }
    #expect(throws: Errno.noSuchFile) {
      _ = try Subprocess(arguments: ["true"], in: "no-such-namespace-of-hopshift")
    }
  }

  @Test func theWholeGroupGoesWithItsOwner() throws {
    let scratch = try Scratch()
    let fifo = "\(scratch.path)/alive"
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    let script = "exec 3>\(fifo); echo up >&3; sleep 1000 & wait"
    let process = try Subprocess(arguments: ["sh", "-c", script])
    let processID = process.processID
    let reader = Descriptor(adopting: unsafe open(fifo, O_RDONLY | O_CLOEXEC))
    #expect(readAll(reader.raw, limit: 3) == Array("up\n".utf8))
    #expect(kill(processID, 0) == 0)
    _ = consume process
    // The end of file comes when the shell and its own child, who both hold the pipe, are dead.
    #expect(readAll(reader.raw, limit: 1) == [])
    #expect(kill(processID, 0) == -1)
  }

  @Test func nothingOutlivesAParentThatWasKilled() async throws {
    let scratch = try Scratch()
    let fifo = "\(scratch.path)/alive"
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    // Open for both, so that no side waits for the other to come.
    let reader = Descriptor(adopting: unsafe open(fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK))
    await #expect(processExitsWith: .signal(SIGKILL)) { [fifo = fifo as String] in
      let script = "exec 3>\(fifo); echo up >&3; exec sleep 1000"
      let process = try Subprocess(arguments: ["sh", "-c", script], output: "/dev/null")
      let seen = Descriptor(adopting: unsafe open(fifo, O_RDONLY | O_CLOEXEC))
      try #require(readAll(seen.raw, limit: 3) == Array("up\n".utf8))
      kill(getpid(), SIGKILL)
      _ = consume process
    }
    // Our own writing end goes; then the end of file says that the grandchild is dead.
    let last = Descriptor(adopting: unsafe open(fifo, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    reader.close()
    var entry = pollfd(fd: last.raw, events: Int16(POLLIN), revents: 0)
    #expect(unsafe poll(&entry, 1, 20_000) == 1)
    #expect(readAll(last.raw, limit: 1) == [])
  }

  /// The identity of this thread's network namespace.
  private func ownNamespace() throws -> UInt64 {
    var status = stat()
    try #require(unsafe stat("/proc/thread-self/ns/net", &status) == 0)
    return UInt64(status.st_ino)
  }
}
