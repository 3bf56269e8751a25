// What the platform is about to do to this machine: traffic goes elsewhere before it happens.

package import Model

/// Whether this machine will soon be away, and since when it is so.
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

  /// How this machine stands as a candidate: down while it is doomed, and well again only since
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
