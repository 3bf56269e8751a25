// One connection to the daemon: moves the bytes and tells the time for a Conversation.

import Console
import Control
import Linux
import Model

/// Asks one question and gives the records of its answer as they come.
struct Client: ~Copyable {
  private let stream: UnixStream
  private var buffer = ReceiveBuffer()
  private var conversation: Conversation

  init(socket: String, verb: Verb, words: [String] = []) throws(Trouble) {
    let conversation = try Client.question(verb, words)
    self.stream = try Client.connect(socket)
    self.conversation = conversation
  }

  /// The `end` record, once it has come.
  var end: Record? { conversation.end }

  /// The next records, at least one; nil when `until` has passed. What is readable is read before
  /// the daemon's silence is judged.
  mutating func next(until: Instant? = nil) throws(Trouble) -> [Conversation.Answer]? {
    while true {
      if let until, Clock.monotonic() >= until { return nil }
      try send()
      if let answers = try receive() {
        if !answers.isEmpty { return answers }
        continue
      }
      let now = Clock.monotonic()
      try conversation.turn(at: now)
      if conversation.outgoing.isEmpty { wait(from: now, until: until) } else { try send() }
    }
  }

  private static func question(
    _ verb: Verb, _ words: [String]
  ) throws(Trouble) -> Conversation {
    do throws(RequestError) {
      return try Conversation(verb, words: words, at: Clock.monotonic())
    } catch {
      throw .failed(error.message)
    }
  }

  private static func connect(_ socket: String) throws(Trouble) -> UnixStream {
    do throws(Errno) {
      return try UnixStream.connect(path: socket)
    } catch {
      switch error {
      case .noSuchFile: throw .notListening("No such file or directory")
      case .connectionRefused: throw .notListening("Connection refused")
      case .again: throw .notListening("too many others wait for it")
      case .accessDenied: throw .noPermission("Permission denied")
      case .notPermitted: throw .noPermission("Operation not permitted")
      default: throw .failed("\(error)")
      }
    }
  }

  private mutating func send() throws(Trouble) {
    guard !conversation.outgoing.isEmpty else { return }
    do throws(Errno) {
      let count = try stream.send(conversation.outgoing.span)
      conversation.outgoing.removeFirst(count)
    } catch {
      guard error == .brokenPipe || error == .connectionReset else { throw .failed("\(error)") }
      // The daemon has closed, but it may have said why before: that is still to be read.
      conversation.outgoing = []
    }
  }

  /// Nil when nothing is there.
  private mutating func receive() throws(Trouble) -> [Conversation.Answer]? {
    let count: Int?
    do throws(Errno) {
      count = try stream.receive(into: &buffer)
    } catch {
      throw error == .connectionReset ? .closed : .failed("\(error)")
    }
    guard let count else { return nil }
    if count == 0 { throw .closed }
    let now = Clock.monotonic()
    return try buffer.withBytes { bytes throws(Trouble) in
      try conversation.receive(bytes, at: now)
    }
  }

  private func wait(from now: Instant, until: Instant?) {
    let deadline = until.map { min($0, conversation.deadline) } ?? conversation.deadline
    _ = stream.wait(.read, for: max(.zero, deadline - now))
  }
}
