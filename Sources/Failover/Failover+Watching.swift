// How a watcher judges a VIP: who leads, and which host it sends the traffic to.

import Model

extension Failover {
  mutating func watch(
    _ unit: Int, _ choice: Int, at now: Instant, into verdicts: inout [Verdict]
  ) {
    let candidates = candidates(of: unit)
    var judgement = Judgement.unchanged
    var isLeading = true
    // In a group the place on the ladder is announced at the start, and the choice with it.
    if choices[choice].takeRecalled(), isAlone { judgement = .stand(.owner) }
    if !isAlone {
      let isAble = hosts.ownNetwork != .gone && candidates.contains { $0.health == .up }
      judgement = contend(unit, wants: isAble, at: now)
      isLeading = contests[unit].isLeading
      // Whoever is about to resign says nothing new before it does.
      if contests[unit].isClaiming, !isLeading {
        choices[choice].stand()
        return record(judgement, unit, into: &verdicts)
      }
    }
    let outcome =
      isLeading ? choose(unit, choice, candidates, at: now) : follow(unit, choice, candidates, now)
    switch outcome {
    case .unchanged: break
    case .moved where isLeading:
      noteShift(unit, at: now)
      hasNews = true
      if case .claim = judgement { break }
      record(.moved, unit, into: &verdicts)
    case .moved: record(.followed, unit, into: &verdicts)
    case .allDown: record(.allDown, unit, into: &verdicts)
    case .recovered: record(.recovered, unit, into: &verdicts)
    }
    record(judgement, unit, into: &verdicts)
  }

  private mutating func choose(
    _ unit: Int, _ choice: Int, _ candidates: Candidates, at now: Instant
  ) -> Choice.Outcome {
    choices[choice].judge(
      candidates, isFrozen: units[unit].isOut, dampedUntil: dampedUntil(unit), at: now)
  }

  /// Below a leader the same is said as it says, as long as its next hop is one of ours.
  private mutating func follow(
    _ unit: Int, _ choice: Int, _ candidates: Candidates, _ now: Instant
  ) -> Choice.Outcome {
    let view = fellows?.view(of: unit, rank: units[unit].rank, epoch: contests[unit].epoch)
    if let nextHop = view?.incumbent?.nextHop,
      let leaders = units[unit].nextHops.firstIndex(of: nextHop)
    {
      return choices[choice].follow(leaders, at: now)
    }
    return choose(unit, choice, candidates, at: now)
  }
}
