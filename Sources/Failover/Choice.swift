// Which candidate a watcher sends a VIP's traffic to.

package import Model

/// The choice of one VIP. The order of the candidates is the order of preference.
package struct Choice: Sendable {
  /// How one candidate stands.
  package struct Candidate: Equatable, Sendable {
    package var health: Health
    /// Since when it is so.
    package var since: Instant

    package init(_ health: Health, since: Instant) {
      self.health = health
      self.since = since
    }
  }

  package enum Outcome: Equatable, Sendable {
    case unchanged
    /// Traffic goes to another candidate, or for the first time to one.
    case moved
    /// Nobody is up: what stands is kept. Said once.
    case allDown
    case recovered
  }

  private let failback: Nanoseconds?
  /// How long the start waits for the first word about a candidate that is preferred.
  private let patience: Nanoseconds
  package private(set) var current: Int?
  package private(set) var since: Instant?
  package private(set) var isAllDown = false
  /// An operator chose it: it stays until it is down.
  package private(set) var isPinned = false
  package private(set) var deadline: Instant?
  private var begunAt: Instant?
  /// The choice is that of a run before this one, and was not announced in this one.
  private var isRecalled = false
  /// Since when the order of the candidates, or how it is followed, is as it is; nil: since the
  /// start.
  private var orderedAt: Instant?

  package init(failback: Nanoseconds?, patience: Nanoseconds) {
    self.failback = failback
    self.patience = patience
  }

  /// For the moment nothing is chosen, whatever was waited for.
  package mutating func stand() { deadline = nil }

  /// Takes over what the leading speaker has chosen.
  package mutating func follow(_ candidate: Int, at now: Instant) -> Outcome {
    isPinned = false
    // What was waited for is the leader's to decide.
    deadline = nil
    // It knows somebody who is well.
    guard candidate != current else { return recover() }
    isAllDown = false
    current = candidate
    since = now
    return .moved
  }

  /// An operator's word.
  package mutating func pin(_ candidate: Int, at now: Instant) -> Outcome {
    isPinned = true
    guard candidate != current else { return .unchanged }
    current = candidate
    since = now
    return .moved
  }

  package mutating func unpin() { isPinned = false }

  /// What a run before this one had chosen: it stands until it is known to be down.
  mutating func recall(_ candidate: Int, isPinned: Bool) {
    current = candidate
    self.isPinned = isPinned
    isRecalled = true
  }

  /// Goes on where another stood. `candidate` is what was chosen, as it is called now. A new order
  /// is followed as if everybody had come up with it: it moves nothing by itself.
  mutating func succeed(
    _ old: Choice, candidate: Int?, isReordered: Bool, at now: Instant
  ) {
    Keeper.carry(from: old, to: &self) { $0.keep(in: &$1) }
    if isReordered || failback != old.failback { orderedAt = now }
    current = candidate
  }

  /// What was chosen can be chosen no more.
  mutating func replace(with candidate: Int, at now: Instant) {
    (current, since) = (candidate, now)
    isPinned = false
  }

  /// Whether there is a choice that is still to be announced as it stands; said once.
  mutating func takeRecalled() -> Bool {
    defer { isRecalled = false }
    return isRecalled
  }

  /// `isFrozen`: nothing moves by itself. `dampedUntil`: what can wait waits until then.
  package mutating func judge(
    _ candidates: Candidates, isFrozen: Bool, dampedUntil: Instant?, at now: Instant
  ) -> Outcome {
    deadline = nil
    let begunAt = begunAt ?? now
    self.begunAt = begunAt
    guard let current else { return begin(candidates, since: begunAt, at: now) }
    if isFrozen { return candidates[current].health == .up ? recover() : .unchanged }
    guard candidates[current].health == .down else {
      if let better = better(candidates, than: current, dampedUntil, at: now) {
        return move(to: better, at: now)
      }
      return candidates[current].health == .up ? recover() : .unchanged
    }
    isPinned = false
    if let next = candidates.firstIndex(where: { $0.health == .up }) {
      return move(to: next, at: now)
    }
    // Somebody of whom nothing is known may be well: that is no reason to send traffic there.
    guard candidates.allSatisfy({ $0.health == .down }), !isAllDown else { return .unchanged }
    isAllDown = true
    return .allDown
  }

  private mutating func move(to candidate: Int, at now: Instant) -> Outcome {
    isAllDown = false
    current = candidate
    since = now
    return .moved
  }

  private mutating func recover() -> Outcome {
    guard isAllDown else { return .unchanged }
    isAllDown = false
    return .recovered
  }

  /// The first choice waits for whoever is preferred to be known, but not for ever.
  private mutating func begin(
    _ candidates: Candidates, since begin: Instant, at now: Instant
  ) -> Outcome {
    guard let first = candidates.firstIndex(where: { $0.health == .up }) else {
      guard candidates.allSatisfy({ $0.health == .down }), !isAllDown else { return .unchanged }
      isAllDown = true
      return .allDown
    }
    let isWaiting = candidates[..<first].contains { $0.health == .unknown }
    if isWaiting, now < begin + patience {
      deadline = begin + patience
      return .unchanged
    }
    return move(to: first, at: now)
  }

  /// The most preferred candidate that has been well for long enough.
  private mutating func better(
    _ candidates: Candidates, than current: Int, _ dampedUntil: Instant?, at now: Instant
  ) -> Int? {
    guard let failback, !isPinned else { return nil }
    for index in candidates.indices.prefix(current) where candidates[index].health == .up {
      let since = max(candidates[index].since, orderedAt ?? candidates[index].since)
      let due = max(since + failback, dampedUntil ?? now)
      if now >= due { return index }
      deadline = min(deadline ?? due, due)
    }
    return nil
  }
}

extension Choice {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&current, blank: 0) {
      $1.keep(place: &$0, below: PlanLimits.candidatesPerVIP)
    }
    keeper.keep(&since)
    keeper.keep(&isAllDown)
    keeper.keep(&isPinned)
    keeper.keep(&deadline)
    keeper.keep(&begunAt)
    keeper.keep(&isRecalled)
    keeper.keep(&orderedAt)
  }
}
