// What the rules of the ladder say a machine must announce, from what its kernel told it.

package import Model

/// The rules at the head of Sources/Failover/Claim.swift a second time, in plain numbers. Claims
/// are 1 (owner) to 15 (the last takeover); what stands is a claim, or the claim that was resigned
/// as a negative number, or 0 for standby.
package struct Ladder: Sendable {
  /// The last claim, how long a claim outlives its address, and how long a start takes.
  package static let top = 15
  package static let grace = Nanoseconds.seconds(5)
  package static let settling = Nanoseconds.seconds(10)

  /// What stands; nil until the kernel was heard.
  package private(set) var height: Int?
  package private(set) var claimed: Int
  private var isAway = false
  private var start = Instant.zero
  package private(set) var stepDown: Instant?
  /// The end of the ladder was reached.
  package private(set) var isExhausted = false
  /// Claims and steps down so far.
  package private(set) var changes = 0

  /// `claimed` is what a daemon that was killed had claimed, when its file says so.
  package init(claimed: Int = 0) { self.claimed = claimed }

  /// 31 hops for standby, 30 to 16 for what was resigned, 15 to 1 for claims.
  package var pathLength: Int? {
    height.map { $0 > 0 ? Ladder.top + 1 - $0 : 2 * Ladder.top + 1 + $0 }
  }

  /// The kernel was heard: the address is configured (`isHeld`), and its link runs (`isUsable`).
  /// The answer is whether a claim follows.
  package mutating func heard(isHeld: Bool, isUsable: Bool, at now: Instant) -> Bool {
    guard let height else {
      if isUsable { claimed = max(claimed, 1) }
      self.height = isUsable ? claimed : 0
      isAway = !isHeld
      start = now
      return false
    }
    if !isHeld { isAway = true }
    guard isUsable else {
      if height > 0 && stepDown == nil { stepDown = now + Ladder.grace }
      return false
    }
    stepDown = nil
    if claimed > 0 && !isAway {
      if height == claimed { return false }
      self.height = claimed
      changes += 1
      return true
    }
    isAway = false
    if claimed == Ladder.top {
      isExhausted = true
      self.height = Ladder.top
      if height != Ladder.top { changes += 1 }
      return height != Ladder.top
    }
    changes += 1
    if claimed == 0 {
      claimed = now < start + Ladder.settling ? 1 : 2
    } else {
      claimed = min(Ladder.top, claimed + 2)
    }
    self.height = claimed
    return true
  }

  /// Time passed, and the machine ran; the answer is whether it stepped down.
  package mutating func turn(at now: Instant) -> Bool {
    guard let due = stepDown, now >= due, let height else { return false }
    stepDown = nil
    changes += 1
    self.height = -height
    return true
  }
}
