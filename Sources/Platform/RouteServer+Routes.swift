// Routes of an instance: taking them, choosing among them, telling them to others.

import Model

extension RouteServer {
  /// RFC 1997: not to be told to anybody.
  static let noAdvertise: UInt32 = 0xffff_ff02

  mutating func takeUpdate(_ update: WireUpdate, _ key: ConnectionKey, at now: Instant) {
    let announced = update.announced
    var told = UpdateEvent(peer: settings.peers[key.peer].name)
    let withdrawn = update.withdrawn + update.withdrawn6
    told.announced = Array(announced.prefix(UpdateEvent.namesLimit))
    told.announcedCount = announced.count
    told.withdrawn = Array(withdrawn.prefix(UpdateEvent.namesLimit))
    told.withdrawnCount = withdrawn.count
    told.hop = update.nextHop.map { .v4($0) } ?? update.nextHop6.map { .v6($0) }
    told.pathLength = update.pathLength
    for prefix in withdrawn where table.remove(prefix, from: key.peer) { choose(prefix, at: now) }
    let held = table.held(from: key.peer)
    // What is held and what comes in count together, even when one replaces the other.
    let isTooMany =
      quirks.routeLimit > 0 && !announced.isEmpty && held + announced.count > quirks.routeLimit
    if let fault = fault(in: update), !announced.isEmpty {
      told.dropped = fault
      told.held = held
      emit(.event(.update(told)))
      // RFC 4271 section 6.3: Missing Well-known Attribute.
      return end(key, 3, 3, fault, at: now)
    }
    if isTooMany {
      told.held = held
      emit(.event(.update(told)))
      // RFC 4486: Maximum Number of Prefixes Reached.
      let reason = "\(held) routes and \(announced.count) more are over \(quirks.routeLimit)"
      return end(key, 6, 1, reason, at: now)
    }
    if let reason = reasonToDrop(update) {
      told.dropped = reason
      for prefix in announced where table.remove(prefix, from: key.peer) { choose(prefix, at: now) }
    } else {
      for prefix in announced where !take(prefix, update, from: key.peer, at: now) {
        told.dropped = "the table is full"
      }
    }
    told.held = table.held(from: key.peer)
    emit(.event(.update(told)))
  }

  private func fault(in update: WireUpdate) -> String? {
    if update.origin == nil { return "no ORIGIN" }
    if !update.hasPath { return "no AS_PATH" }
    for prefix in update.announced {
      switch prefix.address {
      case .v4: if update.nextHop == nil { return "no NEXT_HOP" }
      case .v6: if update.nextHop6 == nil { return "no next hop" }
      }
    }
    return nil
  }

  private func reasonToDrop(_ update: WireUpdate) -> String? {
    if update.announced.isEmpty { return nil }
    if quirks.dropsOwnASN, update.path.contains(settings.asn.value) {
      return "\(settings.asn) is in its path"
    }
    if update.nextHop == settings.address { return "its next hop is this instance" }
    return nil
  }

  /// False when there is no room.
  private mutating func take(
    _ prefix: Prefix, _ update: WireUpdate, from peer: Int, at now: Instant
  ) -> Bool {
    let hop: IPAddress?
    switch prefix.address {
    case .v4: hop = update.nextHop.map { .v4($0) }
    case .v6: hop = update.nextHop6.map { .v6($0) }
    }
    guard let hop else { return true }
    let path = ServerPath(
      peer: peer, hop: hop, numbers: update.path, length: update.pathLength,
      origin: update.origin ?? 0, med: update.med ?? 0, communities: update.communities)
    guard table.put(path, for: prefix) else { return false }
    choose(prefix, at: now)
    return true
  }

  /// Chooses anew; what is another choice than before is told and programmed.
  mutating func choose(_ prefix: Prefix, at now: Instant) {
    guard let choice = table.choose(prefix, quirks) else { return }
    emit(.event(.best(prefix: prefix, hops: choice.hops, pathLength: choice.pathLength)))
    let told = queue.ask(
      prefix, choice.hops, pathLength: choice.pathLength, at: now, quirks)
    if let told { emit(.program(told)) }
    carryOut(at: now)
    for peer in peers.indices {
      for connection in peers[peer].connections where connection.state == .established {
        tell(prefix, choice.first, to: connection)
      }
    }
  }

  // MARK: Telling others

  /// Everything of some families that a peer is to know. An End-of-RIB is not sent, as by Azure's.
  mutating func tellEverything(
    to connection: ServerConnection, _ families: [ServerEvent.Family]
  ) {
    let own = settings.ownPrefixes.filter { $0.address.width == 32 }
    if families.contains(.ipv4), connection.families(quirks).contains(.ipv4) {
      for prefix in own {
        var attributes = MessageWriter.Attributes(path: [], hop: .v4(settings.address))
        finish(&attributes, for: connection.key.peer)
        emit(
          .send(
            connection.key,
            MessageWriter.update(
              prefix, attributes, fourOctet: connection.speaksFourOctets(quirks))))
      }
    }
    for prefix in table.prefixes {
      let family: ServerEvent.Family = prefix.address.width == 32 ? .ipv4 : .ipv6
      guard families.contains(family) else { continue }
      tell(prefix, table.chosen(for: prefix).first, to: connection)
    }
  }

  /// Tells a peer the best path of a prefix, or that there is none for it any more.
  private mutating func tell(
    _ prefix: Prefix, _ best: ServerPath?, to connection: ServerConnection
  ) {
    let peer = connection.key.peer
    let family: ServerEvent.Family = prefix.address.width == 32 ? .ipv4 : .ipv6
    guard connection.families(quirks).contains(family) else { return }
    let told = peers[peer].told
    let place = told.place { $0 < prefix }
    let isTold = place < told.count && told[place] == prefix
    guard let best, mayTell(best, to: peer) else {
      guard isTold else { return }
      peers[peer].told.remove(at: place)
      return emit(.send(connection.key, MessageWriter.withdrawal(prefix)))
    }
    if !isTold { peers[peer].told.insert(prefix, at: place) }
    var attributes = MessageWriter.Attributes(path: best.numbers, hop: best.hop)
    attributes.origin = best.origin
    attributes.communities = best.communities
    finish(&attributes, for: peer)
    emit(
      .send(
        connection.key,
        MessageWriter.update(prefix, attributes, fourOctet: connection.speaksFourOctets(quirks))))
  }

  /// Tells the peers that may know of a prefix and do not, or the other way round.
  mutating func tellOtherwise(_ prefix: Prefix) {
    let best = table.chosen(for: prefix).first
    for peer in peers.indices {
      let isTold = peers[peer].told.contains(prefix)
      guard isTold != best.map({ mayTell($0, to: peer) }) ?? false else { continue }
      for connection in peers[peer].connections where connection.state == .established {
        tell(prefix, best, to: connection)
      }
    }
  }

  private func mayTell(_ path: ServerPath, to peer: Int) -> Bool {
    guard quirks.passesOn, path.peer != peer else { return false }
    return !(quirks.honoursNoAdvertise && path.communities.contains(RouteServer.noAdvertise))
  }

  /// Our own number goes in front, except within our own AS (RFC 4271 section 5.1.2).
  private func finish(_ attributes: inout MessageWriter.Attributes, for peer: Int) {
    if settings.peers[peer].asn == settings.asn {
      // RFC 4271 section 5.1.5 wants one; 100 is what every implementation says.
      attributes.localPreference = 100
    } else {
      attributes.path.insert(settings.asn.value, at: 0)
    }
  }
}
