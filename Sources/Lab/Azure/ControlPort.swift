// The control socket of a part of the simulated platform, from the side that answers.

import Control
import Linux

/// Takes lines from clients and lets the owner answer each at once. Its descriptors are in the
/// owner's epoll set.
final class ControlPort {
  /// We chose it: the lab asks one question at a time, and each instance keeps a connection.
  static let clientLimit = 16
  /// Bytes that may wait for a client that does not read; one more and it is dropped.
  private static let backlog = 8 << 20
  static let doorKind: UInt8 = 1
  static let clientKind: UInt8 = 2

  /// A line that came in.
  struct Request {
    var client: Int
    /// Answers bear it; `-` wants none.
    var id: String
    var words: [String]
  }

  /// What one event brought.
  struct News {
    var requests: [Request] = []
    /// A client that has gone.
    var gone: Int?
  }

  private final class Client {
    let stream: UnixStream
    var lines = LineBuffer(limit: ControlLimits.requestLine)
    var waiting: [UInt8] = []
    init(_ stream: consuming UnixStream) { self.stream = stream }
  }

  private let door: UnixListener
  private var clients: [Client?] = Array(repeating: nil, count: ControlPort.clientLimit)
  private var generation: UInt32 = 0
  private var generations = [UInt32](repeating: 0, count: ControlPort.clientLimit)
  private var buffer = ReceiveBuffer()

  init(path: String, _ epoll: borrowing Epoll) throws(Errno) {
    door = try UnixListener(path: path, mode: 0o600)
    let token = EventToken(kind: ControlPort.doorKind, slot: 0, generation: 0)
    try epoll.add(door.raw, token: token, interest: .read)
  }

  /// Whether an event is for this port.
  static func owns(_ event: Epoll.Event) -> Bool {
    event.token.kind == doorKind || event.token.kind == clientKind
  }

  func take(_ event: Epoll.Event, _ epoll: borrowing Epoll) throws(Errno) -> News {
    if event.token.kind == ControlPort.doorKind {
      try accept(epoll)
      return News()
    }
    let slot = Int(event.token.slot)
    guard generations[slot] == event.token.generation, let client = clients[slot] else {
      return News()
    }
    var news = News()
    var isGone = event.error || (event.hangup && !event.readable)
    if event.readable { isGone = !read(client, slot, into: &news) || isGone }
    if event.writable, !isGone { isGone = try !flush(client, slot, epoll) }
    if isGone {
      clients[slot] = nil
      news.gone = slot
    }
    return news
  }

  private func accept(_ epoll: borrowing Epoll) throws(Errno) {
    while let stream = try door.accept() {
      guard let slot = clients.firstIndex(where: { $0 == nil }) else { continue }
      generation &+= 1
      generations[slot] = generation
      try epoll.add(stream.raw, token: token(slot), interest: .read)
      clients[slot] = Client(stream)
    }
  }

  private func token(_ slot: Int) -> EventToken {
    EventToken(
      kind: ControlPort.clientKind, slot: UInt16(slot), generation: generations[slot])
  }

  /// False when the client has gone or sends what is no line.
  private func read(_ client: Client, _ slot: Int, into news: inout News) -> Bool {
    do throws(Errno) {
      while client.lines.room > 0 {
        guard let count = try client.stream.receive(into: &buffer) else { return true }
        if count == 0 { return false }
        guard take(client, slot, into: &news) else { return false }
      }
    } catch {
      return false
    }
    return true
  }

  private func take(_ client: Client, _ slot: Int, into news: inout News) -> Bool {
    do throws(LineBufferError) {
      // A receive may bring more than the buffer of lines holds at once.
      var offset = 0
      let whole = buffer.withBytes { span in span.indices.map { span[$0] } }
      while offset < whole.count {
        let piece = Array(whole[offset..<min(whole.count, offset + client.lines.room)])
        offset += piece.count
        try client.lines.append(piece.span)
        while let line = try client.lines.next() {
          let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
          guard let id = words.first else { continue }
          news.requests.append(
            Request(client: slot, id: id, words: Array(words.dropFirst())))
        }
      }
      return true
    } catch {
      return false
    }
  }

  /// Sends the records of an answer and its end; nothing when none is wanted.
  func answer(
    _ request: Request, _ records: [UInt8], _ code: ExitCode, _ message: String,
    _ epoll: borrowing Epoll
  ) throws(Errno) {
    guard request.id != "-", let client = clients[request.client] else { return }
    client.waiting += records + JSONLine.end(id: request.id, code: code, message: message)
    guard client.waiting.count <= ControlPort.backlog,
      try flush(client, request.client, epoll)
    else {
      clients[request.client] = nil
      return
    }
  }

  /// False when the client has gone.
  private func flush(_ client: Client, _ slot: Int, _ epoll: borrowing Epoll) throws(Errno) -> Bool
  {
    do throws(Errno) {
      while !client.waiting.isEmpty {
        let bytes = client.waiting
        let sent = try client.stream.send(bytes.span)
        if sent == 0 { break }
        client.waiting.removeFirst(sent)
      }
    } catch {
      return false
    }
    let interest: Interest = client.waiting.isEmpty ? .read : .readAndWrite
    try epoll.modify(client.stream.raw, token: token(slot), interest: interest)
    return true
  }
}
