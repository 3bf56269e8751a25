// The engine's side of redistribution: routes of the kernel in, UPDATEs out, behind all volleys.

import BGP
package import Model
package import Redistribution

/// Who was told what of the kernel's routes.
package struct Exporter {
  package internal(set) var exports: Exports
  /// There is no rule, and nothing is left of rules that there were.
  var isIdle: Bool
  let hasRules: Bool
  /// By peer: the session that is being told; nil: none is up.
  var epochs: [UInt32?]
  /// By peer: the end of its first announcement was not marked yet.
  var owesEnd: [Bool]
  /// Since when there is news of routes that was not read; nil: all was read.
  var unread: Instant?
  /// When what the kernel had at first has been decided on; nil: it was not listed yet.
  var settled: Instant?
  /// The longest delay of a rule.
  let longestDelay: Nanoseconds
  /// By rule: an alarm was raised for what is left out.
  var isAlarmed: [Bool]
  var overflowIsAlarmed = false
  /// What stands in route tables, and an alarm for what has no room there was raised.
  package internal(set) var tables: TableRoutes
  var tablesAreAlarmed = false
  /// What the kernel had at first was decided on: what is not there now is not wanted.
  var areTablesSettled = false

  /// How long what is due waits for news that was not read. We chose it: a storm that never ends
  /// overruns the socket long before, and must not keep everything else back.
  static let readingLimit = Nanoseconds.seconds(1)

  init(_ plan: Plan) {
    let rules = plan.redistributions
    let peers = plan.routeServers.peers.count
    isIdle = rules.isEmpty
    hasRules = !rules.isEmpty
    exports = Exports(
      rules, limit: plan.exportLimit,
      reserved: rules.isEmpty ? [] : plan.vips.flatMap { $0.isAnnounced ? $0.prefixes : [] },
      carriesIPv6: rules.map { plan.nextHops(of: $0).ipv6 != nil }, audiences: peers)
    epochs = Array(repeating: nil, count: peers)
    owesEnd = Array(repeating: false, count: peers)
    longestDelay = rules.map(\.delay).max() ?? .zero
    isAlarmed = Array(repeating: false, count: rules.count)
    tables = TableRoutes(
      rules, limit: plan.tableLimit, reserved: plan.vips.flatMap { $0.udr?.prefixes ?? [] })
    // What an earlier configuration has written is not wanted, and nobody else writes.
    if let azure = plan.azure, tables.isIdle, azure.writer == nil { tables.hear(.ours) }
  }
}

extension Engine {
  /// What is announced of the kernel's routes.
  package var exports: Exports { exporter.exports }

  /// Places of prefixes that are kept, announced or not.
  package var exportCount: Int { exporter.exports.slotCount }

  /// How many prefixes a route server was told that stand, VIPs and routes of the kernel.
  package func announcedPrefixes(_ peer: PeerSlot) -> Int {
    speaker.announcedPrefixes(peer) + exporter.exports.knownCount(peer)
  }

  mutating func exportsLearned(
    _ route: Route, _ arrival: RouteArrival, at now: Instant, into outputs: inout Outputs
  ) {
    if exporter.isIdle { return }
    exporter.exports.learned(route, arrival, at: now)
    heedRouteDoubt(at: now, into: &outputs)
  }

  /// A dump has listed a route of which later news says more.
  mutating func exportsPassed(_ route: Route) {
    if !exporter.isIdle { exporter.exports.passed(route) }
  }

  mutating func exportsLost(_ route: Route, at now: Instant, into outputs: inout Outputs) {
    if exporter.isIdle { return }
    exporter.exports.lost(route, at: now)
    heedRouteDoubt(at: now, into: &outputs)
  }

  /// Asks for a new listing when only that can say what the kernel has.
  mutating func heedRouteDoubt(at now: Instant, into outputs: inout Outputs) {
    guard exporter.exports.isDoubtful else { return }
    exporter.exports.doubtWasHeard()
    changedSilently(at: now, into: &outputs)
  }

  /// A grace must not end while the route's return stands in the socket: what is due is judged when
  /// the socket was read to its end.
  mutating func routesAreRead(_ areRead: Bool, at now: Instant) {
    if exporter.isIdle { return }
    exporter.unread = areRead ? nil : exporter.unread ?? now
  }

  /// What is due waits until then.
  private var readingEnd: Instant? { exporter.unread.map { $0 + Exporter.readingLimit } }

  /// Whether a route server still has to prove that it has a volley: what leaves behind one would
  /// put off the proof, which is that TCP has everything.
  private func owesProof(_ peer: PeerSlot) -> Bool {
    wantsAcknowledgements && speaker.targets[peer.index].unproved != nil
  }

  mutating func routesBecameStale() { exporter.exports.becameStale() }

  mutating func routesAreComplete(at now: Instant) {
    if exporter.isIdle { return }
    exporter.exports.completed(at: now)
    if exporter.settled == nil { exporter.settled = now + exporter.longestDelay }
  }

  /// `.turn` is wanted at once while somebody can be told something.
  var exportDeadline: Instant? {
    if exporter.isIdle { return nil }
    var earliest = isStopping ? nil : exporter.exports.deadline
    if !isStopping, !exporter.tables.isIdle, !exporter.areTablesSettled, exporter.unread == nil,
      exporter.exports.isComplete
    {
      earliest = Instant.earlier(earliest, exporter.settled)
    }
    if let due = earliest, let readingEnd { earliest = max(due, readingEnd) }
    for index in exporter.epochs.indices where exporter.epochs[index] != nil {
      let peer = PeerSlot(index)
      guard speaker.takesExports(peer), !owesProof(peer) else { continue }
      if exporter.exports.owes(peer) { return latest }
      guard exporter.owesEnd[index], exporter.exports.isComplete else { continue }
      earliest = Instant.earlier(earliest, exporter.settled)
    }
    return earliest
  }

  /// Sessions that began or ended with this input, and route servers that were told all VIPs again.
  mutating func followSessions() {
    if exporter.isIdle { return }
    for index in exporter.epochs.indices {
      let peer = PeerSlot(index)
      let retold = speaker.takeRetold(peer)
      let target = speaker.targets[index]
      let epoch = target.isEstablished ? target.epoch : nil
      if epoch == exporter.epochs[index] {
        // What was asked for again, and no more: the other family would hear what it knows.
        if epoch != nil, !retold.isEmpty {
          exporter.exports.repeatAll(
            to: peer, ofIPv4: retold.contains(.ipv4Unicast), ofIPv6: retold.contains(.ipv6Unicast))
        }
        continue
      }
      exporter.epochs[index] = epoch
      exporter.owesEnd[index] = epoch != nil && exporter.hasRules
      if epoch == nil {
        exporter.exports.end(peer)
      } else {
        let families = speaker.spoken[index]?.families ?? []
        exporter.exports.begin(
          peer, takesIPv4: families.contains(.ipv4Unicast),
          takesIPv6: families.contains(.ipv6Unicast))
      }
    }
  }

  /// Says what is due, one piece to each route server. When this turn moves a VIP, that comes first
  /// and the next turn, which follows at once, says the rest.
  mutating func turnExports(at now: Instant, into outputs: inout Outputs) {
    guard !exporter.isIdle, !isMoving else { return }
    followSessions()
    // Whoever is leaving says nothing new.
    if !isStopping {
      if readingEnd.map({ now >= $0 }) ?? true { exporter.exports.turn(at: now) }
      exporter.tables.follow(exporter.exports)
      exporter.exports.spread()
      alarmOfRoom(into: &outputs)
      settleTables(at: now)
    }
    for index in exporter.epochs.indices where exporter.epochs[index] != nil {
      let peer = PeerSlot(index)
      guard speaker.takesExports(peer), !owesProof(peer) else { continue }
      if let piece = exporter.exports.take(for: peer, octets: Speaker.exportOctets) {
        speaker.tell(piece, to: peer, at: now, into: &outputs)
      } else if exporter.owesEnd[index], exporter.exports.isComplete,
        let settled = exporter.settled, now >= settled
      {
        exporter.owesEnd[index] = false
        let connection = ConnectionSlot(peer, speaker.targets[index].side)
        speaker.sendEndOfRIB(connection, into: &outputs)
      }
    }
    if !exporter.hasRules { exporter.restIfDone() }
  }

  private mutating func alarmOfRoom(into outputs: inout Outputs) {
    let leftOut = exporter.exports.leftOut
    for rule in leftOut.indices where exporter.isAlarmed[rule] != (leftOut[rule] > 0) {
      exporter.isAlarmed[rule] = leftOut[rule] > 0
      guard leftOut[rule] > 0 else { continue }
      outputs.add(.note(.alarm(.routesLeftOut(RuleSlot(rule), count: leftOut[rule]))))
    }
    let waiting = exporter.tables.leftOut
    if exporter.tablesAreAlarmed != (waiting > 0) {
      exporter.tablesAreAlarmed.toggle()
      if waiting > 0 { outputs.add(.note(.alarm(.tableRoutesLeftOut(count: waiting)))) }
    }
    // A listing counts anew: what it refuses is no new alarm.
    guard exporter.exports.isComplete,
      exporter.overflowIsAlarmed != (exporter.exports.overflows > 0)
    else { return }
    exporter.overflowIsAlarmed.toggle()
    if exporter.overflowIsAlarmed { outputs.add(.note(.alarm(.routesNotKept))) }
  }
}

extension Exporter {
  /// Goes on where another stood. `peers` says by route server which session of old goes on.
  mutating func succeed(
    _ old: Exporter, _ rules: RuleSuccession, peers: [Int?], at now: Instant
  ) {
    isIdle = old.isIdle && !hasRules
    exports.succeed(old.exports, rules, peers: peers, at: now)
    // What the rules of now select is known when the kernel was listed once more.
    (unread, settled) = (old.unread, rules.selectsSame ? old.settled : nil)
    if !hasRules { (unread, settled) = (nil, old.settled ?? now) }
    for (before, rule) in rules.byName.enumerated() {
      if let rule { isAlarmed[rule] = old.isAlarmed[before] }
    }
    overflowIsAlarmed = old.overflowIsAlarmed
    if rules.isSame {
      (tables, tablesAreAlarmed) = (old.tables, old.tablesAreAlarmed)
      areTablesSettled = old.areTablesSettled
    } else {
      tables.succeed(old.tables, exports)
    }
    for (peer, before) in peers.enumerated() {
      guard let before else { continue }
      (epochs[peer], owesEnd[peer]) = (old.epochs[before], old.owesEnd[before])
    }
    if !hasRules { restIfDone() }
  }

  /// Everybody knows that nothing is announced any more.
  mutating func restIfDone() {
    guard exports.total == 0, !exports.hasChanges, !owesEnd.contains(true),
      !epochs.indices.contains(where: { exports.owes(PeerSlot($0)) })
    else { return }
    isIdle = true
    exports = Exports([], limit: 0, audiences: epochs.count)
    for peer in epochs.indices { epochs[peer] = nil }
  }

  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&isIdle)
    exports.keep(in: &keeper)
    keeper.keep(&unread)
    keeper.keep(each: &epochs) { $1.keep(&$0, blank: 0) { $1.keep(&$0) } }
    keeper.keep(each: &owesEnd) { $1.keep(&$0) }
    keeper.keep(&settled)
    keeper.keep(each: &isAlarmed) { $1.keep(&$0) }
    keeper.keep(&overflowIsAlarmed)
    tables.keep(in: &keeper)
    keeper.keep(&tablesAreAlarmed)
    keeper.keep(&areTablesSettled)
  }
}
