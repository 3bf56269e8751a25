// What the platform is about to do to this machine, or to that of another speaker: traffic goes
// elsewhere before it happens.

package import Model

/// Whether a machine will soon be away, and since when it is so.
struct Doom: Sendable {
  private(set) var isPending = false
  private(set) var changedAt: Instant?

  /// Answers whether that is news.
  mutating func take(_ isPending: Bool, at now: Instant) -> Bool {
    guard isPending != self.isPending else { return false }
    self.isPending = isPending
    changedAt = now
    return true
  }

  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&isPending)
    keeper.keep(&changedAt)
  }

  /// How the machine stands as a candidate: down while it is doomed, and well again only since
  /// then, so that traffic comes back by the rule of failback.
  func spoils(_ candidate: Choice.Candidate) -> Choice.Candidate {
    guard let changedAt else { return candidate }
    return Choice.Candidate(
      isPending ? .down : candidate.health, since: max(candidate.since, changedAt))
  }
}

extension Failover {
  /// Takes whether this machine will soon be away. It is no operator's word: what an operator has
  /// said stands beside it. Answers whether that is news.
  package mutating func doom(
    _ isPending: Bool, at now: Instant, into verdicts: inout [Verdict]
  ) -> Bool {
    guard doom.take(isPending, at: now) else { return false }
    trigger = .scheduledEvent
    judgeAll(at: now, into: &verdicts)
    hasNews = true
    return true
  }

  package var isDoomed: Bool { doom.isPending }

  /// What a speaker says of its own machine.
  package mutating func relayed(
    _ isPending: Bool, by fellow: FellowSlot, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard fellowDooms[fellow.index].take(isPending, at: now) else { return }
    trigger = .fellowDoomed(fellow)
    judgeAll(at: now, into: &verdicts)
  }

  /// A speaker that is not heard any more says nothing of its machine: from now on what is asked of
  /// its host tells, and traffic that has left comes back by the rule of failback.
  mutating func forgetDoom(of fellow: FellowSlot, at now: Instant) {
    _ = fellowDooms[fellow.index].take(false, at: now)
  }

  /// Whether a speaker has said that its machine will soon be away.
  package func isDoomed(_ fellow: FellowSlot) -> Bool { fellowDooms[fellow.index].isPending }

  /// Whether the platform is about to do something to one of the hosts of a unit.
  func hasDoomedHost(_ unit: Int) -> Bool {
    units[unit].candidates.contains { host in
      speakerOf[host.index].map { fellowDooms[$0].isPending } ?? false
    }
  }

  /// The hosts of a unit as they stand. A machine that will soon be away counts as down while
  /// another is up; until it is away it is better than none.
  func candidates(of unit: Int) -> Candidates {
    var candidates = Candidates()
    for host in units[unit].candidates {
      candidates.append(doom(of: host)?.spoils(hosts[host]) ?? hosts[host])
    }
    if candidates.contains(where: { $0.health == .up }) { return candidates }
    for (place, host) in units[unit].candidates.enumerated() {
      candidates[place].health = hosts[host].health
    }
    return candidates
  }

  private func doom(of host: HostSlot) -> Doom? {
    if hosts.isSelf(host) { return doom }
    return speakerOf[host.index].map { fellowDooms[$0] }
  }

  /// By host: the speaker whose machine it is.
  static func speakers(of plan: Plan) -> [Int?] {
    plan.hosts.map { host in plan.group?.peers.firstIndex(of: host.address) }
  }

  /// Whether traffic for a VIP may still come here, by what this machine has said itself.
  package func mayCarry(_ vip: VIPSlot) -> Bool {
    let unit = index.unit(of: vip)
    switch units[unit].rule {
    case .address: return isHeld(vip)
    case .health: return contests[unit].isClaiming
    case .balanced: return units[unit].rung?.isClaim ?? false
    case .watcher(let choice):
      guard let current = choices[choice].current else { return false }
      return hosts.isSelf(units[unit].candidates[current])
    }
  }

  /// Out of service by an operator, or doomed.
  func isUnavailable(_ unit: Int) -> Bool { units[unit].isOut || doom.isPending }
}
