// The daemon's end of the control socket as a script: what the command line meets when it calls.
import Control
import Linux
import Model
import Testing

/// How the daemon behaves.
enum Behaviour: Sendable {
  /// The socket file is not there.
  case absent
  /// The socket file is there and nobody listens.
  case dead
  /// Listens and does nothing, as a stopped process does.
  case stopped
  /// Closes each connection at once.
  case closing
  /// The socket is not for this user.
  case forbidden
  /// Sends this to who connects, whatever is asked.
  case saying(String)
  /// Answers each request by its verb; `$ID` stands for the request's identifier.
  case answering([Verb: String])
  /// Answers, and sends this to the monitor again and again.
  case streaming(String)
  /// Answers `version` so many times and then nothing more.
  case freezing(after: Int)
}

/// How one run of the command line ended.
struct Outcome {
  var exit: Subprocess.Exit?
  var output: String
  var errors: String
  var took: Nanoseconds
  /// What the daemon was asked.
  var requests: [Request]
}

/// Runs the command line against a behaviour, all in one thread.
struct Stage: ~Copyable {
  private enum Source { static let listener: UInt8 = 0, child: UInt8 = 1, stream: UInt8 = 2 }

  /// No run takes so long unless it hangs.
  private static let patience =
    Nanoseconds.seconds(20)
    * (Environment.value("HOPSHIFT_PATIENCE").flatMap { Int64($0) } ?? 1)
  /// How often a streaming daemon sends.
  private static let pace = Nanoseconds.milliseconds(5)

  private let behaviour: Behaviour
  private let directory: String
  private var stream: UnixStream?
  private var lines = LineBuffer(limit: ControlLimits.requestLine)
  private var buffer = ReceiveBuffer()
  private var requests: [Request] = []
  private var monitor: String?

  /// `script` is for `sh`: `$HOPSHIFT` is the program and `$SOCKET` the control socket.
  static func run(_ script: String, _ behaviour: Behaviour = .absent) throws -> Outcome {
    let directory = try temporaryDirectory()
    defer { removeDirectory(directory) }
    var stage = Stage(behaviour: behaviour, directory: directory)
    return try stage.run(script)
  }

  private init(behaviour: Behaviour, directory: String) {
    self.behaviour = behaviour
    self.directory = directory
  }

  private mutating func run(_ script: String) throws -> Outcome {
    let listener = try listen()
    var epoll = try Epoll(capacity: 8)
    switch listener {
    case .some(let listener):
      let token = EventToken(kind: Source.listener, slot: 0, generation: 0)
      try epoll.add(listener.raw, token: token, interest: .read)
    case .none: break
    }
    let start = Clock.monotonic()
    let child = try Subprocess(
      arguments: ["sh", "-c", "exec 2>\(directory)/errors; \(script)"],
      environment: [
        "HOPSHIFT=\(programPath)", "SOCKET=\(directory)/socket",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM=xterm", "DIRECTORY=\(directory)",
      ], output: "\(directory)/output")
    try epoll.add(
      child.raw, token: EventToken(kind: Source.child, slot: 0, generation: 0), interest: .read)
    while try child.isRunning, Clock.monotonic() < start + Stage.patience {
      let until = monitor == nil ? start + Stage.patience : Clock.monotonic() + Stage.pace
      for position in 0..<(try epoll.wait(until: until)) {
        switch epoll.event(at: position).token.kind {
        case Source.listener:
          switch listener {
          case .some(let listener): try accept(listener, &epoll)
          case .none: break
          }
        case Source.stream: try receive()
        default: break
        }
      }
      if let monitor, case .streaming(let text) = behaviour { try send(text, monitor) }
    }
    return Outcome(
      exit: try child.exit(), output: try content("output"), errors: try content("errors"),
      took: Clock.monotonic() - start, requests: requests)
  }

  private func listen() throws -> UnixListener? {
    let path = "\(directory)/socket"
    switch behaviour {
    case .absent: return nil
    case .dead:
      try leaveDeadSocket(path)
      return nil
    case .forbidden: return try UnixListener(path: path, mode: 0)
    default: return try UnixListener(path: path, mode: 0o600)
    }
  }

  private mutating func accept(_ listener: borrowing UnixListener, _ epoll: inout Epoll) throws {
    if case .stopped = behaviour {
      try epoll.remove(listener.raw)
      return
    }
    guard let new = try listener.accept() else { return }
    if case .closing = behaviour { return }
    try epoll.add(
      new.raw, token: EventToken(kind: Source.stream, slot: 0, generation: 0), interest: .read)
    stream = consume new
    if case .saying(let text) = behaviour { try send(text, "") }
  }

  private mutating func receive() throws {
    guard let count = try receiveOnce() else { return }
    if count == 0 {
      stream = nil
      monitor = nil
      return
    }
    let received = buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    try lines.append(received.span)
    while let line = try lines.next() {
      let request = try Request(line: line.span)
      requests.append(request)
      try answer(request)
    }
  }

  /// The kernel tells a reset when the caller went with a part of the stream unread.
  private mutating func receiveOnce() throws(Errno) -> Int? {
    do throws(Errno) {
      switch stream {
      case .some(let stream): return try stream.receive(into: &buffer)
      case .none: return nil
      }
    } catch {
      guard error == .connectionReset else { throw error }
      return 0
    }
  }

  private mutating func answer(_ request: Request) throws {
    switch behaviour {
    case .answering(let answers): try send(answers[request.verb] ?? "", request.id)
    case .streaming:
      if request.verb == .monitor { monitor = request.id }
      if request.verb == .version { try send(Answers.version, request.id) }
    case .freezing(let after):
      if requests.filter({ $0.verb == .version }).count <= after {
        if request.verb == .version { try send(Answers.version, request.id) }
      }
    default: break
    }
  }

  /// What is sent here fits the socket's buffer; a caller who has gone is no error of the test.
  private func send(_ text: String, _ id: String) throws {
    let bytes = Array(text.replacing("$ID", with: id).utf8)
    if bytes.isEmpty { return }
    do throws(Errno) {
      let count = try sendOnce(bytes)
      // A stream that is full drops what does not fit, as the daemon does.
      if monitor == nil { #expect(count == bytes.count) }
    } catch {
      guard error == .brokenPipe || error == .connectionReset else { throw error }
    }
  }

  private func sendOnce(_ bytes: [UInt8]) throws(Errno) -> Int {
    switch stream {
    case .some(let stream): try stream.send(bytes.span)
    case .none: bytes.count
    }
  }

  private func content(_ name: String) throws -> String {
    String(
      decoding: try Files.read(path: "\(directory)/\(name)", limit: 8 << 20), as: UTF8.self)
  }
}
