// The simulated world: a clock, an agenda, two appliances, two route servers, and the network
// between them.

package import Model

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

/// What is on the agenda.
enum Event {
  case wake(Int)
  case dumpPart(Int, run: Int)
  case toServer(Int, Segment)
  case toAppliance(Int, Segment)
  case serverTurn(Int)
  case compare(Int, stamp: Int)
  case fate
  case undo(Undo)
  case heal
  case verify(Int)
  case finalMove
  case finish
}

/// One schedule from start to end. Same seed, same trace.
package final class World {
  let seed: UInt64
  var random: Random
  var agenda = Agenda()
  package private(set) var now = Instant.zero
  var trace = TraceHash()
  let appliances: [Appliance]
  var servers: [RouteServer]
  var states = [ServerState(), ServerState()]
  var connections: [Connection] = []
  let watched = IPv4Address(10, 1, 0, 5)
  let prefixes: [Prefix]

  // The mover.
  var holder: Int?
  var isMoving = false
  /// Addresses that a frozen machine kept while they were given to another.
  var isRestless = true
  var isFinished = false
  var fates: [Fate] = []

  // What was found.
  var violations: [String] = []
  var broken: Set<Checker> = []
  var reached: Set<Probe> = []
  var stamps = [0, 0]
  var disturbedAt = [Instant.zero, .zero]
  var lastRefresh = [Instant](repeating: Instant(nanoseconds: -1_000_000_000), count: 4)
  /// For each appliance and server: changes that arrived in this run, and what was said last.
  var arrived = [0, 0, 0, 0]
  var lastHeard: [WireUpdate?] = [nil, nil, nil, nil]
  var judged = [0, 0]
  var events = 0
  var promises = 0
  var settledPromises = 0
  var unpromised = 0
  var ties = 0
  var astray = 0
  var comparisons = 0
  private var nextWake: [Instant?] = [nil, nil]
  private var isDumpPlanned = [false, false]

  package init(
    seed: UInt64, sabotage: Sabotage? = nil, isRecorded: Bool = false, transplantEvery: Int? = nil
  ) {
    self.seed = seed
    var random = Random(seed: seed)
    var lists = [World.prefixes(["10.1.0.5/32"])]
    if random.oneIn(2) { lists.append(World.prefixes(["10.8.0.0/16", "10.9.128.0/17"])) }
    if random.oneIn(3) {
      lists[0] += World.prefixes(["2001:db8:1::5/128"])
      // A VIP of the other family alone.
      lists.append(World.prefixes(["2001:db8:8::/45", "::/0"]))
    }
    prefixes = lists.flatMap { $0 }
    let watched = self.watched
    appliances = (0..<2).map { index in
      Appliance(index, plan: World.plan(index, lists, watched), watched: watched)
    }
    let hold = random.oneIn(2) ? UInt16(180) : UInt16(random.pick(3...40))
    // Whatever we offer: some offer more than we want, and some less.
    let isNarrow = [random.oneIn(4), random.oneIn(4)]
    servers = (0..<2).map {
      RouteServer(
        $0, neighbours: 2, holdTime: hold, families: isNarrow[$0] ? [.ipv4] : [.ipv4, .ipv6])
    }
    self.random = random
    appliances[0].sabotage = sabotage
    appliances[1].sabotage = sabotage
    for appliance in appliances {
      appliance.isRecorded = isRecorded
      appliance.transplantEvery = transplantEvery
    }
    prepare()
  }

  private static func prefixes(_ texts: [String]) -> [Prefix] { texts.compactMap { Prefix($0) } }

  private static func plan(_ index: Int, _ lists: [[Prefix]], _ watched: IPv4Address) -> Plan {
    let address = IPv4Address(10, 0, 2, UInt8(10 + index))
    let owner = Plan.Owner(address: .v4(watched), interfaces: [])
    let vips = lists.enumerated().map {
      Plan.VIP(name: "vip\($0)", prefixes: $1, owner: owner)
    }
    return Plan(
      local: Plan.Local(
        asn: ASNumber(65001), address: address,
        address6: IPv6Address(high: 0x2001_0db8_0002_0000, low: UInt64(10 + index)),
        identifier: address),
      routeServers: Plan.RouteServers(
        platform: .generic, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
      vips: vips)
  }

  /// How often an engine took another one's place in the runs that still go on.
  package var transplants: Int { appliances.reduce(0) { $0 + ($1.driver?.transplants ?? 0) } }

  /// Every run of every appliance, if they are recorded.
  package var journals: [[UInt8]] { appliances.flatMap(\.journals) }

  /// Runs the schedule to its end.
  package func play() -> Outcome {
    while !isFinished, let (time, event) = agenda.next() {
      now = max(now, time)
      events += 1
      if events > Limits.events {
        violate(.bounds, "more than \(Limits.events) events")
        break
      }
      take(event)
    }
    for appliance in appliances {
      appliance.checkBounds()
      collect(appliance)
    }
    return Outcome(
      seed: seed, trace: trace.value, violations: violations, broken: broken, reached: reached,
      events: events, promises: promises, settledPromises: settledPromises, unpromised: unpromised,
      ties: ties, astray: astray, comparisons: comparisons)
  }

  private func take(_ event: Event) {
    switch event {
    case .wake(let index): wake(index)
    case .dumpPart(let index, let run): continueDump(index, run)
    case .toServer(let id, let segment): deliver(segment, toServerOf: id)
    case .toAppliance(let id, let segment): deliver(segment, toApplianceOf: id)
    case .serverTurn(let index): turn(index)
    case .compare(let index, let stamp): compare(index, stamp)
    case .fate: meetFate()
    case .undo(let undo): take(undo)
    case .heal: heal()
    case .verify(let attempt): verify(attempt)
    case .finalMove: moveForTheLastTime()
    case .finish: isFinished = true
    }
  }

  func schedule(_ event: Event, after delay: Nanoseconds) { agenda.add(event, at: now + delay) }

  // MARK: Appliances

  func start(_ index: Int) {
    guard appliances[index].driver == nil else { return }
    for server in 0..<2 {
      arrived[place(index, server)] = 0
      lastHeard[place(index, server)] = nil
    }
    carryOut(appliances[index].start(seed: random.next(), at: now), index)
    settle(index)
  }

  func kill(_ index: Int) {
    guard appliances[index].driver != nil else { return }
    judgeRun(index)
    disturb(index)
    for peer in 0..<2 { closeHere(index, peer) }
    appliances[index].kill()
    appliances[index].freeze = appliances[index].freeze == .machine ? .machine : nil
    collect(appliances[index])
  }

  private func wake(_ index: Int) {
    guard let due = nextWake[index], due <= now else { return }
    nextWake[index] = nil
    let before = appliances[index].ladder.changes
    let wasStale = appliances[index].isStale
    let effects = appliances[index].wake(at: now)
    trace.add(now.nanoseconds)
    trace.add(Int64(index) << 32 | Int64(effects.count))
    // What happened while it could not hear is news to it when it hears again.
    let isCurrentAgain = wasStale && !appliances[index].isStale
    if appliances[index].ladder.changes != before || isCurrentAgain { disturb(index) }
    carryOut(effects, index)
    settle(index)
  }

  /// After anything that may have made an appliance readable or moved its deadline.
  func settle(_ index: Int) {
    let appliance = appliances[index]
    collect(appliance)
    if appliance.kernel.hasDumpRunning, !isDumpPlanned[index] {
      isDumpPlanned[index] = true
      schedule(
        .dumpPart(index, run: appliance.run), after: .microseconds(random.pick(5...200)))
    }
    guard appliance.isRunning else { return }
    var due = appliance.deadline
    if appliance.isReadable {
      let soon =
        now + .microseconds(random.oneIn(20) ? random.pick(200...5000) : random.pick(5...60))
      due = min(due ?? soon, soon)
    }
    guard var due else { return }
    due = max(due, now)
    if let planned = nextWake[index], planned <= due { return }
    nextWake[index] = due
    agenda.add(.wake(index), at: due)
  }

  func collect(_ appliance: Appliance) {
    for (checker, text) in appliance.takeComplaints() { violate(checker, text) }
    reached.formUnion(appliance.reached)
  }

  private func continueDump(_ index: Int, _ run: Int) {
    let appliance = appliances[index]
    isDumpPlanned[index] = false
    if appliance.run == run, appliance.driver != nil, appliance.kernel.hasDumpRunning {
      appliance.kernel.continueDump()
    }
    settle(index)
  }

  // MARK: From an appliance into the network

  private func carryOut(_ effects: [NetworkEffect], _ index: Int) {
    for effect in effects {
      switch effect {
      case .connect(let peer):
        connections.append(
          Connection(
            appliance: index, run: appliances[index].run, server: peer, lastOut: now, lastIn: now))
        appliances[index].sockets[peer].connection = connections.count - 1
        sendOut(.begin, connections.count - 1)
      case .close(let peer): closeLatest(index, peer)
      case .send(let peer, let bytes, let armed):
        guard let id = latest(index, peer) else { continue }
        if var armed {
          connections[id].volleys += WireMessage.take(from: &armed).map(\.bytes)
        }
        send(bytes, over: id, isOut: true)
      }
    }
  }

  /// The connection that an effect in order is about: the newest of this appliance to that server.
  private func latest(_ index: Int, _ peer: Int) -> Int? {
    connections.lastIndex {
      $0.appliance == index && $0.server == peer && $0.run == appliances[index].run && $0.isOpenHere
    }
  }

  private func closeLatest(_ index: Int, _ peer: Int) {
    guard let id = latest(index, peer) else { return }
    connections[id].isOpenHere = false
    sendOut(.end, id)
  }

  private func closeHere(_ index: Int, _ peer: Int) {
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

  private func deliver(_ segment: Segment, toApplianceOf id: Int) {
    let connection = connections[id]
    let appliance = appliances[connection.appliance]
    guard connection.isOpenHere, appliance.sockets[connection.server].connection == id else {
      // Who talks to a closed socket is told so.
      if connection.isOpenThere, segment != .end { sendOut(.end, id) }
      return
    }
    appliance.sockets[connection.server].inbox.append(segment)
    settle(connection.appliance)
  }

  private func deliver(_ segment: Segment, toServerOf id: Int) {
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
    switch segment {
    case .begin:
      actions = servers[server].accept(id, from: neighbour, at: now)
      if actions.contains(.close) { reached.insert(.connectionRefusedByServer) }
    case .bytes(let bytes):
      guard servers[server].neighbours[neighbour].connection == id else { return }
      let wasUp = servers[server].neighbours[neighbour].isEstablished
      let logged = servers[server].log.count
      actions = servers[server].receive(bytes, from: neighbour, at: now)
      for entry in servers[server].log[logged...] { examine(entry, server, id) }
      if servers[server].neighbours[neighbour].isEstablished != wasUp { disturb(neighbour) }
    case .end:
      connections[id].isOpenThere = false
      if servers[server].neighbours[neighbour].connection == id { servers[server].drop(neighbour) }
    case .refused: return
    }
    carryOut(actions, id)
    planTurn(server)
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
    for neighbour in 0..<2 {
      guard let id = servers[server].neighbours[neighbour].connection else { continue }
      let expiries = servers[server].holdExpiries
      carryOut(servers[server].turn(neighbour, at: now), id)
      if servers[server].holdExpiries != expiries { reached.insert(.holdExpiredAtServer) }
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
}
