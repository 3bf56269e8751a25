// A socket that probes share, one that a BFD session sends from, and a connection of one probe.

import Linux
import Model
import Probes

/// Owns one datagram or packet socket. What it brings goes to the engine; what is asked through it
/// in one turn leaves together.
final class ProbeLine {
  private var socket: StampedSocket?
  /// Counts sockets: an event for an earlier one is dropped.
  private(set) var generation: UInt32 = 0
  /// Packets come with their IPv4 header.
  private(set) var isRaw = false
  /// Whether the loop wakes up when it has something.
  var isWatched = false
  /// What could not be read or sent, and why last.
  private(set) var failures: UInt64 = 0
  private(set) var lastError: Errno?
  /// Datagrams that the kernel could not queue.
  private(set) var overruns: UInt64 = 0
  /// What leaves together, and whose probe each is.
  private var departures = DepartureBatch()
  private var asked: [TargetSlot] = []
  /// How many of them have left, or will not.
  private var settled = 0

  init() { asked.reserveCapacity(DepartureBatch.capacity) }

  var isOpen: Bool { socket != nil }
  var raw: Int32? { socket?.raw }

  func adopt(_ fresh: consuming StampedSocket, isRaw: Bool = false) {
    generation &+= 1
    self.isRaw = isRaw
    isWatched = false
    socket = consume fresh
  }

  func close() {
    socket = nil
    isWatched = false
  }

  func note(_ error: Errno) {
    failures += 1
    lastError = error
  }

  /// Takes what has arrived; an open line's batch is empty afterwards when nothing has.
  func receive(into batch: inout ArrivalBatch) throws(Errno) {
    try socket?.receive(into: &batch)
  }

  // MARK: Asking

  /// Whether nothing more can be queued before `sendQueued`.
  var isFull: Bool { departures.isFull }

  /// Puts a probe with those that leave together.
  func queue(_ target: TargetSlot, _ piece: Range<Int>, to remote: IPv4Address? = nil) {
    departures.add(piece, to: remote)
    asked.append(target)
  }

  /// Sends what was queued, pieces of `bytes`, and answers whose probe the socket did not take: it
  /// then wants to be called again for the rest. nil: nothing is left.
  func sendQueued(_ bytes: Span<UInt8>) -> TargetSlot? {
    while settled < departures.count {
      do throws(Errno) {
        guard let sent = try socket?.send(departures, of: bytes, from: settled) else {
          throw Errno.notConnected
        }
        settled += sent
      } catch {
        note(error)
        settled += 1
        return asked[settled - 1]
      }
    }
    departures.removeAll()
    asked.removeAll(keepingCapacity: true)
    settled = 0
    return nil
  }

  func dropsMoved() throws(Errno) -> Bool {
    guard let haveMoved = try socket?.dropsMoved(), haveMoved else { return false }
    overruns += 1
    return true
  }
}

/// Owns the socket that a BFD session sends from.
final class ProbeSender {
  private var socket: StampedSocket?
  /// What could not be sent, and why last.
  private(set) var failures: UInt64 = 0
  private(set) var lastError: Errno?

  var isOpen: Bool { socket != nil }

  func adopt(_ fresh: consuming StampedSocket) { socket = consume fresh }

  func note(_ error: Errno) {
    failures += 1
    lastError = error
  }

  func send(_ datagram: Span<UInt8>, to remote: IPv4Address, port: UInt16) throws(Errno) {
    guard socket != nil else { throw .notConnected }
    try socket?.send(datagram, to: remote, port: port)
  }
}

/// Owns the connection of one lane of a target.
final class ProbeStream {
  private var socket: TCPSocket?
  private(set) var generation: UInt32 = 0
  private(set) var isConnecting = false

  var isOpen: Bool { socket != nil }

  /// Begins a connection and answers its descriptor.
  func connect(to remote: IPv4Address, port: UInt16) throws(Errno) -> Int32 {
    hangUp()
    let fresh = try TCPSocket.connect(to: remote, port: port)
    generation &+= 1
    isConnecting = true
    let raw = fresh.raw
    socket = consume fresh
    return raw
  }

  /// What became of the connection; nil: it stands.
  func finishConnecting() -> Errno? {
    isConnecting = false
    return socket?.connectResult()
  }

  var raw: Int32? { socket?.raw }

  func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Int? {
    try socket?.receive(into: &buffer)
  }

  /// A request fits into an empty socket; what does not is an error.
  func send(_ bytes: Span<UInt8>) throws(Errno) {
    guard try socket?.send(bytes) == bytes.count else { throw .noBuffers }
  }

  /// The other side has ended it; so do we.
  func close() {
    socket = nil
    isConnecting = false
  }

  /// Ends it with an RST: thousands of probes leave nothing in TIME-WAIT behind, here or there.
  func hangUp() {
    do throws(Errno) { try socket?.reset() } catch {
      // It was ended by the other side before; closing is all that is left to do.
      isConnecting = false
    }
    socket = nil
    isConnecting = false
  }
}
