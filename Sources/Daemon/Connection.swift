// One TCP connection of a route server: the socket, and what could not leave at once.

import BGP
import Engine
import Linux
import Model

/// The socket behind a BGP session. The session itself lives in the engine and never sees it.
final class Connection {
  /// TCP port of BGP (RFC 4271 section 8.2.1).
  static let port: UInt16 = 179

  enum Phase {
    case closed
    case connecting
    case open
  }

  private(set) var peer: PeerSlot
  /// How long sent bytes may stay unacknowledged before the kernel gives the connection up: the
  /// hold time, since the session would not outlive it either.
  private let userTimeout: Nanoseconds
  private var socket: TCPSocket?
  private(set) var phase = Phase.closed
  /// Counts sockets: an event for an earlier one is dropped.
  private(set) var generation: UInt32 = 0
  private(set) var outbox: Outbox
  private var flights: Flights
  /// The engine was told that TCP has not taken everything, at so many completed messages.
  private var heldAt: UInt64?
  /// Since the connection stands.
  private(set) var bytesSent: UInt64 = 0
  private(set) var bytesAcknowledged: UInt64 = 0
  private(set) var updatesSent: UInt64 = 0
  /// Stamps of the kernel that its own count of unacknowledged bytes spoke against.
  private(set) var doubtfulStamps: UInt64 = 0
  /// What the socket failed with last, and when; nil again when the peer has closed a connection.
  private(set) var lastFailure: (error: Errno, at: Instant)?

  init(_ peer: PeerSlot, vips: Int, longest: Int, holdTime: Nanoseconds) {
    self.peer = peer
    userTimeout = holdTime
    outbox = Outbox(vips: vips, longest: longest)
    flights = Flights(vips: vips)
  }

  /// Goes on under another Plan, in which its route server has this number. Nothing waits to leave.
  func succeed(as peer: PeerSlot, vips: Int, longest: Int) {
    precondition(isAtRest, "volleys have names of the Plan they were armed for")
    self.peer = peer
    outbox = Outbox(vips: vips, longest: longest)
  }

  var raw: Int32? { socket?.raw }
  /// Everything that was said has been taken by TCP.
  var isAtRest: Bool { outbox.isEmpty && heldAt == nil }
  var isWaiting: Bool { !outbox.isEmpty }

  /// Begins to connect; the answer is the descriptor to watch for writing.
  func connect(
    from local: IPv4Address, to remote: IPv4Address, _ protection: TCPProtection
  ) throws(Errno) -> Int32 {
    close()
    generation &+= 1
    let fresh = try TCPSocket.connect(
      from: local, to: remote, port: Connection.port, userTimeout: userTimeout,
      protection: protection)
    let raw = fresh.raw
    socket = consume fresh
    phase = .connecting
    return raw
  }

  /// Takes a connection that the route server has opened; the answer is the descriptor to watch.
  func adopt(_ fresh: consuming TCPSocket) throws(Errno) -> Int32 {
    close()
    generation &+= 1
    let raw = fresh.raw
    try fresh.prepare(userTimeout: userTimeout)
    socket = consume fresh
    try open()
    return raw
  }

  /// Whether the connection that was begun stands, now that the socket is writable.
  func finishConnecting() throws(Errno) {
    guard phase == .connecting else { return }
    if let failure = socket?.connectResult() { throw failure }
    try open()
  }

  private func open() throws(Errno) {
    try socket?.stampAcknowledgements()
    phase = .open
    bytesSent = 0
    bytesAcknowledged = 0
  }

  func note(_ error: Errno) { lastFailure = (error, Clock.monotonic()) }

  /// The peer has closed the connection: no failure explains that.
  func forgetFailure() { lastFailure = nil }

  /// Leaves without a word: what is queued is dropped, what TCP already has is still delivered.
  func close() {
    do throws(Errno) {
      if phase == .open { try socket?.shutdownWrite() }
    } catch {
      // ENOTCONN: the other side was faster. What failed before it says more.
      if lastFailure == nil { note(error) }
    }
    socket = nil
    phase = .closed
    outbox.removeAll()
    heldAt = nil
    flights.removeAll()
  }

  func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> Int? {
    guard phase == .open else { return nil }
    return try socket?.receive(into: &buffer) ?? nil
  }

  // MARK: Sending

  /// Puts the volleys among some outputs that are for this connection into the outbox; `launch`
  /// sends them.
  func add(
    _ outputs: borrowing Outputs, _ range: Range<Int>, of index: Int,
    _ magazine: borrowing Magazine
  ) {
    if phase == .open { outbox.add(outputs, range, of: index, magazine) }
  }

  /// Puts one volley into the outbox.
  func add(_ entry: Outbox.Entry) { if phase == .open { outbox.add(entry) } }

  /// Puts a message into the outbox, behind all that is there; `launch` sends it.
  func add(_ message: Span<UInt8>) throws(Errno) {
    guard phase == .open else { return }
    if !outbox.add(message) { throw .noBuffers }
  }

  /// Sends what is in the outbox, as far as the socket takes it: first what has begun, then the
  /// volleys, those that can share UPDATEs together, then other messages. `tellWritten` tells of
  /// it.
  func launch(
    _ magazine: borrowing Magazine, _ salvo: inout Salvo, messageLimit: Int
  ) throws(Errno) {
    guard phase == .open else { return }
    try sendBegun()
    while outbox.begunCount == 0, let entry = outbox.next {
      if outbox.waitingCount == 1 || magazine.count(of: entry.volley) >= Salvo.fullSize {
        try sendAlone(entry, magazine)
      } else {
        try sendTogether(magazine, &salvo, messageLimit)
      }
    }
    if outbox.begunCount == 0 {
      outbox.beginMessages()
      try sendBegun()
    }
  }

  /// What the engine does not know yet of how this connection takes what is sent.
  func takeFlow(_ slot: ConnectionSlot) -> Input? {
    guard phase == .open, isWaiting else {
      if heldAt == nil { return nil }
      heldAt = nil
      return .taken(slot)
    }
    if heldAt == outbox.completed { return nil }
    heldAt = outbox.completed
    return .held(slot)
  }

  private func sendBegun() throws(Errno) {
    guard outbox.begunCount > 0 else { return }
    let head = outbox.head
    let bytes = outbox.begun
    let sent = try socket?.send(bytes.span.extracting(head..<bytes.count)) ?? 0
    bytesSent += UInt64(sent)
    flights.sent(upTo: bytesSent, at: Clock.monotonic())
    outbox.left(sent)
  }

  /// One volley as it was armed, without a copy.
  private func sendAlone(_ entry: Outbox.Entry, _ magazine: borrowing Magazine) throws(Errno) {
    _ = outbox.removeNext()
    flights.depart(entry.shift, end: bytesSent + UInt64(magazine.count(of: entry.volley)))
    let failure = magazine.withBytes(of: entry.volley) { bytes -> Errno? in
      do throws(Errno) {
        try send(bytes)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    updatesSent += UInt64(magazine.messages(of: entry.volley))
  }

  private func sendTogether(
    _ magazine: borrowing Magazine, _ salvo: inout Salvo, _ messageLimit: Int
  ) throws(Errno) {
    salvo.begin(messageLimit: messageLimit)
    let departed = outbox.load(&salvo, magazine, &flights)
    salvo.close()
    flights.depart(last: departed, end: bytesSent + UInt64(salvo.count))
    try send(salvo.bytes.span)
    updatesSent += UInt64(salvo.messages)
  }

  private func send(_ bytes: Span<UInt8>) throws(Errno) {
    let sent = try socket?.send(bytes) ?? 0
    bytesSent += UInt64(sent)
    flights.sent(upTo: bytesSent, at: Clock.monotonic())
    if sent < bytes.count { outbox.begin(bytes, from: sent) }
  }

  // MARK: Where shifts stand

  /// Tells which shifts the socket has taken since this was asked last.
  func tellWritten(_ timeline: inout Timeline) { flights.tellWritten(&timeline, peer) }

  /// Reads the kernel's stamps of what was acknowledged; false when there was none.
  func readAcknowledgements(_ timeline: inout Timeline) throws(Errno) -> Bool {
    guard phase == .open else { return false }
    var isStamped = false
    while let stamp = try socket?.nextAcknowledgement() {
      isStamped = true
      // The count has 32 bits; what was sent since is far less than that.
      let behind = UInt32(truncatingIfNeeded: bytesSent) &- stamp.count
      guard UInt64(behind) <= bytesSent else { continue }
      let count = bytesSent - UInt64(behind)
      // The kernel's other account: what it still holds cannot have been acknowledged.
      guard UInt64(try socket?.unacknowledged() ?? 0) <= bytesSent - count else {
        doubtfulStamps += 1
        continue
      }
      bytesAcknowledged = max(bytesAcknowledged, count)
      let at = Clock.monotonic() - (Clock.wall() - stamp.wall)
      flights.acknowledged(upTo: count, at: at, &timeline, peer)
    }
    flights.tidy()
    return isStamped
  }

  /// The route server's TCP has everything that was ever handed over.
  var isProved: Bool { !isWaiting && bytesAcknowledged == bytesSent }

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
