// The judges of a group: they look at the route servers' tables, at hello on the wire, and at where
// the address or the health really is.

import Engine
import Failover
import Model

extension GroupWorld {
  /// How long after the last change both servers must hold the same (rule 9).
  private static let quiet = Nanoseconds.milliseconds(100)
  /// What an UPDATE may take from decision to table.
  private static let onItsWay = Nanoseconds.milliseconds(100)

  func violate(_ checker: Checker, _ text: String) {
    judge.broken.insert(checker)
    tell("BROKEN \(checker.rawValue): \(text)")
    let seconds = Double(now.nanoseconds) / 1e9
    if judge.violations.count < 8 {
      judge.violations.append("\(checker.rawValue) at \(seconds) s: \(text)")
    }
  }

  // MARK: The wire

  /// One UPDATE that arrived; the tables have it already.
  func examine(_ entry: LoggedUpdate, _ server: Int, _ id: Int) {
    let index = entry.neighbour
    if isOfRoutes(entry.update) { return examineExports(entry, server) }
    truths[index].changedAt = now
    tell("server \(server) has from \(index): \(entry.update.text)")
    watch(index)
    if !entry.update.withdrawn.isEmpty { judgeWithdrawal(entry, server) }
    if entry.isRepetition { violate(.repetition, "member \(index) again: \(entry.update.text)") }
    if connections[id].volleys.first == entry.bytes {
      connections[id].volleys.removeFirst()
    } else if !entry.update.announced.isEmpty {
      violate(.armed, "member \(index) sent what was not armed: \(entry.update.text)")
    }
    if !entry.update.announced.isEmpty, judge.withdrawnBy.remove(index) != nil {
      reached.insert(.restored)
    }
    judgeClaim(entry, server)
    // What is said when a session begins is no shift.
    tablesChanged(server, byUpdate: entry.isChange)
  }

  /// Rules 6 and 7: a pause of our own blames nobody.
  private func judgeClaim(_ entry: LoggedUpdate, _ server: Int) {
    let index = entry.neighbour
    let before = judge.paths[server][index]
    judge.paths[server][index] = entry.update.withdrawn.isEmpty ? entry.update.path.count : .max
    guard entry.update.withdrawn.isEmpty, entry.isChange, entry.update.path.count <= 15,
      entry.update.path.count < before, let thawed = truths[index].thawedAt,
      !truths[index].wasShaky,
      now - thawed < shape.timeout, let pause = members[index].lastPause, pause.at >= thawed,
      pause.length >= shape.timeout / 2
    else { return }
    if let commanded = judge.commandedAt, now - commanded < takeoverTime { return }
    // An address that came is claimed at once.
    if shape.manner == .address, let came = truths[index].arrivedAt, came >= thawed - pause.length {
      return
    }
    // One that is better takes the VIP back, if that is not forbidden for longer.
    let failback = shape.failback ?? shape.timeout
    for other in members.indices where other != index && isLiving(other) {
      if shape.manner == .healthy {
        if isWellFor(other) < shape.timeout { continue }
        if now - thawed >= failback, shape.isBetter(index, than: other) { continue }
      }
      guard isClaimant(other), truths[other].said?.isClaim ?? false,
        truths[other].said?.wants ?? false,
        now - truths[other].wantsSince > shape.timeout,
        now - truths[other].standsSince > takeoverTime,
        cuts[other][index] == 0, now - truths[other].saidAt < shape.timeout
      else { continue }
      violate(.ownPause, "member \(index) thawed and claims, though \(other) lives and was heard")
    }
  }

  /// A session came or went.
  func disturb(_ index: Int) {
    tell("sessions of \(index): \(servers.map { $0.neighbours[index].isEstablished })")
    trouble(index)
    noteSessions(of: index)
    watch(index)
    for server in 0..<2 { tablesChanged(server, byUpdate: false) }
  }

  /// In a moment both servers must hold the same of this member.
  func watch(_ index: Int) {
    judge.stamps[index] += 1
    schedule(.compare(index, stamp: judge.stamps[index]), after: GroupWorld.quiet)
  }

  // MARK: Best paths

  private func best(_ prefix: Prefix, _ server: Int) -> Best {
    var best = Best()
    for index in members.indices {
      guard let route = servers[server].neighbours[index].routes[prefix] else { continue }
      if best.members.isEmpty || route.pathLength < best.pathLength {
        best = Best(nextHops: [], members: [], pathLength: route.pathLength)
      }
      guard route.pathLength == best.pathLength else { continue }
      best.members.append(index)
      if !best.nextHops.contains(route.nextHop) { best.nextHops.append(route.nextHop) }
    }
    return best
  }

  func tablesChanged(_ server: Int, byUpdate: Bool) {
    for (place, prefix) in shape.prefixes.enumerated() {
      let after = best(prefix, server)
      let before = judge.best[server][place]
      guard after != before else { continue }
      judge.best[server][place] = after
      if place == 0 { planProgramming() }
      if after.isClaimed, after.members.count > 1 {
        violate(.equalPaths, "server \(server), \(prefix): members \(after.members) claim alike")
      }
      guard byUpdate else { continue }
      guard let old = before.only, let new = after.only, old != new else { continue }
      judge.shifts += 1
      judgeShift(from: before, to: after, place, server)
      judge.lastShift = now
      if after.isClaimed { judge.movedAt[server][place] = now }
    }
  }

  /// A best next hop has moved.
  private func judgeShift(from old: Best, to new: Best, _ place: Int, _ server: Int) {
    judge.tokens[server][place] -= 1
    let isExcused = members.indices.contains { one in
      members.indices.contains {
        $0 != one && isLiving(one) && isLiving($0) && !areConnected(one, $0)
      }
    }
    if judge.tokens[server][place] < 0, !isExcused {
      violate(
        .pingPong, "server \(server), \(shape.prefixes[place]): moved again without a cause")
    }
    guard new.isClaimed else { return }
    noteFrozen(old)
    if shape.manner != .address { judgeFailback(from: old, to: new, place, server) }
  }

  private func noteFrozen(_ old: Best) {
    if old.members.contains(where: { truths[$0].frozenAt != nil }) {
      reached.insert(.frozenHolderBeaten)
    }
  }

  /// Traffic left somebody who was well: only for a better one that was well for long enough, and
  /// not inside the damping window (rule 3).
  private func judgeFailback(from old: Best, to new: Best, _ place: Int, _ server: Int) {
    let prefix = shape.prefixes[place]
    let count = shape.manner == .healthy ? members.count : Shape.hosts
    guard let left = (0..<count).first(where: { shape.nextHop($0, prefix) == old.only }),
      let taken = (0..<count).first(where: { shape.nextHop($0, prefix) == new.only })
    else { return violate(.bestPath, "server \(server), \(prefix): a next hop of nobody") }
    let speakers = shape.manner == .healthy ? [left, taken] : Array(members.indices)
    let calm = takeoverTime + shape.timeout
    guard
      speakers.allSatisfy({ isLiving($0) && now - truths[$0].troubledAt > calm || $0 == taken }),
      isWellFor(left) > calm, members.indices.allSatisfy({ isLiving($0) }), areAllConnected
    else { return }
    // What a server read late it has late, and what a kernel did not tell nobody knows.
    if let stalled = judge.stalledAt[server], now - stalled < takeoverTime { return }
    if speakers.contains(where: { now - truths[$0].deafAt < failbackTime }) { return }
    if isCommanded { return }
    reached.insert(.failback)
    let isBetter = shape.manner == .healthy ? shape.isBetter(taken, than: left) : taken < left
    guard isBetter, let failback = shape.failback else {
      return violate(.failback, "server \(server), \(prefix): left \(left), which was well")
    }
    // Packets do not see what is shorter than it takes to miss enough of them.
    let wasSeenWell = shape.isProbed ? now - probing.firmSince[taken] : isWellFor(taken)
    if wasSeenWell < failback {
      violate(.failback, "server \(server), \(prefix): back to \(taken) too soon")
    }
    judgeDamping("back to \(taken)", place, server)
  }

  private func judgeDamping(_ what: String, _ place: Int, _ server: Int) {
    guard let last = judge.movedAt[server][place], now - last < shape.window - GroupWorld.onItsWay
    else { return }
    // What a server read late it has late.
    if let stalled = judge.stalledAt[server], now - stalled < shape.window + .seconds(60) { return }
    violate(.damping, "server \(server): \(what) inside the damping window")
  }

  func isWellFor(_ target: Int) -> Nanoseconds {
    switch shape.manner {
    case .healthy: truths[target].isWell ? now - truths[target].wellSince : .zero
    default: hosts[target].isUp ? now - hosts[target].since : .zero
    }
  }

  private var areAllConnected: Bool {
    members.indices.allSatisfy { one in
      members.indices.allSatisfy { $0 == one || areConnected(one, $0) }
    }
  }

  // MARK: Looks

  /// Both sessions are up and nothing hinders them.
  func isInOrder(_ index: Int) -> Bool {
    let member = members[index]
    guard isLiving(index), !member.hasNews, let driver = member.driver,
      driver.engine.failover.isCurrent
    else { return false }
    return (0..<2).allSatisfy { server in
      guard states[server].isUp, !states[server].isStalled,
        let id = servers[server].neighbours[index].connection
      else { return false }
      return servers[server].neighbours[index].isEstablished && connections[id].isOpenHere
        && connections[id].run == member.run && member.sockets[server].connection == id
    }
  }

  /// A member was left alone for a while.
  func compare(_ index: Int, _ stamp: Int) {
    guard judge.stamps[index] == stamp, isInOrder(index) else { return }
    judge.comparisons += 1
    for server in 0..<2 where !servers[server].neighbours[index].owed.isEmpty {
      violate(.refresh, "member \(index) owes server \(server) an answer")
    }
    for prefix in shape.prefixes {
      let routes = (0..<2).map { servers[$0].neighbours[index].routes[prefix] }
      if routes[0] != routes[1] {
        violate(.sameOnBoth, "member \(index), \(prefix): \(words(routes[0])), \(words(routes[1]))")
      }
    }
  }

  private func words(_ route: Route?) -> String {
    route.map { "\($0.nextHop) path \($0.pathLength)" } ?? "nothing"
  }

  /// The world was left alone for a while.
  func look(_ stamp: Int, _ patience: Patience) {
    guard judge.stamp == stamp else { return }
    judgeBestPaths(patience)
    if patience == .failback {
      for server in judge.tokens.indices {
        for place in judge.tokens[server].indices { judge.tokens[server][place] = 0 }
      }
    }
  }

  /// What is promised: with every daemon that lives in order and heard by the others, and with
  /// those that stand still known to them as they last were, traffic goes to one that can carry it;
  /// after the failback to the best of those.
  private func judgeBestPaths(_ patience: Patience) {
    let living = members.indices.filter(isLiving)
    guard !living.isEmpty, living.allSatisfy(isInOrder),
      members.indices.allSatisfy({ truths[$0].frozenAt == nil || !truths[$0].isShaky }),
      living.allSatisfy({ one in living.allSatisfy { $0 == one || areConnected(one, $0) } }),
      members.indices.allSatisfy({ !truths[$0].isEnding })
    else { return }
    let able = promised(living)
    guard !able.isEmpty else { return judgeNobody() }
    judge.looks += 1
    judgeUnison(living)
    if truths.contains(where: { $0.frozenAt != nil }) { reached.insert(.lookBesideFrozen) }
    for server in 0..<2 {
      for (place, prefix) in shape.prefixes.enumerated() {
        let best = judge.best[server][place]
        let right = able.map { shape.nextHop($0, prefix) }
        guard let only = best.only, right.contains(only) else {
          violate(
            .bestPath,
            "server \(server), \(prefix): to \(best.nextHops) of \(best.members), "
              + "not to one of \(right)")
          continue
        }
        guard patience == .failback, shape.failback != nil, !isPinned,
          let preferred = preferred(of: able)
        else { continue }
        if only != shape.nextHop(preferred, prefix) {
          violate(.bestPath, "server \(server), \(prefix): \(preferred) is better than \(only)")
        }
      }
    }
  }

  private func preferred(of able: [Int]) -> Int? {
    switch shape.manner {
    case .address: nil
    case .healthy: able.min { shape.isBetter($0, than: $1) }
    case .watchers: able.min()
    }
  }

  /// Those of whom one must have the traffic.
  private func promised(_ living: [Int]) -> [Int] {
    switch shape.manner {
    case .address:
      able.count == 1 && living.contains(able[0]) && !isMoving && !truths[able[0]].isOut
        ? able : []
    case .healthy: able.filter { !truths[$0].isOut }
    // Somebody in service has to see them.
    case .watchers: living.contains { truths[$0].isWell && !truths[$0].isOut } ? able : []
    }
  }

  /// Nobody can carry the traffic: what stood when that began still stands (rule 2).
  private func judgeNobody() {
    guard shape.manner != .address, able.isEmpty else { return }
    if shape.allDown == .withdraw { return judgeVacancy() }
    if let before = judge.lastWell {
      judge.looks += 1
      for server in 0..<2 where before[server].map(\.nextHops) != judge.best[server].map(\.nextHops)
      {
        violate(.nobody, "server \(server): traffic moved, though nobody is well")
      }
    } else {
      judge.lastWell = judge.best
      for member in members where member.defect == .restless {
        carryOut(member.askForAll(), of: member.index)
      }
      schedule(.group(.look(stamp: judge.stamp, .takeover)), after: .seconds(2))
    }
  }

  // MARK: The end

  /// Faults have stopped long ago. Who reads its mail at this very moment is looked at again.
  func verify(_ attempt: Int) {
    if attempt < 3, !members.indices.allSatisfy(isInOrder) {
      return schedule(.verify(attempt + 1), after: .milliseconds(37))
    }
    for index in members.indices where !isInOrder(index) {
      violate(.liveness, "member \(index) is not in order long after the last fault")
    }
    judgeBestPaths(.failback)
    judgeFiles()
    for server in servers {
      for why in server.wrongs { violate(.format, why) }
      for (code, subcode) in server.notifications where code != 4 && code != 6 {
        violate(.format, "NOTIFICATION \(code)/\(subcode) from a member")
      }
      for why in server.overflows { violate(.routeLimit, why) }
    }
    let epochs = Set(truths.compactMap { $0.said?.epoch })
    if members.count > 1, epochs.count != 1 {
      violate(.liveness, "epochs \(epochs.sorted()) long after the last fault")
    }
    guard claimants.count == 1, let claimant = claimants.first else {
      return violate(.liveness, "members \(claimants) claim long after the last fault")
    }
    judgeTables(claimant)
    judgeCrowd(claimant)
    judgeExports()
    judgeConfirmation(claimant)
    for server in servers {
      let length = server.neighbours[claimant].routes[shape.prefixes[0]]?.pathLength ?? 0
      // Owner is 15 long, and each place in the group one shorter.
      if length != 15 - claimant {
        violate(.liveness, "member \(claimant) has not stepped back: path of \(length)")
      }
    }
  }
}
