// The way to the fabric from whoever programs it, over a UNIX socket.

import Linux
import Model
import Platform

/// One connection that is made again when it breaks; then everything is told anew.
struct FabricLink: ~Copyable {
  /// Between two attempts. We chose it: short beside everything that is measured.
  private static let retry = Nanoseconds.milliseconds(100)
  /// Bytes that may wait; beyond, the fabric stands still and is left alone for a while.
  private static let backlog = 8 << 20
  static let kind: UInt8 = 5

  private let path: String
  private var stream: UnixStream?
  private var waiting: [UInt8] = []
  private var generation: UInt32 = 0
  private var interest = Interest.read
  /// When to try again; nil while connected.
  private(set) var deadline: Instant?
  private var buffer = ReceiveBuffer(capacity: 4_096)

  init(path: String, at now: Instant) {
    self.path = path
    deadline = now
  }

  private var token: EventToken {
    EventToken(kind: FabricLink.kind, slot: 0, generation: generation)
  }

  /// Connects, and tells everything that is in force, as lines; to be called when the deadline is
  /// reached.
  mutating func connect(
    _ all: String, _ epoll: borrowing Epoll, at now: Instant
  ) throws(Errno) {
    deadline = now + FabricLink.retry
    let opened: UnixStream
    do throws(Errno) {
      opened = try UnixStream.connect(path: path)
    } catch {
      // The fabric is not there, or busy: both pass.
      guard [.noSuchFile, .connectionRefused, .again].contains(error) else { throw error }
      return
    }
    generation &+= 1
    interest = .read
    try epoll.add(opened.raw, token: token, interest: .read)
    stream = consume opened
    deadline = nil
    waiting = Array(all.utf8)
    try flush(epoll, at: now)
  }

  /// Tells a change.
  mutating func tell(
    _ lines: String, _ epoll: borrowing Epoll, at now: Instant
  ) throws(Errno) {
    guard deadline == nil else { return }
    waiting += Array(lines.utf8)
    guard waiting.count <= FabricLink.backlog else { return drop(at: now) }
    try flush(epoll, at: now)
  }

  /// What a route server instance says of itself, and of each prefix.
  static func greeting(of name: String) -> String { "- instance \(name)\n" }
  static func line(for done: ProgrammingQueue.Done) -> String {
    let hops = done.hops.map { " \($0)" }.joined()
    return "- program \(done.prefix) \(done.pathLength)\(hops)\n"
  }

  mutating func take(
    _ event: Epoll.Event, _ epoll: borrowing Epoll, at now: Instant
  ) throws(Errno) {
    guard event.token.generation == generation, deadline == nil else { return }
    if event.hangup || event.error { return drop(at: now) }
    if event.readable, !isThere() { return drop(at: now) }
    if event.writable { try flush(epoll, at: now) }
  }

  /// Nothing is ever said on this side: only the end can be read.
  private mutating func isThere() -> Bool {
    switch stream {
    case .some(let stream):
      do throws(Errno) {
        return try stream.receive(into: &buffer) != 0
      } catch {
        return false
      }
    case .none: return false
    }
  }

  private mutating func drop(at now: Instant) {
    stream = nil
    waiting.removeAll()
    deadline = now + FabricLink.retry
  }

  private mutating func flush(_ epoll: borrowing Epoll, at now: Instant) throws(Errno) {
    var isGone = false
    switch stream {
    case .some(let stream):
      do throws(Errno) {
        while !waiting.isEmpty {
          let sent = try stream.send(waiting.span)
          if sent == 0 { break }
          waiting.removeFirst(sent)
        }
      } catch {
        isGone = true
      }
      let wanted: Interest = waiting.isEmpty ? .read : .readAndWrite
      if !isGone, wanted != interest {
        interest = wanted
        try epoll.modify(stream.raw, token: token, interest: wanted)
      }
    case .none: return
    }
    if isGone { drop(at: now) }
  }
}
