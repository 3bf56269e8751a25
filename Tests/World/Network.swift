// The network between machines and route servers: connections, how long segments take, and what
// befalls the servers.

import Engine
import Model

/// One connection and its two ends.
struct Connection {
  let appliance: Int
  let run: Int
  let server: Int
  var isOpenHere = true
  var isOpenThere = false
  /// Segments of one direction stay in order.
  var lastOut = Instant.zero
  var lastIn = Instant.zero
  /// Volleys on their way, as they were armed.
  var volleys: [[UInt8]] = []
  /// Bytes that the server has taken.
  var taken = 0
}

/// What befalls a route server as a whole.
struct ServerState {
  var isUp = true
  var isSilent = false
  var isStalled = false
  /// What its sockets hold while it reads nothing.
  var held: [(connection: Int, segment: Segment)] = []
  var nextTurn: Instant?
}

/// A world in which machines have sessions with two route servers.
protocol Networked: AnyObject {
  var random: Random { get set }
  var agenda: Agenda { get set }
  var now: Instant { get }
  var trace: TraceHash { get set }
  var servers: [RouteServer] { get set }
  var states: [ServerState] { get set }
  var connections: [Connection] { get set }
  var machineCount: Int { get }
  func machine(_ index: Int) -> Machine
  /// After anything that may have made a machine readable or moved its deadline.
  func settle(_ index: Int)
  /// What a route server holds from a machine may have changed.
  func disturb(_ index: Int)
  /// One UPDATE that arrived.
  func examine(_ entry: LoggedUpdate, _ server: Int, _ id: Int)
  func note(_ probe: Probe)
}

extension Networked {
  func schedule(_ event: Event, after delay: Nanoseconds) { agenda.add(event, at: now + delay) }

  // MARK: From a machine into the network

  func carryOut(_ effects: [NetworkEffect], _ index: Int, other: ((NetworkEffect) -> Void)? = nil) {
    for effect in effects {
      switch effect {
      case .connect(let peer):
        connections.append(
          Connection(
            appliance: index, run: machine(index).run, server: peer, lastOut: now, lastIn: now))
        machine(index).sockets[peer].connection = connections.count - 1
        sendOut(.begin, connections.count - 1)
      case .close(let peer): closeLatest(index, peer)
      case .send(let peer, let bytes, let armed):
        guard let id = latest(index, peer) else { continue }
        if var armed {
          connections[id].volleys += WireMessage.take(from: &armed).map(\.bytes)
        }
        send(bytes, over: id, isOut: true)
      case .hello, .probe: other?(effect)
      }
    }
  }

  /// The connection that an effect in order is about: the newest of this machine to that server.
  func latest(_ index: Int, _ peer: Int) -> Int? {
    connections.lastIndex {
      $0.appliance == index && $0.server == peer && $0.run == machine(index).run && $0.isOpenHere
    }
  }

  private func closeLatest(_ index: Int, _ peer: Int) {
    guard let id = latest(index, peer) else { return }
    connections[id].isOpenHere = false
    sendOut(.end, id)
  }

  func closeHere(_ index: Int, _ peer: Int) {
    while let id = latest(index, peer) {
      connections[id].isOpenHere = false
      sendOut(.end, id)
    }
  }

  /// Cuts a stream where it likes.
  func send(_ bytes: [UInt8], over id: Int, isOut: Bool) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = random.oneIn(4) ? random.pick(1...min(rest.count, 40)) : rest.count
      let piece = Segment.bytes(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
      if isOut { sendOut(piece, id) } else { sendIn(piece, id) }
    }
  }

  func sendOut(_ segment: Segment, _ id: Int) {
    connections[id].lastOut = max(connections[id].lastOut, now + delay())
    agenda.add(.toServer(id, segment), at: connections[id].lastOut)
  }

  func sendIn(_ segment: Segment, _ id: Int) {
    connections[id].lastIn = max(connections[id].lastIn, now + delay())
    agenda.add(.toAppliance(id, segment), at: connections[id].lastIn)
  }

  private func delay() -> Nanoseconds {
    .microseconds(random.oneIn(10) ? random.pick(500...20_000) : random.pick(50...500))
  }

  // MARK: Out of the network

  func deliver(_ segment: Segment, toApplianceOf id: Int) {
    let connection = connections[id]
    let target = machine(connection.appliance)
    guard connection.isOpenHere, target.sockets[connection.server].connection == id else {
      // Who talks to a closed socket is told so.
      if case .acknowledged = segment { return }
      if connection.isOpenThere, segment != .end { sendOut(.end, id) }
      return
    }
    target.sockets[connection.server].inbox.append(segment)
    settle(connection.appliance)
  }

  func deliver(_ segment: Segment, toServerOf id: Int) {
    let server = connections[id].server
    trace.add(now.nanoseconds)
    if case .bytes(let bytes) = segment { trace.add(bytes) }
    guard states[server].isUp else {
      if segment == .begin { sendIn(.refused, id) }
      return
    }
    if segment == .begin {
      if states[server].isSilent { return }
      connections[id].isOpenThere = true
      sendIn(.begin, id)
    }
    if states[server].isStalled {
      states[server].held.append((id, segment))
    } else {
      take(segment, from: id)
    }
  }

  func take(_ segment: Segment, from id: Int) {
    let (server, neighbour) = (connections[id].server, connections[id].appliance)
    guard connections[id].isOpenThere else { return }
    var actions: [ServerAction] = []
    let wasUp = servers[server].neighbours[neighbour].isEstablished
    switch segment {
    case .begin:
      actions = servers[server].accept(id, from: neighbour, at: now)
      if actions.contains(.close) { note(.connectionRefusedByServer) }
    case .bytes(let bytes):
      acknowledge(bytes.count, id)
      guard servers[server].neighbours[neighbour].connection == id else { return }
      let logged = servers[server].log.count
      actions = servers[server].receive(bytes, from: neighbour, at: now)
      for entry in servers[server].log[logged...] { examine(entry, server, id) }
      if servers[server].neighbours[neighbour].isEstablished != wasUp { disturb(neighbour) }
    case .end:
      connections[id].isOpenThere = false
      if servers[server].neighbours[neighbour].connection == id { servers[server].drop(neighbour) }
    case .refused, .acknowledged: return
    }
    carryOut(actions, id)
    planTurn(server)
  }

  /// A server that stands still acknowledges nothing either: its machine stands still with it.
  private func acknowledge(_ count: Int, _ id: Int) {
    connections[id].taken += count
    let wantsIt = machine(connections[id].appliance).driver?.engine.wantsAcknowledgements ?? false
    if wantsIt { sendIn(.acknowledged(connections[id].taken), id) }
  }

  func carryOut(_ actions: [ServerAction], _ id: Int) {
    for action in actions {
      switch action {
      case .send(let bytes): send(bytes, over: id, isOut: false)
      case .close:
        connections[id].isOpenThere = false
        sendIn(.end, id)
      }
    }
  }

  func turn(_ server: Int) {
    guard let due = states[server].nextTurn, due <= now else { return }
    states[server].nextTurn = nil
    guard states[server].isUp, !states[server].isStalled else { return }
    for neighbour in 0..<machineCount {
      guard let id = servers[server].neighbours[neighbour].connection else { continue }
      let expiries = servers[server].holdExpiries
      carryOut(servers[server].turn(neighbour, at: now), id)
      if servers[server].holdExpiries != expiries { note(.holdExpiredAtServer) }
    }
    planTurn(server)
  }

  func planTurn(_ server: Int) {
    guard let deadline = servers[server].deadline else { return }
    let due = max(deadline, now)
    if let planned = states[server].nextTurn, planned <= due { return }
    states[server].nextTurn = due
    agenda.add(.serverTurn(server), at: due)
  }

  func place(_ appliance: Int, _ server: Int) -> Int { appliance * 2 + server }

  // MARK: What befalls route servers

  func restart(_ server: Int) {
    guard states[server].isUp else { return }
    states[server].isUp = false
    states[server].isStalled = false
    states[server].held.removeAll()
    for neighbour in 0..<machineCount { servers[server].drop(neighbour) }
    for id in connections.indices
    where connections[id].server == server && connections[id].isOpenThere {
      connections[id].isOpenThere = false
      sendIn(.end, id)
    }
    schedule(.undo(.serverUp(server)), after: .microseconds(random.spread(100_000, 20_000_000)))
  }

  func stall(_ server: Int) {
    guard states[server].isUp, !states[server].isStalled else { return }
    states[server].isStalled = true
    schedule(.undo(.resume(server)), after: .microseconds(random.spread(1_000, 60_000_000)))
  }

  func silence(_ server: Int) {
    states[server].isSilent = true
    schedule(.undo(.speak(server)), after: .seconds(random.pick(1...20)))
  }

  func resetConnection(_ index: Int, _ server: Int) {
    guard let id = machine(index).sockets[server].connection, connections[id].isOpenHere else {
      return
    }
    if random.oneIn(2) { machine(index).sockets[server].isBroken = true }
    sendIn(.end, id)
    if connections[id].isOpenThere { sendOut(.end, id) }
  }

  func resume(_ server: Int) {
    guard states[server].isStalled else { return }
    states[server].isStalled = false
    let held = states[server].held
    states[server].held.removeAll()
    for (id, segment) in held { take(segment, from: id) }
    for neighbour in 0..<machineCount { disturb(neighbour) }
    states[server].nextTurn = nil
    planTurn(server)
  }

  /// The server asks for everything, thinks better of it, and ends the session with a NOTIFICATION.
  func cease(_ index: Int, _ server: Int) {
    guard states[server].isUp, !states[server].isStalled,
      let id = servers[server].neighbours[index].connection
    else { return }
    if random.oneIn(2) { carryOut(servers[server].refresh(index, .ipv4), id) }
    servers[server].drop(index)
    carryOut([.send(WireMessage.writeNotification(6, 4)), .close], id)
    disturb(index)
  }
}
