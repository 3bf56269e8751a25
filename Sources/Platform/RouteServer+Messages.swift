// What an instance makes of the messages of its peers, and of their silence.

package import Model

extension RouteServer {
  /// Bytes came on a connection.
  package mutating func received(_ bytes: [UInt8], on key: ConnectionKey, at now: Instant) {
    guard let place = place(of: key) else { return }
    peers[key.peer].connections[place].reader.append(bytes)
    // A message may end the connection: it is looked for anew each time.
    while let place = self.place(of: key) {
      let fourOctet = peers[key.peer].connections[place].speaksFourOctets(quirks)
      guard let message = peers[key.peer].connections[place].reader.next(fourOctet: fourOctet)
      else { return }
      take(message, place, key, at: now)
    }
  }

  private mutating func take(
    _ message: WireMessage, _ place: Int, _ key: ConnectionKey, at now: Instant
  ) {
    let connection = peers[key.peer].connections[place]
    if case .notification(let code, let subcode) = message {
      emit(.close(key))
      forget(key, "received NOTIFICATION \(code)/\(subcode)", at: now)
      return
    }
    if case .unreadable(let why) = message {
      let (code, subcode) = connection.reader.notification
      end(key, code, subcode, why, at: now)
      return
    }
    switch (connection.state, message) {
    case (.openSent, .opening(let open)): takeOpen(open, place, key, at: now)
    case (.openConfirm, .keepalive): establish(place, key, at: now)
    case (.established, .keepalive): restartHold(key, at: now)
    case (.established, .update(let update)):
      restartHold(key, at: now)
      takeUpdate(update, key, at: now)
    case (.established, .routeRefresh(let family, let subsequent)):
      takeRefresh(family, subsequent, connection, at: now)
    default:
      // RFC 6608: which state did not expect it.
      let subcodes: [ConnectionState: UInt8] = [.openSent: 1, .openConfirm: 2, .established: 3]
      end(key, 5, subcodes[connection.state] ?? 0, "\(message) out of turn", at: now)
    }
  }

  private mutating func takeOpen(
    _ open: WireOpen, _ place: Int, _ key: ConnectionKey, at now: Instant
  ) {
    let peer = settings.peers[key.peer]
    let holdTime = min(Nanoseconds.seconds(Int64(open.holdTime)), quirks.holdTime)
    if open.version != 4 {
      return end(key, 2, 1, "version \(open.version)", at: now)
    }
    if open.asn != peer.asn.value {
      return end(key, 2, 2, "AS \(open.asn) instead of \(peer.asn)", at: now)
    }
    if open.identifier.bits == 0 || open.identifier == settings.address {
      return end(key, 2, 3, "identifier \(open.identifier)", at: now)
    }
    if holdTime != .zero, holdTime < max(quirks.shortestHoldTime, .seconds(3)) {
      return end(key, 2, 6, "hold time of \(open.holdTime) s", at: now)
    }
    guard collide(key, open, at: now), let place = self.place(of: key) else { return }
    var connection = peers[key.peer].connections[place]
    connection.open = open
    connection.state = .openConfirm
    connection.holdTime = holdTime
    // A third of the hold time is what RFC 4271 section 4.4 suggests.
    connection.interval = holdTime == .zero ? .zero : min(quirks.keepalive, holdTime / 3)
    connection.hold = holdTime == .zero ? nil : now + holdTime
    peers[key.peer].connections[place] = connection
    emit(.send(key, MessageWriter.keepalive))
    scheduleKeepalive(key, at: now)
  }

  /// RFC 4271 section 6.8: of two connections, the one survives that the speaker with the higher
  /// identifier has opened. False when this one does not.
  private mutating func collide(
    _ key: ConnectionKey, _ open: WireOpen, at now: Instant
  ) -> Bool {
    let rival = peers[key.peer].connections.first {
      $0.key != key && $0.state != .connecting && $0.state != .openSent
    }
    guard let rival else { return true }
    let oursStays =
      (settings.address.bits, settings.asn.value) > (open.identifier.bits, open.asn)
    let thisStays = rival.state != .established && key.isOurs == oursStays
    end(thisStays ? rival.key : key, 6, 7, "another connection won", at: now)
    return thisStays
  }

  private mutating func establish(_ place: Int, _ key: ConnectionKey, at now: Instant) {
    peers[key.peer].connections[place].state = .established
    for other in peers[key.peer].connections where other.key != key {
      end(other.key, 6, 7, "another connection won", at: now)
    }
    peers[key.peer].connectAt = nil
    restartHold(key, at: now)
    guard let place = self.place(of: key) else { return }
    let connection = peers[key.peer].connections[place]
    emit(
      .event(
        .sessionUp(
          peer: settings.peers[key.peer].name, holdTime: connection.holdTime,
          families: connection.families(quirks))))
    tellEverything(to: connection, [.ipv4, .ipv6])
  }

  private mutating func takeRefresh(
    _ family: UInt16, _ subsequent: UInt8, _ connection: ServerConnection, at now: Instant
  ) {
    restartHold(connection.key, at: now)
    let wanted: ServerEvent.Family = family == 2 ? .ipv6 : .ipv4
    // RFC 2918 section 4: a family that was not offered is passed over.
    guard subsequent == 1, family == 1 || family == 2,
      connection.families(quirks).contains(wanted)
    else { return }
    emit(.event(.wasAsked(peer: settings.peers[connection.key.peer].name, family: wanted)))
    tellEverything(to: connection, [wanted])
  }

  // MARK: Time

  private mutating func restartHold(_ key: ConnectionKey, at now: Instant) {
    guard let place = place(of: key) else { return }
    let length = peers[key.peer].connections[place].holdTime
    peers[key.peer].connections[place].hold = length == .zero ? nil : now + length
  }

  private mutating func scheduleKeepalive(_ key: ConnectionKey, at now: Instant) {
    guard let place = place(of: key) else { return }
    let interval = peers[key.peer].connections[place].interval
    guard interval != .zero else { return }
    // RFC 4271 section 10: 75 to 100 %.
    let wait = quirks.jitters ? dice.length(from: interval * 3 / 4, to: interval) : interval
    peers[key.peer].connections[place].keepalive = now + wait
  }

  /// A timer of a connection has run out.
  mutating func overdue(_ key: ConnectionKey, at now: Instant) {
    guard let place = place(of: key) else { return }
    let connection = peers[key.peer].connections[place]
    if let hold = connection.hold, hold <= now {
      return end(key, 4, 0, "hold timer expired", at: now)
    }
    if let keepalive = connection.keepalive, keepalive <= now {
      emit(.send(key, MessageWriter.keepalive))
      scheduleKeepalive(key, at: now)
    }
  }
}
