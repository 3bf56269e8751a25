// The loop's side of the route servers: their connections, and what is sent to them.

import BGP
import Chronicle
import Engine
import Linux
import Model

extension Loop {
  mutating func peerEvent(_ event: Epoll.Event, at now: Instant) {
    let slot = ConnectionSlot(index: Int(event.token.slot))
    let peer = connections[slot.index]
    guard event.token.generation == peer.generation else { return }
    do throws(Errno) {
      if peer.phase == .connecting {
        guard event.writable || event.hangup || event.error else { return }
        try peer.finishConnecting()
        feed(.connected(slot.peer), at: now)
        updateInterest(slot)
        return
      }
      // Stamps are reported as errors are; an error that brings none is one.
      let isStamped = event.error ? try peer.readAcknowledgements(&timeline) : false
      if isStamped, engine.wantsAcknowledgements, peer.isProved {
        feed(.acknowledged(slot), at: now)
      }
      if event.writable {
        launch(slot)
        peer.tellWritten(&timeline)
        follow(at: now)
      }
      if event.readable || event.hangup || event.error && !isStamped {
        try read(peer, slot, at: now)
      }
      updateInterest(slot)
    } catch {
      let input: Input = peer.phase == .connecting ? .connectFailed(slot.peer) : .closed(slot)
      peer.close()
      peer.note(error)
      feed(input, at: now)
    }
  }

  private mutating func read(
    _ peer: Connection, _ slot: ConnectionSlot, at now: Instant
  ) throws(Errno) {
    let generation = peer.generation
    var bytes = 0
    for _ in 0..<Loop.peerBudget where bytes < Loop.peerBytes {
      guard let count = try peer.receive(into: &buffer) else { return }
      bytes += count
      if count == 0 {
        peer.close()
        for side in ConnectionSide.allCases {
          connections[ConnectionSlot(slot.peer, side).index].forgetFailure()
        }
        feed(.closed(slot), at: now)
        return
      }
      feedBytes(.received(slot), at: now)
      if peer.generation != generation || peer.phase != .open { return }
    }
  }

  /// Puts the volleys from `first` on into their outboxes, up to the next output of another kind;
  /// `launchAll` sends them together. Connection by connection, since a mass shift has thousands
  /// for each. The answer is where that output stands.
  mutating func fire(from first: Int) -> Int {
    Loop.collect(from: first, outputs, engine.speaker.magazine, into: connections, &timeline)
  }

  private static func collect(
    from first: Int, _ outputs: borrowing Outputs, _ magazine: borrowing Magazine,
    into connections: [Connection], _ timeline: inout Timeline
  ) -> Int {
    var end = first
    var addressed: UInt64 = 0
    scan: while end < outputs.count {
      switch outputs.slots[end] {
      case .fire(_, _, let connection): addressed |= 1 << UInt64(connection)
      case .note, .change: timeline.stampNote()
      case .other: break scan
      }
      end += 1
    }
    for connection in connections.indices where addressed & (1 << UInt64(connection)) != 0 {
      connections[connection].add(outputs, first..<end, of: connection, magazine)
    }
    return end
  }

  mutating func send(_ piece: Range<Int>, _ slot: ConnectionSlot) {
    do throws(Errno) {
      try connections[slot.index].add(outputs.bytes.span.extracting(piece))
    } catch {
      fail(slot, error)
    }
  }

  /// Sends what the outputs put into the outboxes: every route server in this turn, none waits for
  /// another.
  mutating func launchAll() {
    var isSent = false
    for index in connections.indices where connections[index].isWaiting {
      launch(ConnectionSlot(index: index))
      isSent = true
    }
    // Only now: telling takes its time when thousands moved.
    if isSent { for connection in connections { connection.tellWritten(&timeline) } }
  }

  /// What was said before the end is sent, as far as the socket takes it at once.
  mutating func close(_ slot: ConnectionSlot) {
    if connections[slot.index].isWaiting { launchOnce(slot) }
    connections[slot.index].close()
  }

  mutating func launch(_ slot: ConnectionSlot) {
    launchOnce(slot)
    if let flow = connections[slot.index].takeFlow(slot) { consequences.append(flow) }
  }

  private mutating func launchOnce(_ slot: ConnectionSlot) {
    let connection = connections[slot.index]
    let wasBegun = connection.outbox.begunCount > 0
    let limit = engine.speaker.sessions[slot.peer.index].negotiated?.messageLimit
    do throws(Errno) {
      try connection.launch(
        engine.speaker.magazine, &salvo, messageLimit: limit ?? Framing.ordinaryLimit)
      if connection.isWaiting != wasBegun { updateInterest(slot) }
    } catch {
      fail(slot, error)
    }
  }

  mutating func connect(_ peer: PeerSlot) {
    let slot = ConnectionSlot(peer, .outgoing)
    let connection = connections[slot.index]
    do throws(Errno) {
      // From now on the engine takes connections too; until now they waited in the backlog.
      try door.watch(with: epoll)
      let raw = try connection.connect(
        from: plan.local.address, to: plan.routeServers.peers[peer.index], protection)
      try epoll.add(
        raw, token: Loop.token(.peer, slot.index, connection.generation), interest: [.read, .write])
    } catch {
      connection.close()
      connection.note(error)
      consequences.append(.connectFailed(peer))
    }
  }

  /// Takes the connections that wait at the door, and asks the engine about those of route servers.
  mutating func acceptPeers(_ event: Epoll.Event, at now: Instant) {
    for _ in 0..<Loop.peerBudget {
      do throws(Errno) {
        guard let remote = try door.accept(Int(event.token.slot)) else { return }
        guard let index = plan.routeServers.peers.firstIndex(of: remote) else {
          door.turnAway()
          continue
        }
        feed(.accepted(PeerSlot(index)), at: now)
      } catch {
        // The connection was reset before it was looked at, or the system has no memory for it;
        // whoever wanted it tries again.
        if allowances.allows(.strangers, at: now) {
          log.warning(.alarm, "connection from a route server: \(error)")
        }
        return
      }
    }
  }

  mutating func accept(_ peer: PeerSlot) {
    let slot = ConnectionSlot(peer, .incoming)
    let connection = connections[slot.index]
    do throws(Errno) {
      guard let socket = door.takeWaiting() else { return }
      let raw = try connection.adopt(socket)
      try epoll.add(
        raw, token: Loop.token(.peer, slot.index, connection.generation), interest: .read)
    } catch {
      fail(slot, error)
    }
  }

  /// Says why and lets the connection go; who does not even take this is not waited for.
  mutating func refuse(_ piece: Range<Int>, _ peer: PeerSlot) {
    guard let socket = door.takeWaiting() else { return }
    do throws(Errno) {
      _ = try socket.send(outputs.bytes.span.extracting(piece))
      try socket.shutdownWrite()
    } catch {
      guard allowances.allows(.routeServer(peer), at: Clock.monotonic()) else { return }
      let address = plan.routeServers.peers[peer.index]
      log.warning(
        .alarm, "route server \(address): its second connection was refused: \(error)",
        [("PEER", "\(address)")])
    }
  }

  private mutating func fail(_ slot: ConnectionSlot, _ error: Errno) {
    connections[slot.index].close()
    connections[slot.index].note(error)
    consequences.append(.closed(slot))
  }

  func updateInterest(_ slot: ConnectionSlot) {
    let peer = connections[slot.index]
    guard let raw = peer.raw else { return }
    let interest: Interest = peer.isWaiting ? [.read, .write] : .read
    do throws(Errno) {
      try epoll.modify(
        raw, token: Loop.token(.peer, slot.index, peer.generation), interest: interest)
    } catch {
      log.error(.alarm, "epoll: \(error)")
    }
  }
}
