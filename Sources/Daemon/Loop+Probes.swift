// The loop's side of the probes: their sockets are read before anything is judged, and asked after everything else.

import Engine
import Linux
import Model
import Probes

extension Loop {
  // MARK: Opening

  /// Opens what the Plan needs from the start. What cannot be opened is told once, and everything
  /// else goes on.
  mutating func openProbeSockets() {
    for socket in ProbeSockets.needed(plan) {
      do throws(Errno) {
        try probeSockets.open(socket, identifier: engine.probes.identifier)
        try watch(Int(socket.rawValue))
      } catch {
        probeSockets.shared[Int(socket.rawValue)].close()
        consequences.append(.probe(.socketFailed(socket, code: error.code)))
      }
    }
  }

  private func watch(_ slot: Int) throws(Errno) {
    let line = probeSockets.line(slot)
    guard let raw = line.raw else { return }
    try epoll.add(raw, token: Loop.token(.probeLine, slot, line.generation), interest: .read)
  }

  private mutating func openPort(_ port: PortSlot, on index: InterfaceIndex) {
    let line = probeSockets.ports[port.index]
    let addresses = ProbeSockets.addresses(on: engine.probes.ports.names[port.index], plan)
    do throws(Errno) {
      line.adopt(try StampedSocket.arp(on: index, from: addresses))
      try watch(probeSockets.slot(of: port))
      consequences.append(.probe(.portOpened(port)))
    } catch {
      line.close()
      consequences.append(.probe(.portFailed(port, code: error.code)))
    }
  }

  // MARK: Reading

  /// Reads the lines that have something, and all of them before a judgement: what arrived after
  /// epoll looked counts too.
  mutating func readProbes(_ count: Int, at now: Instant) {
    let isJudging = engine.probes.deadline.map { $0 <= now } ?? false
    var wasRefreshed = false
    probeSockets.heard = now
    for slot in 0..<probeSockets.lineCount
    where isJudging || isReady(.probeLine, slot, count) {
      guard probeSockets.line(slot).isOpen else { continue }
      if !wasRefreshed { probeSockets.offset.refresh() }
      wasRefreshed = true
      readLine(slot, at: now)
    }
    for position in 0..<count where isOf(.probeStream, position) {
      probeStreamEvent(epoll.event(at: position), at: now)
    }
  }

  private func isReady(_ kind: Kind, _ slot: Int, _ count: Int) -> Bool {
    for position in 0..<count where isOf(kind, position) {
      let token = epoll.event(at: position).token
      if token.slot == UInt16(slot), token.generation == probeSockets.line(slot).generation {
        return true
      }
    }
    return false
  }

  private mutating func readLine(_ slot: Int, at now: Instant) {
    let line = probeSockets.line(slot)
    var taken = 0
    do throws(Errno) {
      while taken < ProbeSockets.budget {
        guard let arrival = try line.receive(into: &buffer) else {
          if taken >= ProbeSockets.suspicious { try noteOverrun(slot, at: now) }
          return
        }
        taken += 1
        let stamp = probeSockets.offset.stamp(arrival.wall)
        take(arrival, stamp, slot, isRaw: line.isRaw, at: now)
        // What comes behind is younger: nothing later than this is known to have been heard.
        if taken == ProbeSockets.budget { probeSockets.heard = min(probeSockets.heard, stamp.at) }
      }
      try noteOverrun(slot, at: now)
    } catch {
      // ENETDOWN: the interface went down, which the kernel tells elsewhere.
      line.note(error)
    }
  }

  private mutating func noteOverrun(_ slot: Int, at now: Instant) throws(Errno) {
    let port = slot - probeSockets.shared.count
    guard try probeSockets.line(slot).dropsMoved(), port >= 0 else { return }
    feed(.probe(.overrun(PortSlot(port))), at: now)
  }

  private mutating func take(
    _ arrival: StampedSocket.Arrival, _ stamp: ProbeStamp, _ slot: Int, isRaw: Bool,
    at now: Instant
  ) {
    guard slot < probeSockets.shared.count else {
      let port = PortSlot(slot - probeSockets.shared.count)
      return feedBytes(.probe(.frame(port, stamp)), at: now)
    }
    if slot == Int(ProbeSocket.echo.rawValue) {
      return feedBytes(.probe(.echo(from: arrival.source, stamp, isWhole: isRaw)), at: now)
    }
    feedBytes(
      .probe(
        .control(
          BFDArrival(
            source: arrival.source, hopLimit: arrival.hopLimit ?? 0,
            isMultihop: slot == Int(ProbeSocket.bfdMultihop.rawValue),
            stamp: stamp.origin == .kernel ? stamp.at : now))), at: now)
  }

  private mutating func probeStreamEvent(_ event: Epoll.Event, at now: Instant) {
    let connection = ProbeConnection(index: Int(event.token.slot))
    guard let stream = probeSockets.stream(connection), stream.isOpen,
      event.token.generation == stream.generation
    else { return }
    if stream.isConnecting {
      guard event.writable || event.hangup || event.error else { return }
      if let error = stream.finishConnecting() {
        return endStream(connection, stream, error, at: now)
      }
      do throws(Errno) {
        if let raw = stream.raw { try epoll.modify(raw, token: event.token, interest: .read) }
      } catch {
        return endStream(connection, stream, error, at: now)
      }
      feed(.probe(.connected(connection)), at: now)
    }
    guard stream.isOpen, event.token.generation == stream.generation,
      event.readable || event.hangup || event.error
    else { return }
    readStream(connection, stream, at: now)
  }

  private mutating func readStream(
    _ connection: ProbeConnection, _ stream: ProbeStream, at now: Instant
  ) {
    do throws(Errno) {
      guard let count = try stream.receive(into: &buffer) else { return }
      if count == 0 {
        stream.close()
        feed(.probe(.closed(connection, .closed)), at: now)
      } else {
        feedBytes(.probe(.received(connection)), at: now)
      }
    } catch {
      endStream(connection, stream, error, at: now)
    }
  }

  private mutating func endStream(
    _ connection: ProbeConnection, _ stream: ProbeStream, _ error: Errno, at now: Instant
  ) {
    stream.hangUp()
    feed(.probe(.closed(connection, error == .connectionRefused ? .refused : .closed)), at: now)
  }

  // MARK: Asking

  /// Does what the probes want done. What could not be sent is told before the rest is taken as
  /// sent.
  mutating func carryOutProbes() {
    let start = consequences.count
    for index in outputs.probes.list.indices { carryOutProbe(outputs.probes.list[index]) }
    outputs.probes.removeAll()
    guard engine.probes.hasAsked else { return }
    // The last one is fed first.
    consequences.insert(.probe(.sent(at: Clock.monotonic())), at: start)
  }

  private mutating func carryOutProbe(_ output: ProbeOutput) {
    switch output {
    case .note: return
    case .openPort(let port, let index): openPort(port, on: index)
    case .closePort(let port): probeSockets.ports[port.index].close()
    case .frame(let port, let target, let piece):
      let line = probeSockets.ports[port.index]
      do throws(Errno) { try line.send(outputs.probes.bytes.span.extracting(piece)) } catch {
        noteUnsent(target, line, error)
      }
    case .echo(let target, let piece):
      guard let address = address(of: target) else { return }
      let line = probeSockets.shared[Int(ProbeSocket.echo.rawValue)]
      do throws(Errno) {
        try line.send(outputs.probes.bytes.span.extracting(piece), to: address, port: 0)
      } catch {
        noteUnsent(target, line, error)
      }
    case .control(let target, let piece): sendControl(target, piece)
    case .connect(let connection): connectProbe(connection)
    case .write(let connection, let piece): writeProbe(connection, piece)
    case .hangUp(let connection): probeSockets.stream(connection)?.hangUp()
    }
  }

  private func address(of target: TargetSlot) -> IPv4Address? {
    engine.probes.target(target)?.address
  }

  private mutating func sendControl(_ slot: TargetSlot, _ piece: Range<Int>) {
    guard let line = probeSockets.senders[slot.index], let target = engine.probes.target(slot),
      case .bfd(let session, let isMultihop) = target.method
    else { return }
    do throws(Errno) {
      if !line.isOpen {
        // Sessions start to look for their port at different places.
        let first = Loop.firstControlPort + UInt16(session)
        line.adopt(try StampedSocket.sender(first: first))
      }
      try line.send(
        outputs.probes.bytes.span.extracting(piece), to: target.address,
        port: isMultihop ? BFDTransport.multihopPort : BFDTransport.port)
    } catch {
      // The peer will miss it, and says so if it matters.
      line.note(error)
    }
  }

  private mutating func connectProbe(_ connection: ProbeConnection) {
    guard let stream = probeSockets.stream(connection),
      let place = engine.place(of: connection.target)
    else { return }
    do throws(Errno) {
      let raw = try stream.connect(to: place.address, port: place.port)
      try epoll.add(
        raw, token: Loop.token(.probeStream, connection.index, stream.generation),
        interest: .readAndWrite)
    } catch {
      stream.hangUp()
      // From this machine itself the refusal comes at once.
      let event: ProbeEvent =
        error == .connectionRefused ? .closed(connection, .refused) : .notSent(connection.target)
      consequences.append(.probe(event))
    }
  }

  private mutating func writeProbe(_ connection: ProbeConnection, _ piece: Range<Int>) {
    guard let stream = probeSockets.stream(connection) else { return }
    do throws(Errno) {
      try stream.send(outputs.probes.bytes.span.extracting(piece))
    } catch {
      stream.hangUp()
      consequences.append(.probe(.closed(connection, .closed)))
    }
  }

  private mutating func noteUnsent(_ target: TargetSlot, _ line: ProbeLine, _ error: Errno) {
    line.note(error)
    consequences.append(.probe(.notSent(target)))
  }
}
