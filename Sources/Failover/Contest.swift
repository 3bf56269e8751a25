// A VIP's place on the ladder among speakers that hear each other.

package import Model

/// The claim of one VIP in a group.
///
///     wants the VIP, nobody alive claims it or who does no longer wants it --> claim
///     the address has just arrived here                                   --> claim
///     better in rank and well for `failback`, damping over                --> claim
///     a living speaker claims at a higher epoch, for half a timeout       --> resign
///     the address is gone for `Claim.resignationGrace`                    --> resign
///     all alive, none claims, damping over, and the claim is a high one   --> step back
///
/// A claim raises the epoch and takes the lowest rung of the speaker's own lane that beats every
/// claim which may be on the wire, also those of the dead. Nobody claims while listening (after the
/// start and after a pause of its own) except for an address that arrives.
package struct Contest: Sendable {
  /// What moves this speaker to claim.
  package enum Rule: Equatable, Sendable {
    case address
    /// `failback` nil: rank alone never takes the VIP from another.
    case health(failback: Nanoseconds?)
  }

  /// What is so at the moment of judging.
  package struct Situation: Sendable {
    package var wants: Bool
    /// The address came, and was not here before.
    package var isArrival = false
    package var isListening: Bool
    /// A change that can wait has to wait until then.
    package var dampedUntil: Instant?
    package var group: GroupView

    package init(
      wants: Bool, isArrival: Bool = false, isListening: Bool, dampedUntil: Instant? = nil,
      group: GroupView
    ) {
      self.wants = wants
      self.isArrival = isArrival
      self.isListening = isListening
      self.dampedUntil = dampedUntil
      self.group = group
    }
  }

  /// How long nobody else has to claim before we step back: each speaker has its own way to a
  /// route server, and our lower claim must not overtake the resignation of another. We chose it:
  /// far more than what TCP needs, retransmissions included.
  package static let rest = Nanoseconds.seconds(5)

  private let rule: Rule
  private let lane: Lane
  /// How long one that comes later in rank waits for a better one to claim.
  private let patience: Nanoseconds
  package private(set) var rung: Rung?
  package private(set) var epoch: UInt32 = 0
  package private(set) var wants = false
  /// Since when `wants` is as it is, without a long pause of ours and without another's takeover.
  package private(set) var wantsSince: Instant?
  package private(set) var since: Instant?
  package private(set) var claims: UInt32 = 0
  /// The claim that would be taken now; nil at the end of the lane.
  package private(set) var next: Rung?
  package private(set) var deadline: Instant?
  private var resignation: Instant?
  /// A living speaker claims above us; until then our claim stands below its. Each goes its own way
  /// to a route server, and a resignation that came before the claim would send the traffic to a
  /// third for a moment. Half of what two speakers may both claim at all.
  private var beaten: Instant?
  private var yielding: Instant?
  /// Since when nobody is there to be beaten.
  private var calmSince: Instant?
  /// An operator asked for it.
  private var isDemanded = false

  package init(_ rule: Rule, lane: Lane, patience: Nanoseconds, epoch: UInt32 = 0) {
    self.rule = rule
    self.lane = lane
    self.patience = patience
    self.epoch = epoch
    next = lane.first
  }

  /// When the claim is resigned, because the address is gone.
  package var stepDown: Instant? { resignation }
  /// When the VIP is taken back from another, if nothing changes.
  package var failbackAt: Instant? { isClaiming ? nil : deadline }

  package var isClaiming: Bool { rung?.isClaim ?? false }

  /// Claims, and knows of nobody alive who claims above it.
  package var isLeading: Bool { isClaiming && beaten == nil }

  /// Claims at the next judgement, whoever comes before us.
  package mutating func demand() { isDemanded = true }

  /// We stood still for long: from now on we are well, not from before.
  mutating func paused(at now: Instant) { if wantsSince != nil { wantsSince = now } }

  /// Goes on where another stood. Another rank, or another rule, is followed as if everybody had
  /// come up with it: it moves nothing by itself.
  mutating func succeed(_ old: Contest, isRanked: Bool, at now: Instant) {
    Keeper.carry(from: old, to: &self) { $0.keep(in: &$1) }
    if isRanked || rule != old.rule, wantsSince != nil { wantsSince = now }
  }

  /// The epoch that a run before this one knew of.
  mutating func recall(epoch: UInt32) { self.epoch = max(self.epoch, epoch) }

  package mutating func judge(_ situation: Situation, at now: Instant) -> Judgement {
    deadline = nil
    if situation.wants != wants || wantsSince == nil {
      wants = situation.wants
      wantsSince = now
    }
    let armed = next
    let judgement = decide(situation, at: now)
    next = nextClaim(situation.group)
    if judgement == .unchanged, next != armed { return .ready }
    return judgement
  }

  /// Where our address is is not known for the moment. That another claims above us is known, and
  /// two do not both claim for longer than they must.
  /// Nil: nobody does.
  package mutating func giveWay(to group: GroupView, at now: Instant) -> Judgement? {
    guard let current = rung, current.isClaim, let incumbent = group.incumbent, incumbent.wants,
      (incumbent.epoch, incumbent.rung) > (epoch, current)
    else { return nil }
    deadline = nil
    let judgement = stand(below: incumbent, group, current, at: now)
    next = nextClaim(group)
    return judgement
  }

  /// Until our resignation may follow.
  private mutating func stand(
    below incumbent: GroupView.Incumbent, _ group: GroupView, _ current: Rung, at now: Instant
  ) -> Judgement {
    // A claim that stands below ours on the wire waits for nothing but our resignation.
    let end = incumbent.rung > current ? beaten ?? now + patience / 2 : now
    beaten = end
    guard isDue(end, at: now) else { return .unchanged }
    epoch = max(epoch, group.highestEpoch)
    return resign(from: current, at: now)
  }

  private mutating func decide(_ situation: Situation, at now: Instant) -> Judgement {
    guard let current = rung else {
      rung = .standby
      since = now
      let judgement = decide(situation, at: now)
      return judgement == .unchanged ? .stand(.standby) : judgement
    }
    let group = situation.group
    if !current.isClaim {
      epoch = max(epoch, group.highestEpoch)
      return mayClaim(situation, at: now) ? claim(group, at: now) : .unchanged
    }
    yielding = nil
    isDemanded = false
    // An address that comes is claimed at once, unless this machine is out of service.
    let isArrival = situation.isArrival && wants
    if let incumbent = group.incumbent, (incumbent.epoch, incumbent.rung) > (epoch, current),
      !isArrival
    {
      // Who beats us and does not want the VIP is no reason to give it up.
      if wants, !incumbent.wants, !situation.isListening { return claim(group, at: now) }
      return stand(below: incumbent, group, current, at: now)
    }
    beaten = nil
    // Somebody knows of claims that we do not; whoever made them does not claim any more, or is
    // dead. From now on ours is as late as theirs.
    epoch = max(epoch, group.highestEpoch)
    guard wants else { return hold(current, at: now) }
    resignation = nil
    if situation.isArrival, group.incumbent != nil { return claim(group, at: now) }
    // Who lives, stands above us and is of a lower epoch resigns by itself; a dead one does not.
    if let ceiling = group.ceilingOfDead, ceiling > current, !situation.isListening {
      return current == lane.last ? .unchanged : claim(group, at: now)
    }
    return stepBack(from: current, situation, at: now)
  }

  /// Whether the rules allow a claim now; notes when they will.
  private mutating func mayClaim(_ situation: Situation, at now: Instant) -> Bool {
    guard wants || isDemanded else {
      yielding = nil
      return false
    }
    if situation.isArrival || isDemanded { return true }
    guard !situation.isListening else { return false }
    if let incumbent = situation.group.incumbent, incumbent.wants {
      yielding = nil
      guard case .health(let failback?) = rule, incumbent.isBehindUs, let wantsSince else {
        return false
      }
      return isDue(max(wantsSince + failback, situation.dampedUntil ?? now), at: now)
    }
    guard situation.group.isBetterWilling else { return true }
    let end = yielding ?? now + patience
    yielding = end
    return isDue(end, at: now)
  }

  private mutating func isDue(_ moment: Instant, at now: Instant) -> Bool {
    if now >= moment { return true }
    deadline = min(deadline ?? moment, moment)
    return false
  }

  private func nextClaim(_ group: GroupView) -> Rung? {
    guard let ceiling = group.ceiling else { return lane.first }
    return lane.claim(above: ceiling)
  }

  private mutating func claim(_ group: GroupView, at now: Instant) -> Judgement {
    yielding = nil
    calmSince = nil
    isDemanded = false
    resignation = nil
    beaten = nil
    epoch = max(epoch, group.highestEpoch) + 1
    claims += 1
    since = now
    guard let next = nextClaim(group) else {
      let before = rung
      rung = lane.last
      return before == lane.last ? .exhausted : .claim(lane.last, isLast: true)
    }
    rung = next
    return .claim(next, isLast: next == lane.last)
  }

  private mutating func resign(from current: Rung, at now: Instant) -> Judgement {
    resignation = nil
    beaten = nil
    calmSince = nil
    rung = current.resigned
    since = now
    // Whoever was beaten was not well for the others, whatever it thought of itself.
    wantsSince = now
    // Whether it is taken back one day is asked with what this shift holds back.
    deadline = now
    return .resign(current.resigned)
  }

  /// Without the wish to carry the VIP the claim stands until another is heard: nobody is without a
  /// route because of us. An address that is gone is gone for good after a while.
  private mutating func hold(_ current: Rung, at now: Instant) -> Judgement {
    guard rule == .address else { return .unchanged }
    let end = resignation ?? now + Claim.resignationGrace
    resignation = end
    return isDue(end, at: now) ? resign(from: current, at: now) : .unchanged
  }

  /// Makes room on the ladder when nobody is there to be beaten.
  private mutating func stepBack(
    from current: Rung, _ situation: Situation, at now: Instant
  ) -> Judgement {
    guard current > lane.first, situation.group.areAllResigned, !situation.isListening else {
      calmSince = nil
      return .unchanged
    }
    let calm = calmSince ?? now
    calmSince = calm
    guard isDue(max(calm + Contest.rest, situation.dampedUntil ?? now), at: now) else {
      return .unchanged
    }
    calmSince = nil
    rung = lane.first
    since = now
    return .stepBack(lane.first)
  }
}

extension Contest {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&rung)
    keeper.keep(&epoch)
    keeper.keep(&wants)
    keeper.keep(&wantsSince)
    keeper.keep(&since)
    keeper.keep(&claims)
    keeper.keep(&next)
    keeper.keep(&deadline)
    keeper.keep(&resignation)
    keeper.keep(&yielding)
    keeper.keep(&isDemanded)
    keeper.keep(&beaten)
    keeper.keep(&calmSince)
  }
}
