// The process of a simulated Route Server instance: its sockets, its clock, its loop.

import Control
import Linux
import Model
import Platform

/// One thread that owns every descriptor of the instance. The core decides; this carries out.
final class RouteServerLoop {
  static let port: UInt16 = 179
  /// Bytes that may wait for a peer that does not read. We chose it: a full table twice over.
  private static let backlog = 4 << 20
  private static let events = 64
  /// Connections that we have ended and whose peers have not. We chose it: each peer's two, twice.
  private static let lingerLimit = 32
  private static let listenerKind: UInt8 = 3
  private static let peerKind: UInt8 = 4
  private static let signalKind: UInt8 = 6
  /// Unacknowledged bytes end a connection after this: Linux' own default is a quarter of an hour.
  private static let userTimeout = Nanoseconds.seconds(180)

  /// One TCP connection.
  private final class Line {
    let key: ConnectionKey
    let socket: TCPSocket
    var waiting: [UInt8] = []
    var isConnecting: Bool
    var closesWhenSent = false
    /// Our FIN is out; what still comes is read and dropped, since closing a socket with bytes
    /// unread would send an RST that overtakes our last word.
    var isShut = false
    var interest: Interest
    init(_ key: ConnectionKey, _ socket: consuming TCPSocket, isConnecting: Bool) {
      self.key = key
      self.socket = socket
      self.isConnecting = isConnecting
      interest = isConnecting ? .write : .read
    }
    var token: EventToken {
      EventToken(
        kind: RouteServerLoop.peerKind, slot: UInt16(key.peer * 2 + (key.isOurs ? 1 : 0)),
        generation: key.life)
    }
  }

  private let settings: ServerSettings
  var epoll: Epoll
  private let signals: SignalDescriptor
  let port: ControlPort
  var core: RouteServer
  private var listener: TCPListener?
  private var lines: [Line] = []
  private var link: FabricLink?
  private var buffer = ReceiveBuffer()
  private var isStopped = false
  /// When what is told now was seen, on the wall clock.
  private var seen = Clock.wall()

  init(_ settings: ServerSettings, control: String, fabric: String?) throws(Errno) {
    self.settings = settings
    let now = Clock.monotonic()
    epoll = try Epoll(capacity: RouteServerLoop.events)
    signals = try SignalDescriptor([SignalNumber.terminate, SignalNumber.interrupt])
    core = RouteServer(settings, at: now)
    port = try ControlPort(path: control, epoll)
    if let fabric {
      link = FabricLink(path: fabric, at: now)
    } else {
      link = nil
    }
    let token = EventToken(kind: RouteServerLoop.signalKind, slot: 0, generation: 0)
    try epoll.add(signals.raw, token: token, interest: .read)
  }

  /// Runs until it is asked to end.
  func run() throws(Errno) {
    try carryOut(at: Clock.monotonic())
    while !isStopped {
      let count = try epoll.wait(until: Instant.earlier(core.deadline, link?.deadline))
      for position in 0..<count {
        let now = Clock.monotonic()
        seen = Clock.wall()
        try handle(epoll.event(at: position), at: now)
        try carryOut(at: now)
      }
      let now = Clock.monotonic()
      seen = Clock.wall()
      core.tick(at: now)
      try carryOut(at: now)
      if let due = link?.deadline, due <= now {
        let all = core.programmed.map { FabricLink.line(for: $0) }.joined()
        try link?.connect(FabricLink.greeting(of: settings.name) + all, epoll, at: now)
      }
    }
  }

  private func handle(_ event: Epoll.Event, at now: Instant) throws(Errno) {
    if ControlPort.owns(event) {
      for request in try port.take(event, epoll).requests { try answer(request, at: now) }
      return
    }
    switch event.token.kind {
    case RouteServerLoop.signalKind: isStopped = try signals.next() != nil
    case RouteServerLoop.listenerKind: try accept(at: now)
    case FabricLink.kind: try link?.take(event, epoll, at: now)
    default:
      guard let line = lines.first(where: { $0.token == event.token }) else { return }
      try handle(event, line, at: now)
    }
  }

  // MARK: Connections

  private func accept(at now: Instant) throws(Errno) {
    while let socket = try nextCaller() { try take(socket, at: now) }
  }

  private func nextCaller() throws(Errno) -> TCPSocket? {
    switch listener {
    case .some(let door): try door.accept()
    case .none: nil
    }
  }

  private func take(_ socket: consuming TCPSocket, at now: Instant) throws(Errno) {
    do throws(Errno) {
      let address = try socket.remoteAddress()
      guard let key = core.accepted(from: address, at: now) else { return try socket.reset() }
      try socket.prepare(userTimeout: RouteServerLoop.userTimeout)
      try add(Line(key, socket, isConnecting: false))
    } catch .notConnected {
      // It has gone before it was looked at.
      return
    }
  }

  private func add(_ line: Line) throws(Errno) {
    try epoll.add(line.socket.raw, token: line.token, interest: line.interest)
    lines.append(line)
  }

  private func handle(_ event: Epoll.Event, _ line: Line, at now: Instant) throws(Errno) {
    if line.isConnecting {
      if let fault = line.socket.connectResult() {
        lines.removeAll { $0 === line }
        return core.ended(line.key, "\(fault)", at: now)
      }
      line.isConnecting = false
      try watch(line)
      core.connected(line.key, at: now)
      return
    }
    do throws(Errno) {
      if event.writable { try flush(line) }
      guard event.readable || event.error || event.hangup else { return }
      // One read a turn: a peer that sends without end does not keep the others waiting.
      guard let count = try line.socket.receive(into: &buffer) else { return }
      if count == 0 { return gone(line, "connection closed by the peer", at: now) }
      // What comes behind our own last word is not heard any more.
      if line.closesWhenSent { return }
      let bytes = buffer.withBytes { span in span.indices.map { span[$0] } }
      core.received(bytes, on: line.key, at: now)
    } catch {
      gone(line, "\(error)", at: now)
    }
  }

  private func gone(_ line: Line, _ reason: String, at now: Instant) {
    lines.removeAll { $0 === line }
    core.ended(line.key, reason, at: now)
  }

  private func watch(_ line: Line) throws(Errno) {
    let wanted: Interest = line.waiting.isEmpty ? .read : .readAndWrite
    guard wanted != line.interest else { return }
    line.interest = wanted
    try epoll.modify(line.socket.raw, token: line.token, interest: wanted)
  }

  private func flush(_ line: Line) throws(Errno) {
    while !line.waiting.isEmpty {
      let bytes = line.waiting
      let sent = try line.socket.send(bytes.span)
      if sent == 0 { break }
      line.waiting.removeFirst(sent)
    }
    try watch(line)
    guard line.waiting.isEmpty, line.closesWhenSent, !line.isShut else { return }
    line.isShut = true
    try line.socket.shutdownWrite()
    let lingering = lines.filter(\.isShut)
    if lingering.count > RouteServerLoop.lingerLimit {
      lines.removeAll { $0 === lingering[0] }
    }
  }

  // MARK: What the core wants

  private func carryOut(at now: Instant) throws(Errno) {
    var told: [UInt8] = []
    while true {
      let outputs = core.takeOutputs()
      if outputs.isEmpty { break }
      for output in outputs { try carryOut(output, into: &told, at: now) }
    }
    // After everything was sent, so that nobody waits for the log.
    if !told.isEmpty { try StandardStream.output.write(told.span) }
  }

  private func carryOut(
    _ output: RouteServer.Output, into told: inout [UInt8], at now: Instant
  ) throws(Errno) {
    switch output {
    case .listen(let isOpen): try setDoor(isOpen)
    case .connect(let key, let address): try connect(key, address, at: now)
    case .send(let key, let bytes): send(key, bytes, at: now)
    case .close(let key):
      guard let line = lines.first(where: { $0.key == key }) else { return }
      line.closesWhenSent = true
      do throws(Errno) {
        try flush(line)
      } catch {
        gone(line, "\(error)", at: now)
      }
    case .reset(let key):
      guard let line = lines.first(where: { $0.key == key }) else { return }
      lines.removeAll { $0 === line }
      try line.socket.reset()
    case .program(let done): try link?.tell(FabricLink.line(for: done), epoll, at: now)
    case .event(let event): told += EventLine.bytes(of: event, at: seen)
    }
  }

  private func setDoor(_ isOpen: Bool) throws(Errno) {
    guard isOpen else {
      listener = nil
      return
    }
    let opened = try TCPListener(on: settings.address, port: RouteServerLoop.port)
    let token = EventToken(kind: RouteServerLoop.listenerKind, slot: 0, generation: 0)
    try epoll.add(opened.raw, token: token, interest: .read)
    listener = consume opened
  }

  private func connect(
    _ key: ConnectionKey, _ address: IPv4Address, at now: Instant
  ) throws(Errno) {
    do throws(Errno) {
      let socket = try TCPSocket.connect(
        from: settings.address, to: address, port: RouteServerLoop.port,
        userTimeout: RouteServerLoop.userTimeout)
      try add(Line(key, socket, isConnecting: true))
    } catch {
      // The network has no way there now; the core tries again.
      core.ended(key, "\(error)", at: now)
    }
  }

  private func send(_ key: ConnectionKey, _ bytes: [UInt8], at now: Instant) {
    guard let line = lines.first(where: { $0.key == key }) else { return }
    line.waiting += bytes
    guard line.waiting.count <= RouteServerLoop.backlog else {
      return gone(line, "the peer does not read", at: now)
    }
    do throws(Errno) {
      try flush(line)
    } catch {
      gone(line, "\(error)", at: now)
    }
  }
}
