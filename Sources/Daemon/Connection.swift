// One TCP connection of a route server: the socket, and what could not leave at once.

import BGP
import Linux
import Model

/// The socket behind a BGP session. The session itself lives in the engine and never sees it.
final class Connection {
  /// What may wait for one route server before the connection is given up. We chose it: room for a
  /// mass shift of `PlanLimits.prefixes` twice over.
  static let queueLimit = 4 << 20

  /// How long sent bytes may stay unacknowledged before the kernel gives the connection up: the
  /// hold time's default.
  static let userTimeout = Nanoseconds.seconds(30)

  /// TCP port of BGP (RFC 4271 section 8.2.1).
  static let port: UInt16 = 179

  /// Room for one read.
  static let reserve = 65_536

  enum Phase {
    case closed
    case connecting
    case open
  }

  private var socket: TCPSocket?
  private(set) var phase = Phase.closed
  /// Counts sockets: an event for an earlier one is dropped.
  private(set) var generation: UInt32 = 0
  private var queue: [UInt8] = []
  private var head = 0
  private(set) var updatesSent: UInt64 = 0
  private(set) var bytesSent: UInt64 = 0
  /// What the socket failed with last; nil again when a connection stands.
  private(set) var lastError: Errno?

  init() { queue.reserveCapacity(Connection.reserve) }

  var raw: Int32? { socket?.raw }
  var queued: Int { queue.count - head }

  /// Begins to connect; the answer is the descriptor to watch for writing.
  func connect(from local: IPv4Address, to remote: IPv4Address) throws(Errno) -> Int32 {
    close()
    generation &+= 1
    let fresh = try TCPSocket.connect(
      from: local, to: remote, port: Connection.port, userTimeout: Connection.userTimeout)
    let raw = fresh.raw
    socket = consume fresh
    phase = .connecting
    return raw
  }

  /// Takes a connection that the route server has opened; the answer is the descriptor to watch.
  func adopt(_ fresh: consuming TCPSocket) -> Int32 {
    close()
    generation &+= 1
    let raw = fresh.raw
    socket = consume fresh
    phase = .open
    lastError = nil
    return raw
  }

  /// Whether the connection that was begun stands, now that the socket is writable.
  func finishConnecting() throws(Errno) {
    guard phase == .connecting else { return }
    if let failure = socket?.connectResult() { throw failure }
    phase = .open
    lastError = nil
  }

  func note(_ error: Errno) { lastError = error }

  /// Leaves without a word: what is queued is dropped, what TCP already has is still delivered.
  func close() {
    do throws(Errno) {
      if phase == .open { try socket?.shutdownWrite() }
    } catch {
      // ENOTCONN: the other side was faster. What failed before it says more.
      lastError = lastError ?? error
    }
    socket = nil
    phase = .closed
    queue.removeAll(keepingCapacity: true)
    head = 0
  }

  func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Int? {
    guard phase == .open else { return nil }
    return try socket?.receive(into: &buffer) ?? nil
  }

  /// Sends now, behind what still waits; the rest stays in the queue.
  func send(_ bytes: Span<UInt8>, updates: Int) throws(Errno) {
    guard phase == .open else { return }
    var sent = 0
    if queued == 0 { sent = try socket?.send(bytes) ?? 0 }
    bytesSent += UInt64(sent)
    updatesSent += UInt64(updates)
    if sent == bytes.count { return }
    guard queued + bytes.count - sent <= Connection.queueLimit else { throw .noBuffers }
    for index in sent..<bytes.count { queue.append(bytes[index]) }
  }

  /// Sends what waits, as far as the socket takes it.
  func flush() throws(Errno) {
    guard phase == .open, queued > 0 else { return }
    let sent = try socket?.send(queue.span.extracting(head..<queue.count)) ?? 0
    bytesSent += UInt64(sent)
    head += sent
    if head == queue.count {
      queue.removeAll(keepingCapacity: true)
      head = 0
    }
  }

  /// Bytes that TCP has and the route server has not acknowledged; nil when there is no connection
  /// to ask.
  var bytesInFlight: Int? {
    do throws(Errno) {
      return try socket?.unacknowledged()
    } catch {
      return nil
    }
  }
}
