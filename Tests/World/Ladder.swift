// What the rules of the ladder say a machine must announce, worked out from what its kernel told
// it.

package import Model

/// The rules at the head of Sources/Failover/Claim.swift a second time, in plain numbers: 0 is
/// standby, 1 owner, 15 the last takeover; a path has 16 minus that many hops.
package struct Ladder: Sendable {
  /// The last rung, and how long a machine without the address keeps a takeover rung.
  package static let top = 15
  package static let grace = Nanoseconds.seconds(30)

  /// What stands; nil until the kernel was heard.
  package private(set) var height: Int?
  private var claimed = 0
  private var isAway = false
  package private(set) var stepDown: Instant?
  /// The end of the ladder was reached.
  package private(set) var isExhausted = false
  /// Claims and steps down so far.
  package private(set) var changes = 0

  package init() {}

  package var pathLength: Int? { height.map { Ladder.top - $0 + 1 } }

  /// The kernel was heard: the address is configured (`isHeld`), and its link runs (`isUsable`).
  /// The answer is whether a claim follows.
  package mutating func heard(isHeld: Bool, isUsable: Bool, at now: Instant) -> Bool {
    guard let height else {
      self.height = isUsable ? 1 : 0
      claimed = isUsable ? 1 : 0
      isAway = !isHeld
      return false
    }
    if !isHeld {
      if !isAway && height > 1 { stepDown = now + Ladder.grace }
      isAway = true
      return false
    }
    guard isUsable else { return false }
    stepDown = nil
    if claimed > 0 && !isAway { return false }
    isAway = false
    if claimed == Ladder.top {
      isExhausted = true
      self.height = Ladder.top
      if height != Ladder.top { changes += 1 }
      return height != Ladder.top
    }
    changes += 1
    claimed = claimed == 0 ? 2 : min(Ladder.top, claimed + 2)
    self.height = claimed
    return true
  }

  /// Time passed, and the machine ran; the answer is whether it stepped down.
  package mutating func turn(at now: Instant) -> Bool {
    guard let due = stepDown, now >= due else { return false }
    stepDown = nil
    changes += 1
    height = 1
    return true
  }
}
