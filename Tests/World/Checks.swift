// The judges: they look at the route servers' tables, at what arrived, and at where the address
// really is.

import Model

extension World {
  /// How long after the last disturbance everything must be in its place (rule 9).
  private static let quiet = Nanoseconds.milliseconds(100)
  /// How long after the last disturbance nobody but the holder is preferred, whatever happened
  /// before: whoever lost the address has resigned by then.
  private static let resigned = Ladder.grace + .seconds(1)
  /// A refresh that crosses an UPDATE by no more than this is "during" the shift.
  private static let crossing = Nanoseconds.milliseconds(20)

  func violate(_ checker: Checker, _ text: String) {
    broken.insert(checker)
    let seconds = Double(now.nanoseconds) / 1e9
    // The first few tell the story; the rest would only be long.
    if violations.count < 8 { violations.append("\(checker.rawValue) at \(seconds) s: \(text)") }
  }

  /// Something happened to an appliance: in a while it is looked at.
  func disturb(_ index: Int) {
    stamps[index] += 1
    disturbedAt[index] = now
    schedule(.compare(index, stamp: stamps[index]), after: World.quiet)
    schedule(.compare(index, stamp: stamps[index]), after: World.resigned)
  }

  // MARK: The wire

  /// One UPDATE that arrived.
  func examine(_ entry: LoggedUpdate, _ server: Int, _ id: Int) {
    let index = entry.neighbour
    if isOfRoutes(entry.update) { return examineRoutes(entry, server) }
    disturb(index)
    if !entry.update.withdrawn.isEmpty {
      violate(.withdrawal, "appliance \(index): \(entry.update.text)")
      return
    }
    if entry.isRepetition {
      violate(.repetition, "appliance \(index) again: \(entry.update.text)")
    }
    if entry.isChange, now - lastRefresh[place(index, server)] < World.crossing {
      reached.insert(.refreshDuringShift)
    }
    let next = connections[id].volleys.first
    if next == entry.bytes {
      connections[id].volleys.removeFirst()
    } else {
      violate(.armed, "appliance \(index) sent what was not armed: \(entry.update.text)")
    }
    // Several VIPs move together: the first prefix stands for all of them.
    guard entry.update.announced.first == prefixes[0], connections[id].run == appliances[index].run
    else { return }
    if lastHeard[place(index, server)] != entry.update { arrived[place(index, server)] += 1 }
    lastHeard[place(index, server)] = entry.update
    judgeRun(index)
  }

  /// What arrived in this run of the daemon against what the rules allowed.
  func judgeRun(_ index: Int) {
    let allowed = appliances[index].ladder.changes + 1
    for server in 0..<2 where arrived[place(index, server)] > allowed {
      violate(
        .oneUpdate,
        "appliance \(index): \(arrived[place(index, server)]) changes, \(allowed) allowed")
    }
  }

  // MARK: The tables

  /// An appliance was left alone for a while.
  func compare(_ index: Int, _ stamp: Int) {
    guard stamps[index] == stamp else { return }
    if isInOrder(index) { compareTables(index) }
    compareRoutes(index)
    judgeBestPaths()
  }

  /// Both sessions are up and nothing hinders them.
  func isInOrder(_ index: Int) -> Bool {
    let appliance = appliances[index]
    guard appliance.isRunning, !appliance.isStale, !appliance.isReadable else { return false }
    return (0..<2).allSatisfy { server in
      guard states[server].isUp, !states[server].isStalled,
        let id = servers[server].neighbours[index].connection
      else { return false }
      return servers[server].neighbours[index].isEstablished && connections[id].isOpenHere
        && connections[id].run == appliance.run && appliance.sockets[server].connection == id
    }
  }

  private func compareTables(_ index: Int) {
    comparisons += 1
    for server in 0..<2 where !servers[server].neighbours[index].owed.isEmpty {
      violate(.refresh, "appliance \(index) owes server \(server) an answer")
    }
    // The end comes behind the routes, once they are known.
    let isEndDue = routeRules == nil || areRoutesInOrder(index)
    for server in 0..<2 where isEndDue && !servers[server].neighbours[index].unended.isEmpty {
      violate(.endOfRIB, "appliance \(index) never told server \(server) that this was all")
    }
    for prefix in prefixes {
      let family = WireFamily(prefix)
      let hearing = (0..<2).filter { servers[$0].families.contains(family) }
      let routes = hearing.map { servers[$0].neighbours[index].routes[prefix] }
      if Set(routes).count > 1 {
        violate(
          .sameOnBoth, "appliance \(index), \(prefix): \(words(routes[0])) and \(words(routes[1]))")
      }
      if family == .ipv6, hearing.count == 1 { reached.insert(.ipv6AtOneServer) }
      if family == .ipv6, hearing.count == 2 { reached.insert(.ipv6AtBothServers) }
      let expected = appliances[index].ladder.pathLength.map {
        Route(nextHop: nextHop(of: index, family), pathLength: $0)
      }
      for route in routes where route != expected {
        violate(.rung, "appliance \(index), \(prefix): \(words(route)), not \(words(expected))")
      }
    }
  }

  private func nextHop(of index: Int, _ family: WireFamily) -> IPAddress {
    let local = appliances[index].plan.local
    guard family == .ipv6, let address6 = local.address6 else { return .v4(local.address) }
    return .v6(address6)
  }

  private func words(_ route: Route?) -> String {
    route.map { "\($0.nextHop) path \($0.pathLength)" } ?? "nothing"
  }

  /// Promised when: one machine holds the address on a link that runs; its daemon and both its
  /// sessions are in order and were left alone for 100 ms; the other was left alone as long, or
  /// stands still; and the rung that the rules give the holder is above the other's. Promised as
  /// well: that, whatever the rungs, six seconds after the last disturbance while nobody stands
  /// still. Not promised, because nobody tells the ladder so without hello: the seconds before,
  /// when a holder that was started anew stands at owner beside another that was one, when a first
  /// arrival meets the first takeover of the other, and when the address came back to its holder
  /// more often than it went; and all of these beside a machine that is frozen.
  func judgeBestPaths() {
    guard let holder, appliances[holder].kernel.isUsable(watched), isInOrder(holder),
      now - disturbedAt[holder] >= World.quiet, now - disturbedAt[1 - holder] >= World.quiet,
      let height = appliances[holder].ladder.height
    else { return }
    // The tables remember what a daemon said that is frozen now, so its ladder counts as it stood.
    let other = appliances[1 - holder].driver == nil ? nil : appliances[1 - holder].ladder.height
    let isSettled = isSettled(holder)
    let isPromised = height > (other ?? -1) || isSettled
    if isSettled { settledPromises += 1 }
    for server in 0..<2 {
      for prefix in prefixes where servers[server].families.contains(WireFamily(prefix)) {
        let paths = servers[server].bestPaths(prefix)
        let isRight = paths == [nextHop(of: holder, WireFamily(prefix))]
        if isPromised {
          promises += 1
          if !isRight {
            violate(
              .bestPath, "server \(server), \(prefix): not to the holder, appliance \(holder)")
          }
        } else {
          unpromised += 1
          if paths.count > 1 { ties += 1 } else if !isRight { astray += 1 }
        }
      }
    }
  }

  /// Both machines are in order, only one of them has the address, and nothing has happened to
  /// either for longer than the grace. This asks no ladder: it is what a user may rely on.
  private func isSettled(_ holder: Int) -> Bool {
    let other = 1 - holder
    return isInOrder(other) && !appliances[other].kernel.isHeld(watched)
      && now - disturbedAt[holder] >= World.resigned && now - disturbedAt[other] >= World.resigned
  }

  /// Faults have stopped long ago. Who reads its mail at this very moment is looked at again.
  func verify(_ attempt: Int) {
    if attempt < 3, !isInOrder(0) || !isInOrder(1) {
      return schedule(.verify(attempt + 1), after: .milliseconds(37))
    }
    for index in 0..<2 {
      judgeRun(index)
      guard isInOrder(index) else {
        violate(.liveness, "appliance \(index) is not in order long after the last fault")
        continue
      }
      compareTables(index)
    }
    for server in servers {
      for why in server.wrongs { violate(.format, why) }
      for (code, _) in server.notifications where code == 4 {
        reached.insert(.holdExpiredAtAppliance)
      }
      // What an appliance refuses must be hold timers: the servers send nothing wrong.
      for (code, subcode) in server.notifications where code != 4 {
        violate(.format, "NOTIFICATION \(code)/\(subcode) from an appliance")
      }
    }
    judgeBestPaths()
    verifyRoutes()
  }
}
