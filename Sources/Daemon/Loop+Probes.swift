// The loop's side of the probes: their sockets are read before anything is judged, and asked after everything else.

import Chronicle
import Engine
import Linux
import Model
import Probes

extension Loop {
  // MARK: Opening

  /// Opens what the Plan needs from the start. What cannot be opened is told once, and everything
  /// else goes on.
  mutating func openProbeSockets() {
    for socket in ProbeSockets.needed(plan)
    where !probeSockets.shared[Int(socket.rawValue)].isOpen {
      do throws(Errno) {
        try probeSockets.open(socket, identifier: engine.probes.identifier)
        try watch(Int(socket.rawValue))
      } catch {
        probeSockets.shared[Int(socket.rawValue)].close()
        consequences.append(.probe(.socketFailed(socket, code: error.code)))
      }
    }
  }

  /// Lines that were taken over have other numbers than before, or are read at other times.
  func watchLines() {
    for slot in 0..<probeSockets.lineCount {
      do throws(Errno) {
        try watch(slot)
      } catch {
        probeSockets.line(slot).note(error)
      }
    }
  }

  /// Ends the connections of probes that do not go on: what they were about is asked again.
  func hangUpProbes(_ succession: Succession) {
    if succession.keepsConfirmations { return }
    let kept = succession.keepsProbes ? plan.targets.count * ProbeConnection.lanes : 0
    for stream in probeSockets.streams[kept...] { stream?.hangUp() }
  }

  private func watch(_ slot: Int) throws(Errno) {
    let line = probeSockets.line(slot)
    guard let raw = line.raw else { return }
    let token = Loop.token(.probeLine, slot, line.generation)
    switch (line.isWatched, probeSockets.gathers(slot)) {
    case (false, false): try epoll.add(raw, token: token, interest: .read)
    case (true, false): try epoll.modify(raw, token: token, interest: .read)
    case (true, true): try epoll.remove(raw)
    case (false, true): return
    }
    line.isWatched = !probeSockets.gathers(slot)
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
  /// epoll looked counts too. Only then is it known up to when everything was heard.
  mutating func readProbes(_ count: Int, at now: Instant) {
    let isJudging = engine.probes.mayJudge(at: now)
    let isGathering = mayGather(at: now)
    var wasRefreshed = false
    if isJudging { probeSockets.heard = now }
    for slot in 0..<probeSockets.lineCount
    where isJudging || (isGathering && probeSockets.gathers(slot))
      || isReady(.probeLine, slot, count)
    {
      guard probeSockets.line(slot).isOpen else { continue }
      if !wasRefreshed { probeSockets.offset.refresh() }
      wasRefreshed = true
      readLine(slot, at: now)
    }
    if isJudging || isGathering { probeSockets.gathered(at: now) }
    for position in 0..<count where isOf(.probeStream, position) {
      probeStreamEvent(epoll.event(at: position), at: now)
    }
  }

  /// Whether what lies at the gathered lines is to be read now: somebody is asked, or it lay there
  /// long enough.
  private func mayGather(at now: Instant) -> Bool {
    guard let due = probeSockets.gatherDue else { return false }
    return due <= now || (engine.probes.deadline ?? due) <= now
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
    let generation = line.generation
    var taken = 0
    do throws(Errno) {
      while taken < ProbeSockets.budget {
        try line.receive(into: &probeSockets.arrivals)
        let count = probeSockets.arrivals.count
        for place in 0..<count {
          let stamp = take(place, slot, isRaw: line.isRaw, at: now)
          // What came through a socket that is another one now is no news of this one.
          guard line.isOpen, line.generation == generation else { return }
          // What comes behind is younger: nothing later than this is known to have been heard.
          if taken + place + 1 == ProbeSockets.budget {
            probeSockets.heard = min(probeSockets.heard, stamp.at)
          }
        }
        taken += count
        // Less than there is room for: the kernel has found no more.
        if count < ArrivalBatch.capacity {
          if taken >= ProbeSockets.suspicious { try noteOverrun(slot, at: now) }
          return
        }
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

  /// Feeds what arrived at a place of the batch; the answer is when it came.
  private mutating func take(
    _ place: Int, _ slot: Int, isRaw: Bool, at now: Instant
  ) -> ProbeStamp {
    let arrival = probeSockets.arrivals.arrival(at: place)
    let stamp = probeSockets.offset.stamp(arrival.wall)
    let event: ProbeEvent =
      if slot >= probeSockets.shared.count {
        .frame(PortSlot(slot - probeSockets.shared.count), stamp)
      } else if slot == Int(ProbeSocket.echo.rawValue) {
        .echo(from: arrival.source, stamp, isWhole: isRaw)
      } else {
        .control(
          BFDArrival(
            source: arrival.source, hopLimit: arrival.hopLimit ?? 0,
            isMultihop: slot == Int(ProbeSocket.bfdMultihop.rawValue),
            stamp: stamp.origin == .kernel ? stamp.at : now))
      }
    feedArrival(.probe(event), place, at: now)
    return stamp
  }

  /// Feeds an input whose bytes are at a place of the batch.
  private mutating func feedArrival(_ input: Input, _ place: Int, at now: Instant) {
    Loop.handle(input, probeSockets.arrivals, place, &engine, &outputs, at: now)
    carryOut(at: now)
    let sum = OutputSum(outputs, from: recorded, engine)
    Loop.record(input, probeSockets.arrivals, place, sum, in: &recorder, at: now)
    conclude(at: now)
  }

  private static func handle(
    _ input: Input, _ arrivals: borrowing ArrivalBatch, _ place: Int, _ engine: inout Engine,
    _ outputs: inout Outputs, at now: Instant
  ) {
    arrivals.withBytes(at: place) { engine.handle(input, $0, at: now, into: &outputs) }
  }

  private static func record(
    _ input: Input, _ arrivals: borrowing ArrivalBatch, _ place: Int, _ sum: OutputSum,
    in recorder: inout Recorder, at now: Instant
  ) {
    arrivals.withBytes(at: place) { recorder.record(input, $0, at: now, sum) }
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
    for slot in 0..<probeSockets.lineCount { sendQueued(probeSockets.line(slot)) }
    outputs.probes.removeAll()
    guard engine.probes.hasAsked else { return }
    // The last one is fed first.
    consequences.insert(.probe(.sent(at: Clock.monotonic())), at: start)
  }

  private mutating func carryOutProbe(_ output: ProbeOutput) {
    switch output {
    case .note: return
    case .openPort(let port, let index):
      sendQueued(probeSockets.ports[port.index])
      openPort(port, on: index)
    case .closePort(let port):
      sendQueued(probeSockets.ports[port.index])
      probeSockets.ports[port.index].close()
    case .frame(let port, let target, let piece):
      let line = probeSockets.ports[port.index]
      if line.isFull { sendQueued(line) }
      line.queue(target, piece)
    case .echo(let target, let piece):
      guard let address = address(of: target) else { return }
      let line = probeSockets.shared[Int(ProbeSocket.echo.rawValue)]
      if line.isFull { sendQueued(line) }
      line.queue(target, piece, to: address)
    case .control(let target, let piece): sendControl(target, piece)
    case .connect(let connection): connectProbe(connection)
    case .write(let connection, let piece): writeProbe(connection, piece)
    case .hangUp(let connection): probeSockets.stream(connection)?.hangUp()
    }
  }

  /// Everybody who is asked through one socket in this turn, by as few calls as there is room for.
  private mutating func sendQueued(_ line: ProbeLine) {
    while let target = line.sendQueued(outputs.probes.bytes.span) {
      consequences.append(.probe(.notSent(target)))
    }
  }

  private func address(of target: TargetSlot) -> IPv4Address? {
    engine.probes.address(of: target)
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
}
