// The judges of what is withdrawn when nobody can carry the traffic, and of what watchers say alike.

import Model

extension GroupWorld {
  /// What a kernel, a daemon and a network may take together from the event to the table.
  private var late: Nanoseconds { .seconds(1) + shape.detection }

  /// One UPDATE that takes routes back: only by who knows that nobody can carry the traffic.
  func judgeWithdrawal(_ entry: LoggedUpdate, _ server: Int) {
    let index = entry.neighbour
    reached.insert(.withdrawn)
    judge.withdrawnBy.insert(index)
    guard shape.allDown == .withdraw else {
      return violate(.withdrawal, "member \(index): \(entry.update.text)")
    }
    // What a server read late it has late, and what a kernel did not tell nobody knows.
    if let stalled = judge.stalledAt[server], now - stalled < .seconds(60) { return }
    if now - truths[index].deafAt < failbackTime { return }
    if shape.manner == .watchers {
      // An answer that came to a machine which stood still is one more that was lost: a pause in
      // which nothing was due is noticed by nobody.
      let isVacant = hosts.indices.allSatisfy { host in
        if let missed = probing.missedAt[index][host], now - missed < late { return true }
        return !hosts[host].isUp || now - hosts[host].since < late
      }
      if !isVacant { violate(.withdrawal, "member \(index) withdraws, and a host is well") }
      return
    }
    if truths[index].isWell, now - truths[index].wellSince > late {
      violate(.withdrawal, "member \(index) is well and withdraws")
    }
    let calm = takeoverTime + shape.timeout
    let other = members.indices.first { other in
      other != index && isLiving(other) && areConnected(index, other)
        && isWellFor(other) > calm && truths[other].said?.wants ?? false
        && now - max(truths[other].wantsSince, truths[other].standsSince) > calm
        && now - truths[index].standsSince > calm
        && now - max(truths[index].troubledAt, truths[other].troubledAt) > late
    }
    if let other { violate(.withdrawal, "member \(index) withdraws, and \(other) is well") }
  }

  /// The world was left alone with nobody who can carry the traffic: it has no route then.
  func judgeVacancy() {
    // Who stands still keeps its routes, and a watcher whose own link is down believes nothing bad
    // of others.
    guard members.indices.allSatisfy(isLiving),
      shape.manner == .healthy || truths.allSatisfy({ $0.isWell && !$0.isOut }),
      now - judge.lastCause >= takeoverTime
    else { return }
    judge.looks += 1
    for server in 0..<2 where judge.best[server].contains(where: { !$0.members.isEmpty }) {
      violate(.nobody, "server \(server) still has routes, though nobody is well")
    }
  }

  /// Followers say what their leader says.
  func judgeUnison(_ living: [Int]) {
    guard shape.manner == .watchers, living.count > 1,
      living.allSatisfy({ now - truths[$0].standsSince > takeoverTime }),
      // What was decided just now may still be on its way to some.
      judge.lastShift.map({ now - $0 > takeoverTime }) ?? true
    else { return }
    for (server, prefix) in (0..<2).flatMap({ one in shape.prefixes.map { (one, $0) } }) {
      let hops = living.map { servers[server].neighbours[$0].routes[prefix]?.nextHop }
      if Set(hops).count > 1 {
        violate(.unison, "server \(server), \(prefix): to \(hops.map { $0?.description ?? "-" })")
      }
    }
  }
}
