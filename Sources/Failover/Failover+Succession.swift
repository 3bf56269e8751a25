// A new Plan takes the place of an old one: what is known and decided goes on under its names.

package import Model

extension Failover {
  /// How many times what probes need is waited for the first word of a new one. We chose it: what
  /// is asked for the first time may have to be opened before.
  private static let assumptionRounds: Int64 = 2

  /// Goes on where another stood that has begun. Each VIP keeps its place on the ladder, its
  /// epoch, its host and all that was said of it, as long as its name and the host's are there;
  /// a new VIP begins as after a start. Answers the classes of news that have to be listed anew for
  /// what this Plan looks at and the other did not.
  package mutating func succeed(
    _ old: inout Failover, _ succession: Succession, at now: Instant
  ) -> [KernelClass] {
    precondition(old.hasBegun, "there is nothing to go on from")
    var stale = kernelEvidence.succeed(old.kernelEvidence)
    if !view.succeed(old.view), !stale.contains(.interfaces) { stale.append(.interfaces) }
    isCurrent = old.isCurrent && !stale.contains(.interfaces)
    let patience = detection * Failover.assumptionRounds + .seconds(1)
    hosts.succeed(old.hosts, succession, patience: patience, at: now)
    let before = units.indices.map { unit in
      units[unit].members.lazy.compactMap { succession.vips[$0.index] }.first
        .map { old.index.unit(of: VIPSlot($0)) }
    }
    if let heard = old.fellows { fellows?.succeed(heard, before) }
    // A choice that cannot stay shifts at once, and that counts.
    (lastShared, sharedBefore) = (old.lastShared, old.sharedBefore)
    for (unit, former) in before.enumerated() {
      if let former {
        succeed(unit, &old, former, succession, at: now)
      } else if let group = fellows, !isAlone {
        units[unit].listensUntil = group.silence(after: now)
      }
    }
    heldCount = units.indices.reduce(0) { $0 + (isHolding($1) ? units[$1].memberCount : 0) }
    hasBegun = true
    (isFirstListening, isCatchingUp) = (old.isFirstListening, old.isCatchingUp)
    (asksUntil, doom, fellowDooms) = (old.asksUntil, old.doom, old.fellowDooms)
    // The others have to hear of what is new, and every deadline is another. Not an earlier moment:
    // whoever kept time by it would seem to have stood still.
    hasNews = old.hasNews || before.contains(nil)
    earliest = now
    return stale
  }

  /// What follows from the new Plan at once; what must not, has been seen to.
  package mutating func beginSuccession(at now: Instant, into verdicts: inout [Verdict]) {
    trigger = .operatorsWord
    if isCurrent { _ = learnInterfaces(at: now) }
    judgeAll(at: now, into: &verdicts)
  }

  private func isHolding(_ unit: Int) -> Bool {
    guard units[unit].rule == .address else { return false }
    return isAlone ? claims[unit].isHeld : isHere(unit)
  }

  private mutating func succeed(
    _ unit: Int, _ old: inout Failover, _ former: Int, _ succession: Succession, at now: Instant
  ) {
    Keeper.carry(from: old.units[former], to: &units[unit]) { $0.keep(in: &$1) }
    // What an operator or nobody's health has taken away is given back by who has the right to.
    if !units[unit].withdraws { units[unit].isWithdrawn = false }
    if units[unit].rule != .address {
      (units[unit].isGiven, units[unit].givenUntil) = (false, nil)
      units[unit].presence = .absent
    }
    if isAlone {
      if units[unit].rule == .address, old.units[former].rule == .address {
        Keeper.carry(from: old.claims[former], to: &claims[unit]) { $0.keep(in: &$1) }
      }
    } else {
      let isRanked = units[unit].rank != old.units[former].rank
      contests[unit].succeed(old.contests[former], isRanked: isRanked, at: now)
    }
    guard case .watcher(let choice) = units[unit].rule,
      case .watcher(let formerChoice) = old.units[former].rule
    else { return }
    let first = units[unit].members.first { succession.vips[$0.index] != nil } ?? units[unit].first
    let chosen = old.choices[formerChoice].current
    let candidate = chosen.flatMap { succession.candidate($0, of: first) }
    choices[choice].succeed(
      old.choices[formerChoice], candidate: candidate,
      isReordered: !succession.keepsOrder(of: first), at: now)
    // The host is gone from the file, and its traffic has to go somewhere.
    if chosen != nil, candidate == nil { replaceChoice(unit, choice, at: now) }
  }

  private mutating func replaceChoice(_ unit: Int, _ choice: Int, at now: Instant) {
    let up = units[unit].candidates.firstIndex { hosts[$0].health == .up }
    choices[choice].replace(with: up ?? 0, at: now)
    noteShift(unit, at: now)
  }
}
