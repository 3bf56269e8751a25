// The client of the demo: fetches a page from the VIP every few milliseconds, as the articles do.

import Linux
package import Model

/// Begins a connection at a fixed pace, whatever became of those before, and notes the name that
/// the answer's body holds. It runs on a thread of its own.
package final class WebClient: Sendable {
  /// How often the client asks.
  package static let usualPace = Nanoseconds.milliseconds(10)
  /// How long it waits for an answer. We chose it: a busy machine shall not count as an outage, and
  /// a first SYN that is lost, which is sent again after a second, shall.
  package static let patience = Nanoseconds.milliseconds(500)
  /// Questions under way at once: those of the patience at the shortest pace, and some to spare.
  private static let lanes = 96
  private static let answerLimit = 4096

  package let log = QuestionLog()

  package init() {}

  /// One question under way.
  private final class Connection {
    let number: Int
    let socket: TCPSocket
    let deadline: Instant
    var hasAsked = false
    var answer: [UInt8] = []

    init(number: Int, socket: consuming TCPSocket, deadline: Instant) {
      self.number = number
      self.socket = socket
      self.deadline = deadline
    }
  }

  /// Starts to ask, in a network namespace or where this process is. Whoever starts must end what
  /// is answered.
  package func start(
    in namespace: String?, asking address: IPv4Address, port: UInt16 = Answerer.webPort,
    pace: Nanoseconds = WebClient.usualPace
  ) throws(LabError) -> ClientThread {
    do throws(Errno) {
      let worker = try Worker { [self] in
        do throws(Errno) {
          guard let namespace else { return try ask(address, port, pace) }
          try NetworkNamespace.open(namespace).run { () throws(Errno) in
            try ask(address, port, pace)
          }
        } catch {
          log.fail(error)
        }
      }
      return ClientThread(log, worker)
    } catch {
      throw .system(error, doing: "starting the client")
    }
  }

  private func ask(_ address: IPv4Address, _ port: UInt16, _ pace: Nanoseconds) throws(Errno) {
    let request = Array("GET / HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n".utf8)
    var epoll = try Epoll(capacity: WebClient.lanes)
    var buffer = ReceiveBuffer(capacity: WebClient.answerLimit)
    var lanes = [Connection?](repeating: nil, count: WebClient.lanes)
    var next = Clock.monotonic()
    while !log.mustStop {
      let now = Clock.monotonic()
      for index in lanes.indices where lanes[index].map({ $0.deadline <= now }) ?? false {
        lanes[index] = nil
      }
      if now >= next {
        guard let number = log.ask() else { return }
        next = next + pace
        if let lane = lanes.firstIndex(where: { $0 == nil }) {
          lanes[lane] = try begin(number, address, port, lane, epoll)
        }
      }
      let count = try epoll.wait(until: next)
      for position in 0..<count {
        let event = epoll.event(at: position)
        let lane = Int(event.token.slot)
        guard let connection = lanes[lane],
          UInt32(truncatingIfNeeded: connection.number) == event.token.generation
        else { continue }
        if try !goOn(connection, event, request, epoll, &buffer) { lanes[lane] = nil }
      }
    }
  }

  /// Begins a connection; nil when the network refuses at once, and the question stays without an
  /// answer.
  private func begin(
    _ number: Int, _ address: IPv4Address, _ port: UInt16, _ lane: Int, _ epoll: borrowing Epoll
  ) throws(Errno) -> Connection? {
    do throws(Errno) {
      let socket = try TCPSocket.connect(to: address, port: port)
      try epoll.add(socket.raw, token: token(number, lane), interest: .write)
      return Connection(
        number: number, socket: socket, deadline: Clock.monotonic() + WebClient.patience)
    } catch {
      guard EchoClient.isNews(error) else { throw error }
      return nil
    }
  }

  /// Whether the connection is still needed.
  private func goOn(
    _ connection: Connection, _ event: Epoll.Event, _ request: [UInt8], _ epoll: borrowing Epoll,
    _ buffer: inout ReceiveBuffer
  ) throws(Errno) -> Bool {
    do throws(Errno) {
      if !connection.hasAsked {
        guard connection.socket.connectResult() == nil else { return false }
        guard try connection.socket.send(request.span) == request.count else { return false }
        connection.hasAsked = true
        let lane = Int(event.token.slot)
        try epoll.modify(
          connection.socket.raw, token: token(connection.number, lane), interest: .read)
        return true
      }
      guard let count = try connection.socket.receive(into: &buffer) else { return true }
      guard count > 0, connection.answer.count < WebClient.answerLimit else { return false }
      buffer.withBytes { span in
        for index in span.indices { connection.answer.append(span[index]) }
      }
    } catch {
      // The other side reset it, or an error came in its stead: no answer.
      return false
    }
    guard let name = WebClient.name(in: connection.answer) else { return true }
    let moment = Moment(nanoseconds: Clock.wall().nanoseconds)
    log.note(Answer(from: name, moment: moment), to: connection.number)
    return false
  }

  private func token(_ number: Int, _ lane: Int) -> EventToken {
    EventToken(
      kind: 0, slot: UInt16(lane), generation: UInt32(truncatingIfNeeded: number))
  }

  /// The line that the body of an answer holds, once it is there whole.
  package static func name(in answer: [UInt8]) -> String? {
    let text = String(decoding: answer, as: UTF8.self)
    guard text.hasPrefix("HTTP/1.1 200 "), let head = text.firstRange(of: "\r\n\r\n"),
      text.utf8.last == 10
    else { return nil }
    let name = String(text[head.upperBound...]).trimmed
    return name.isEmpty || name.contains(" ") ? nil : name
  }
}
