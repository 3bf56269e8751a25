// One VIP's place on the ladder: what is asked of the route servers, and what would be next.

package import Model

/// The claim of one VIP in `when: address` mode, without news from other speakers.
///
///     start, address here, or it comes within `settle`         --> owner
///     start, address not here                                  --> standby
///     address comes for the first time, later                  --> takeover-1
///     address left and came back                               --> two above the last claim
///     address not usable for `resignationGrace`                --> the claim's resigned rung
///     link back after that, the address had stayed on it       --> the last claim again
///
/// Two rungs above, because whoever held the VIP in between claimed the one above ours and may now
/// be frozen there. Resigned rungs keep the order of the claims, so that resigning alone never
/// changes a best path: it only makes room for a claim that is lower than the one given up.
package struct Claim: Sendable {
  /// How long a machine without the address keeps its claim. We chose it: longer than keepalived's
  /// usual takeover (3.6 s), so that a VIP on its way finds the old claim still there.
  package static let resignationGrace = Nanoseconds.seconds(5)

  /// What stands on the wire, or nil before the kernel was heard.
  package private(set) var rung: Rung?
  package private(set) var presence = Presence.absent
  /// When `rung` or the answer to "is the address here" last changed.
  package private(set) var since: Instant?
  package private(set) var claims: UInt32 = 0
  /// The highest rung ever claimed here; standby when there was no claim.
  package private(set) var lastClaim = Rung.standby
  /// The address was away since the last claim.
  private var hasLeft = false
  private let settle: Nanoseconds
  /// The end of the start, while no claim was made; nil afterwards.
  private var settled: Instant?
  private var resignation: Instant?

  /// `settle` is how long a start takes: an address that comes meanwhile was there before.
  package init(settle: Nanoseconds) { self.settle = settle }

  package var isHeld: Bool {
    if case .held = presence { return true }
    return false
  }

  /// When to call `turn`. Resigning needs a claim, and a claim ends the start.
  package var deadline: Instant? { resignation ?? settled }

  /// When the claim is resigned.
  package var stepDown: Instant? { resignation }

  /// The rung that the next claim would take, or nil at the end of the ladder.
  package var next: Rung? {
    if lastClaim == .standby { return settled == nil ? .firstTakeover : .owner }
    guard lastClaim < .last else { return nil }
    return lastClaim.next?.next ?? .last
  }

  /// The claim of a run before this one, which was killed: if the address is still here nobody has
  /// claimed meanwhile, and if it comes back somebody may have.
  mutating func recall(_ claim: Rung) {
    if claim.isClaim { lastClaim = claim }
  }

  /// Takes the present state of the address; the answer says what must change on the wire.
  package mutating func judge(_ presence: Presence, at now: Instant) -> Judgement {
    let before = (isHeld, rung)
    self.presence = presence
    defer { if since == nil || before != (isHeld, rung) { since = now } }
    guard let current = rung else { return start(at: now) }
    if let settled, now >= settled { self.settled = nil }
    if presence == .absent { hasLeft = true }
    guard isHeld else {
      if current.isClaim && resignation == nil { resignation = now + Claim.resignationGrace }
      return .unchanged
    }
    resignation = nil
    if lastClaim != .standby && !hasLeft { return resume(from: current) }
    hasLeft = false
    return claim(from: current)
  }

  /// The first complete view: an address that was there before us was there before anybody's
  /// takeover.
  private mutating func start(at now: Instant) -> Judgement {
    hasLeft = presence == .absent
    rung = .standby
    guard isHeld else {
      if lastClaim == .standby { settled = now + settle }
      return .stand(.standby)
    }
    if lastClaim == .standby { lastClaim = .owner }
    claims += 1
    rung = lastClaim
    return .stand(lastClaim)
  }

  /// The address never left, only its link did.
  private mutating func resume(from current: Rung) -> Judgement {
    if current == lastClaim { return .unchanged }
    claims += 1
    rung = lastClaim
    return .claim(lastClaim, isLast: false)
  }

  private mutating func claim(from current: Rung) -> Judgement {
    claims += 1
    guard let next else {
      // The ladder has ended: the last rung is asked for again, which beats everybody but one who
      // did the same.
      rung = .last
      return current == .last ? .exhausted : .claim(.last, isLast: true)
    }
    settled = nil
    lastClaim = next
    rung = next
    return .claim(next, isLast: next == .last)
  }

  /// Resigns when the grace has passed without the address coming back; ends the start.
  package mutating func turn(at now: Instant) -> Judgement {
    if let settled, now >= settled {
      self.settled = nil
      return .ready
    }
    guard let resignation, now >= resignation, let current = rung else { return .unchanged }
    self.resignation = nil
    rung = current.resigned
    since = now
    return .resign(current.resigned)
  }
}

/// What one look at a VIP led to.
package enum Judgement: Equatable, Sendable {
  case unchanged
  /// The first announcement after start.
  case stand(Rung)
  /// This machine takes the VIP. `isLast`: there is no rung left after this one.
  case claim(Rung, isLast: Bool)
  /// Nothing changes on the wire, but the next claim would now take another rung.
  case ready
  /// This machine has not held the VIP for long: it no longer asks to be preferred.
  case resign(Rung)
  /// The address came back, but the last rung stands already: nothing can be sent that would beat
  /// another.
  case exhausted
  /// The claim is higher than it has to be, since nobody is left to be beaten.
  case stepBack(Rung)
  /// Traffic goes to another candidate.
  case moved
  /// The leading speaker has chosen another candidate, and we say the same below it.
  case followed
  /// Nobody can carry the VIP, and somebody can again.
  case allDown
  case recovered
  /// So its routes go; and come back as what stands then. `isClaim`: they were, or are, a claim.
  case withdraw(isClaim: Bool)
  case restore(isClaim: Bool)
}

extension Claim {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&rung)
    presence.keep(in: &keeper)
    keeper.keep(&since)
    keeper.keep(&claims)
    keeper.keep(&lastClaim)
    keeper.keep(&hasLeft)
    keeper.keep(&settled)
    keeper.keep(&resignation)
  }
}
