// What these tests need around them: scratch directories, pipes, commands and waiting.

import Glibc
import Linux
import Model
import Testing

/// Whether namespaces, packet sockets and capabilities can be tried.
let isRoot = geteuid() == 0
let rootReason: Comment = "needs root for namespaces, packet sockets or capabilities"

/// Long enough for the slowest machine; reached only by a failure.
let patience = Nanoseconds.seconds(20)

/// A directory that goes with everything in it.
struct Scratch: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/hopshift-linux-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template)
    try #require(unsafe made != nil)
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    guard let directory = unsafe opendir(path) else { return }
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { unsafe unlink("\(path)/\(name)") }
    }
    unsafe closedir(directory)
    unsafe rmdir(path)
  }
}

/// A pipe whose ends are closed by their owners.
struct Pipe: ~Copyable {
  let reading: Int32
  let writing: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    try #require(unsafe pipe(&ends) == 0)
    // Another test may fork at any moment, and its child must not hold our ends open.
    for end in ends { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
    reading = ends[0]
    writing = ends[1]
  }

  deinit { Glibc.close(reading) }

  /// What can be read up to the end of the file, or up to `limit` bytes; waits for it.
  func read(limit: Int = 65_536) -> [UInt8] { readAll(reading, limit: limit) }
}

/// Reads until the end or until `limit` bytes have come.
func readAll(_ descriptor: Int32, limit: Int) -> [UInt8] {
  var result: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: limit)
  while result.count < limit {
    let count = unsafe Glibc.read(descriptor, &piece, limit - result.count)
    if count <= 0 { break }
    result += piece[0..<count]
  }
  return result
}

/// The bytes of the last receive as an array.
func bytes(_ buffer: borrowing ReceiveBuffer) -> [UInt8] {
  buffer.withBytes { span in
    var result: [UInt8] = []
    for index in span.indices { result.append(span[index]) }
    return result
  }
}

/// A name that no other run of the tests uses at the same time.
func uniqueName(_ purpose: String) -> String { "hopshift-\(purpose)-\(getpid())" }

/// Runs a command to its end and requires that it succeeds.
func run(_ arguments: String..., in namespace: String? = nil) throws {
  let process = try Subprocess(arguments: arguments, in: namespace)
  let exit = try process.wait(until: Clock.monotonic() + patience)
  try #require(exit == .exited(0), "\(arguments.joined(separator: " "))")
}

/// Waits until one descriptor is ready.
func awaitReady(_ descriptor: Int32, _ interest: Interest) throws {
  var epoll = try Epoll(capacity: 1)
  let token = EventToken(kind: 1, slot: 0, generation: 0)
  try epoll.add(descriptor, token: token, interest: interest)
  try #require(try epoll.wait(until: Clock.monotonic() + patience) == 1)
}

/// Sends all of an array's bytes in one call and answers how many were taken.
func send(_ bytes: [UInt8], on socket: borrowing TCPSocket) throws -> Int {
  try socket.send(bytes.span)
}

/// bind(2) of a UNIX socket to a path.
func bindUnix(_ descriptor: Int32, to path: String) throws {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  unsafe withUnsafeMutableBytes(of: &address.sun_path) {
    unsafe $0.copyBytes(from: Array(path.utf8))
  }
  let result = unsafe withUnsafePointer(to: &address) {
    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(result == 0)
}
