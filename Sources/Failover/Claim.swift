// One VIP's place on the ladder: what is asked of the route servers, and what would be next.

package import Model

/// The claim of one VIP in `when: address` mode, without news from other speakers.
///
///     unknown --start, address here--> owner          unknown --start, not here--> standby
///     standby --address arrives--> takeover-1
///     any claim --address left and came back--> two rungs above the last claim
///     takeover-n --address gone for `resignationGrace`--> owner
///
/// Two rungs, because whoever held the VIP in between claimed the one above ours and may now be
/// frozen there.
package struct Claim: Sendable {
  /// How long a machine that lost the address keeps a takeover rung before it steps down to
  /// `owner`. We chose it: longer than keepalived's slowest usual takeover (3.6 s) and than the
  /// platform's damping window, so that the step down never changes a best path while somebody is
  /// about to claim.
  package static let resignationGrace = Nanoseconds.seconds(30)

  /// What stands on the wire, or nil before the kernel was heard.
  package private(set) var rung: Rung?
  package private(set) var presence = Presence.absent
  /// When `rung` or the answer to "is the address here" last changed.
  package private(set) var since: Instant?
  /// The highest rung ever claimed here; standby when there was no claim.
  private var lastClaim = Rung.standby
  /// The address was away since the last claim.
  private var hasLeft = false
  private var resignation: Instant?
  package private(set) var claims: UInt32 = 0

  package init() {}

  package var isHeld: Bool {
    if case .held = presence { return true }
    return false
  }

  package var deadline: Instant? { resignation }

  /// The rung that the next claim would take, or nil at the end of the ladder.
  package var next: Rung? {
    if lastClaim == .standby { return .firstTakeover }
    guard lastClaim < .last else { return nil }
    return lastClaim.next?.next ?? .last
  }

  /// Takes the present state of the address; the answer says what must change on the wire.
  package mutating func judge(_ presence: Presence, at now: Instant) -> Judgement {
    let before = (isHeld, rung)
    self.presence = presence
    defer { if since == nil || before != (isHeld, rung) { since = now } }
    guard let current = rung else { return start() }
    switch presence {
    case .absent:
      if !hasLeft && current > .owner { resignation = now + Claim.resignationGrace }
      hasLeft = true
      return .unchanged
    case .unusable:
      return .unchanged
    case .held:
      resignation = nil
      if lastClaim != .standby && !hasLeft { return .unchanged }
      hasLeft = false
      return claim(from: current)
    }
  }

  /// The first complete view: an address that was there before us was there before anybody's
  /// takeover.
  private mutating func start() -> Judgement {
    hasLeft = presence == .absent
    if isHeld {
      lastClaim = .owner
      claims += 1
      rung = .owner
      return .stand(.owner)
    }
    rung = .standby
    return .stand(.standby)
  }

  private mutating func claim(from current: Rung) -> Judgement {
    claims += 1
    guard let next else {
      // The ladder has ended: the last rung is asked for again, which beats everybody but one who
      // did the same.
      rung = .last
      return current == .last ? .exhausted : .claim(.last, isLast: true)
    }
    lastClaim = next
    rung = next
    return .claim(next, isLast: next == .last)
  }

  /// Steps down when the grace has passed without the address coming back.
  package mutating func turn(at now: Instant) -> Judgement {
    guard let resignation, now >= resignation else { return .unchanged }
    self.resignation = nil
    rung = .owner
    since = now
    return .resign(.owner)
  }
}

/// What one look at a VIP led to.
package enum Judgement: Equatable, Sendable {
  case unchanged
  /// The first announcement after start.
  case stand(Rung)
  /// This machine takes the VIP. `isLast`: there is no rung left after this one.
  case claim(Rung, isLast: Bool)
  /// This machine has not held the VIP for long: it no longer asks to be preferred.
  case resign(Rung)
  /// The address came back, but the last rung stands already: nothing can be sent that would beat
  /// another.
  case exhausted
}
