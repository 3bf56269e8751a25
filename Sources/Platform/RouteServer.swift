// A Route Server instance without its sockets: what comes in, and what is to be done about it.

package import Model

/// Everything an instance decides. Its peers are numbered as in the settings. Whoever owns the
/// sockets calls it with what happened, then does what `takeOutputs` answers, in that order.
package struct RouteServer: Sendable {
  /// What the owner of the sockets has to do.
  package enum Output: Hashable, Sendable {
    /// Open the door for connections, or shut it.
    case listen(Bool)
    case connect(ConnectionKey, to: IPv4Address)
    case send(ConnectionKey, [UInt8])
    /// Close when everything was sent.
    case close(ConnectionKey)
    /// Close at once, with an RST.
    case reset(ConnectionKey)
    /// The platform forwards a prefix like this from now on.
    case program(ProgrammingQueue.Done)
    case event(ServerEvent)
  }

  /// How a session is ended on command.
  package enum Closing: Hashable, Sendable {
    case cease, reset, finish
  }

  struct Peer: Sendable {
    var connections: [ServerConnection] = []
    /// When we connect; nil while there is no need to.
    var connectAt: Instant?
    /// What this peer was told, in order of prefixes.
    var told: [Prefix] = []
    var state: String {
      if connections.contains(where: { $0.state == .established }) { return "established" }
      return connections.map(\.state.rawValue).sorted().last ?? "idle"
    }
  }

  package internal(set) var settings: ServerSettings
  var peers: [Peer]
  var table: PathTable
  var queue: ProgrammingQueue
  var dice: Dice
  private var outputs: [Output] = []
  private var life: UInt32 = 0
  /// Until then nobody is let in and nothing begun.
  private var awayUntil: Instant?
  private var isListening = false

  package init(_ settings: ServerSettings, at now: Instant) {
    self.settings = settings
    peers = Array(repeating: Peer(), count: settings.peers.count)
    table = PathTable(peers: settings.peers.count)
    queue = ProgrammingQueue(seed: settings.seed &+ 1)
    dice = Dice(seed: settings.seed)
    begin(at: now)
    emit(.event(.ready))
  }

  mutating func emit(_ output: Output) { outputs.append(output) }

  package mutating func takeOutputs() -> [Output] {
    defer { outputs.removeAll() }
    return outputs
  }

  var quirks: Quirks { settings.quirks }

  /// When `tick` has to be called at the latest.
  package var deadline: Instant? {
    var earliest = Instant.earlier(awayUntil, queue.deadline)
    for peer in peers {
      earliest = Instant.earlier(earliest, peer.connectAt)
      for connection in peer.connections {
        earliest = Instant.earlier(earliest, connection.deadline)
      }
    }
    return earliest
  }

  /// Does what is due.
  package mutating func tick(at now: Instant) {
    if let until = awayUntil, until <= now {
      awayUntil = nil
      begin(at: now)
      emit(.event(.returned))
    }
    for peer in peers.indices {
      if let connectAt = peers[peer].connectAt, connectAt <= now {
        peers[peer].connectAt = nil
        connect(peer, at: now)
      }
      for connection in peers[peer].connections {
        if let deadline = connection.deadline, deadline <= now { overdue(connection.key, at: now) }
      }
    }
    carryOut(at: now)
  }

  /// What is due comes into force.
  mutating func carryOut(at now: Instant) {
    while let done = queue.next(at: now) {
      emit(.program(done))
      emit(.event(.programmed(prefix: done.prefix, hops: done.hops, waited: done.waited)))
    }
  }

  /// Everything the platform forwards now on behalf of this instance.
  package var programmed: [ProgrammingQueue.Done] { queue.all }

  package func programmed(_ prefix: Prefix) -> [IPAddress] { queue.programmed(prefix).hops }

  package func paths(to prefix: Prefix) -> [(path: ServerPath, isBest: Bool)] {
    let chosen = table.chosen(for: prefix)
    return table.paths(to: prefix).map { path in
      let isBest = path.length == chosen.pathLength && chosen.hops.contains(path.hop)
      return (path, isBest)
    }
  }

  /// The state of the session with each peer, and how many routes it brought.
  package var sessions: [(peer: ServerPeer, state: String, held: Int)] {
    peers.indices.map { (settings.peers[$0], peers[$0].state, table.held(from: $0)) }
  }

  // MARK: Coming and going

  private mutating func begin(at now: Instant) {
    openDoor()
    for peer in peers.indices { scheduleConnect(peer, at: now, isFirst: true) }
  }

  private mutating func openDoor() {
    let wanted = quirks.listens && awayUntil == nil
    if wanted != isListening { emit(.listen(wanted)) }
    isListening = wanted
  }

  /// The first attempt comes at any time within the first interval, so that either side may be the
  /// one that connects; later ones after 75 to 100 % of it.
  mutating func scheduleConnect(_ peer: Int, at now: Instant, isFirst: Bool = false) {
    guard quirks.connects, awayUntil == nil, peers[peer].connections.isEmpty else { return }
    let retry = quirks.connectRetry
    peers[peer].connectAt = now + dice.length(from: isFirst ? .zero : retry * 3 / 4, to: retry)
  }

  private mutating func connect(_ peer: Int, at now: Instant) {
    guard peers[peer].connections.isEmpty else { return }
    let key = newKey(peer, isOurs: true)
    peers[peer].connections.append(ServerConnection(key, .connecting, at: now))
    emit(.connect(key, to: settings.peers[peer].address))
  }

  private mutating func newKey(_ peer: Int, isOurs: Bool) -> ConnectionKey {
    life &+= 1
    return ConnectionKey(peer: peer, isOurs: isOurs, life: life)
  }

  /// A connection came in. Nil: nobody is served there, and it is to be reset.
  package mutating func accepted(from address: IPv4Address, at now: Instant) -> ConnectionKey? {
    guard let peer = settings.peers.firstIndex(where: { $0.address == address }) else {
      emit(.event(.refused(address: address, reason: "no such peer")))
      return nil
    }
    let others = peers[peer].connections
    // One that is up stays (RFC 4271 section 6.8), and one of this kind at a time is enough.
    guard !others.contains(where: { $0.state == .established || !$0.key.isOurs }) else {
      emit(.event(.refused(address: address, reason: "it has a connection")))
      return nil
    }
    let key = newKey(peer, isOurs: false)
    peers[peer].connections.append(ServerConnection(key, .openSent, at: now))
    peers[peer].connectAt = nil
    emit(.send(key, MessageWriter.opening(settings)))
    return key
  }

  /// A connection that we began stands.
  package mutating func connected(_ key: ConnectionKey, at now: Instant) {
    guard let place = place(of: key) else { return }
    peers[key.peer].connections[place].state = .openSent
    peers[key.peer].connections[place].hold = now + ServerConnection.openLimit
    emit(.send(key, MessageWriter.opening(settings)))
  }

  /// A connection is gone, or could not be made.
  package mutating func ended(_ key: ConnectionKey, _ reason: String, at now: Instant) {
    guard place(of: key) != nil else { return }
    forget(key, reason, at: now)
  }

  func place(of key: ConnectionKey) -> Int? {
    peers[key.peer].connections.firstIndex { $0.key == key }
  }

  /// Takes a connection out, and with it what it brought.
  mutating func forget(_ key: ConnectionKey, _ reason: String, at now: Instant) {
    guard let place = place(of: key) else { return }
    let gone = peers[key.peer].connections.remove(at: place)
    if gone.state == .established {
      emit(.event(.sessionDown(peer: settings.peers[key.peer].name, reason: reason)))
      peers[key.peer].told.removeAll()
      // No graceful restart: the routes go with the session.
      for prefix in table.removeAll(from: key.peer) { choose(prefix, at: now) }
    }
    scheduleConnect(key.peer, at: now)
  }

  /// Says why and ends a connection; one that does not stand yet is given up without a word.
  mutating func end(
    _ key: ConnectionKey, _ code: UInt8, _ subcode: UInt8, _ reason: String, at now: Instant
  ) {
    guard let place = place(of: key) else { return }
    if peers[key.peer].connections[place].state == .connecting {
      emit(.reset(key))
    } else {
      emit(.send(key, MessageWriter.notification(code, subcode)))
      emit(.close(key))
    }
    forget(key, reason, at: now)
  }

  // MARK: Commands

  /// Asks one peer, or all, to tell their routes again. A peer that cannot be asked is reset.
  package mutating func askAgain(_ only: String?, at now: Instant) -> Bool {
    if let only, !settings.peers.contains(where: { $0.name == only }) { return false }
    for peer in peers.indices where only == nil || settings.peers[peer].name == only {
      for connection in peers[peer].connections where connection.state == .established {
        if connection.canBeAsked {
          for family in connection.families(quirks) {
            emit(.send(connection.key, MessageWriter.refresh(ipv6: family == .ipv6)))
            emit(.event(.askedAgain(peer: settings.peers[peer].name, family: family)))
          }
        } else if quirks.resetsWithoutRefresh {
          // RFC 4486: Administrative Reset.
          end(connection.key, 6, 4, "it cannot be asked for its routes", at: now)
        }
      }
    }
    return true
  }

  /// Ends the sessions with one peer; false when there is no such peer.
  package mutating func close(_ name: String, _ manner: Closing, at now: Instant) -> Bool {
    guard let peer = settings.peers.firstIndex(where: { $0.name == name }) else { return false }
    for connection in peers[peer].connections { close(connection.key, manner, at: now) }
    return true
  }

  private mutating func close(_ key: ConnectionKey, _ manner: Closing, at now: Instant) {
    switch manner {
    case .cease:
      end(key, 6, 4, "closed by command", at: now)
      return
    case .finish: emit(.close(key))
    case .reset: emit(.reset(key))
    }
    forget(key, "closed by command", at: now)
  }

  /// Leaves its service for a while: what it programs goes with its sessions. What Azure's
  /// instances say before they go is not known; Cease, Administrative Shutdown is what a speaker
  /// says that is stopped in order.
  package mutating func restart(away length: Nanoseconds, at now: Instant) {
    awayUntil = now + length
    openDoor()
    for peer in peers.indices {
      peers[peer].connectAt = nil
      for connection in peers[peer].connections {
        end(connection.key, 6, 2, "restarting", at: now)
      }
    }
    emit(.event(.restarting))
  }

  /// Changes a quirk; false when it is not understood. Established sessions keep what they have
  /// negotiated; choices are made anew, and so is who is told of them.
  package mutating func set(_ name: String, _ value: String, at now: Instant) -> Bool {
    guard settings.quirks.set(name, value) else { return false }
    openDoor()
    for peer in peers.indices {
      if quirks.connects {
        if peers[peer].connectAt == nil { scheduleConnect(peer, at: now) }
      } else {
        peers[peer].connectAt = nil
      }
    }
    for prefix in table.prefixes {
      choose(prefix, at: now)
      tellOtherwise(prefix)
    }
    return true
  }
}
