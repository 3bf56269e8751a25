// How a VIP is judged: by its address, by our health, or in a contest with other speakers.

import Model

extension Failover {
  mutating func judge(slot: Int, at now: Instant, into verdicts: inout [Verdict]) {
    guard isCurrent else { return }
    if watchesEvidence(slot), learnInterfaces(at: now) {
      return judgeAll(at: now, into: &verdicts)
    }
    // Thousands may wait for one address, and most of them see it alike: the view is asked once.
    let anywhere = view.presence(of: slot, on: [])
    for unit in index.units(waitingFor: slot) {
      if isAlone, units[unit].rule == .address, units[unit].plainSlot == slot {
        judgeLone(unit, anywhere, at: now, into: &verdicts)
      } else {
        judge(unit: unit, at: now, into: &verdicts)
      }
    }
  }

  /// Whether an address says something of a host: our own does, and one that is evidence.
  private func watchesEvidence(_ slot: Int) -> Bool {
    slot == localSlot || !kernelEvidence.isEmpty
  }

  mutating func judgeAll(at now: Instant, into verdicts: inout [Verdict]) {
    for unit in units.indices { judge(unit: unit, at: now, into: &verdicts) }
  }

  /// What hangs on addresses waits for a complete view of them; the rest only for the first one.
  /// After a pause everything waits, but for claims that are made without hello: they follow each
  /// step of the address.
  func mayJudge(_ unit: Int) -> Bool {
    let isAddress = units[unit].rule == .address
    if isCatchingUp, !isAddress || fellows != nil { return false }
    if units[unit].listensUntil != nil { return false }
    return isCurrent || hasBegun && !isAddress
  }

  mutating func judge(unit: Int, at now: Instant, into verdicts: inout [Verdict]) {
    guard mayJudge(unit) else {
      // That it came while nothing may be decided is not forgotten.
      if units[unit].rule == .address, isCurrent, notePresence(unit) {
        units[unit].hasArrived = true
      }
      giveWay(unit, at: now, into: &verdicts)
      return
    }
    switch units[unit].rule {
    case .address where isAlone:
      return judgeLone(unit, presence(of: unit), at: now, into: &verdicts)
    case .address:
      let isArrival = notePresence(unit) || units[unit].hasArrived && isHere(unit)
      units[unit].hasArrived = false
      let judgement = contend(unit, wants: isHere(unit), isArrival: isArrival, at: now)
      record(judgement, unit, into: &verdicts)
      if units[unit].isGiven { followPlacement(unit, at: now) }
    case .health(let host):
      let judgement = contend(unit, wants: hosts[host].health == .up, at: now)
      record(judgement, unit, into: &verdicts)
    case .balanced(let host):
      record(balance(unit, hosts[host].health, at: now), unit, into: &verdicts)
    case .watcher(let choice): watch(unit, choice, at: now, into: &verdicts)
    }
    judgeVacancy(unit, at: now, into: &verdicts)
    noteDeadline(of: unit)
  }

  /// On a stale view of the addresses a claim that is beaten is resigned all the same.
  mutating func giveWay(_ unit: Int, at now: Instant, into verdicts: inout [Verdict]) {
    guard units[unit].rule == .address, hasBegun, !isCurrent, !isCatchingUp, let fellows,
      fellows.listening == nil
    else { return }
    let view = fellows.view(of: unit, rank: units[unit].rank, epoch: contests[unit].epoch)
    let before = (contests[unit].epoch, contests[unit].rung)
    guard let judgement = contests[unit].giveWay(to: view, at: now) else { return }
    let after = (contests[unit].epoch, contests[unit].rung)
    if before != after { hasNews = true }
    if before.0 != after.0 { noteShift(unit, at: now) }
    record(judgement, unit, into: &verdicts)
    noteDeadline(of: unit)
  }

  /// It calls nothing that only looks at `self`: the compiler would copy all of that for each VIP.
  private mutating func judgeLone(
    _ unit: Int, _ presence: Presence, at now: Instant, into verdicts: inout [Verdict]
  ) {
    let members = units[unit].memberCount
    heldCount -= claims[unit].isHeld ? members : 0
    let judgement = claims[unit].judge(presence, at: now)
    heldCount += claims[unit].isHeld ? members : 0
    units[unit].presence = presence
    if case .claim = judgement {
      if units[unit].shiftedAt != now { units[unit].shiftedBefore = units[unit].shiftedAt }
      units[unit].shiftedAt = now
      if lastShared != now { sharedBefore = lastShared }
      lastShared = now
    }
    record(judgement, unit, into: &verdicts)
    if units[unit].isGiven { followPlacement(unit, at: now) }
    guard let due = claims[unit].deadline else { return }
    if let earliest, earliest <= due { return }
    earliest = due
  }

  /// Where the addresses of a unit are; of several, where the one is that stands worst.
  func presence(of unit: Int) -> Presence {
    var worst: Presence?
    for (place, slot) in units[unit].addressSlots.enumerated() {
      guard let owner = owners[units[unit].members[place].index] else { continue }
      switch (view.presence(of: slot, for: owner), worst) {
      case (.absent, _): return .absent
      case (.unusable, _): worst = .unusable
      case (let held, nil): worst = held
      case (.held, _): continue
      }
    }
    return worst ?? .absent
  }

  func isHere(_ unit: Int) -> Bool {
    if case .held = units[unit].presence { return true }
    return false
  }

  /// Looks where the addresses are; the answer is whether they have just come.
  mutating func notePresence(_ unit: Int) -> Bool {
    let before = isHere(unit)
    let isStart = contests[unit].rung == nil
    units[unit].presence = presence(of: unit)
    if units[unit].presence == .absent { units[unit].hasLeft = true }
    let isHere = isHere(unit)
    if isHere != before { heldCount += (isHere ? 1 : -1) * units[unit].members.count }
    guard isHere else { return false }
    defer { units[unit].hasLeft = false }
    // What is there at the start was there before: nobody knows since when.
    return units[unit].hasLeft && !isStart
  }

  /// What this VIP's change may have to wait for.
  func dampedUntil(_ unit: Int) -> Instant? {
    let last = damping.isShared ? lastShared : units[unit].shiftedAt
    return last.map { $0 + damping.window }
  }

  /// What one moment changes is one change, however often it is noted.
  mutating func noteShift(_ unit: Int, at now: Instant) {
    if units[unit].shiftedAt != now { units[unit].shiftedBefore = units[unit].shiftedAt }
    units[unit].shiftedAt = now
    if lastShared != now { sharedBefore = lastShared }
    lastShared = now
  }

  mutating func contend(
    _ unit: Int, wants: Bool, isArrival: Bool = false, at now: Instant
  ) -> Judgement {
    guard let fellows else { preconditionFailure("a contest is held in a group") }
    let isYielding = isYielding(unit, at: now)
    let before = (contests[unit].epoch, contests[unit].rung, contests[unit].wants)
    let group = fellows.view(of: unit, rank: units[unit].rank, epoch: contests[unit].epoch)
    // Whoever will be away soon still carries what nobody else would.
    let isLeaving = units[unit].isOut || doom.isPending && group.isAnyoneWilling
    let situation = Contest.Situation(
      wants: wants && !isLeaving && !isYielding, isArrival: isArrival,
      isListening: fellows.listening != nil, dampedUntil: dampedUntil(unit), group: group)
    let judgement = contests[unit].judge(situation, at: now)
    let after = (contests[unit].epoch, contests[unit].rung, contests[unit].wants)
    if before != after { hasNews = true }
    if before.0 != after.0 { noteShift(unit, at: now) }
    return judgement
  }

  /// A hand-over ends when another has claimed, or nobody wanted to.
  mutating func isYielding(_ unit: Int, at now: Instant) -> Bool {
    guard let end = units[unit].yieldsUntil else { return false }
    if now < end && contests[unit].isClaiming { return true }
    units[unit].yieldsUntil = nil
    return false
  }

  mutating func balance(_ unit: Int, _ health: Health, at now: Instant) -> Judgement {
    let isWell = health == .up && !isUnavailable(unit)
    let before = units[unit].rung
    // At the start nobody is asked for what is not known to be well.
    guard let before else {
      units[unit].rung = isWell ? .owner : .standby
      return .stand(isWell ? .owner : .standby)
    }
    if isWell && !before.isClaim {
      units[unit].rung = .owner
      noteShift(unit, at: now)
      return .claim(.owner, isLast: false)
    }
    guard !isWell, health == .down || isUnavailable(unit), before.isClaim else { return .unchanged }
    units[unit].rung = before.resigned
    noteShift(unit, at: now)
    return .resign(before.resigned)
  }
}
