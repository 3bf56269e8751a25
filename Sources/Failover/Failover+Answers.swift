// What is asked of deciding: what stands, what would be next, and why.

package import Model

extension Failover {
  /// What is announced for a VIP; nil as long as nothing is.
  package func standing(_ vip: VIPSlot) -> Standing? {
    let unit = index.unit(of: vip)
    return units[unit].isWithdrawn ? .withdrawn : decided(unit)
  }

  /// Where the traffic goes, or went before the VIP was withdrawn.
  package func target(of vip: VIPSlot) -> Int? { decided(index.unit(of: vip))?.candidate }

  /// What stands, or would stand if somebody could carry it.
  func decided(_ unit: Int) -> Standing? {
    switch units[unit].rule {
    case .balanced: return units[unit].rung.map { Standing(candidate: 0, rung: $0) }
    case .address, .health:
      return rung(unit).map { Standing(candidate: 0, rung: $0) }
    case .watcher(let choice):
      guard let candidate = choices[choice].current, let rung = rung(unit) else { return nil }
      return Standing(candidate: candidate, rung: rung)
    }
  }

  /// The same for several at once: a caller that looks at one after the other would have a copy of
  /// everything made for each.
  package func standings(of vips: [VIPSlot], into standings: inout [Standing?]) {
    standings.removeAll(keepingCapacity: true)
    for vip in vips {
      let unit = index.unit(of: vip)
      // Most are like that.
      if isAlone, units[unit].plainSlot != nil {
        standings.append(claims[unit].rung.map { Standing(candidate: 0, rung: $0) })
      } else {
        standings.append(standing(vip))
      }
    }
  }

  /// The rung of a unit that climbs the ladder.
  private func rung(_ unit: Int) -> Rung? {
    if !isAlone { return contests[unit].rung }
    if case .watcher = units[unit].rule { return .owner }
    return claims[unit].rung
  }

  /// How many things might be announced next for a VIP.
  package func upcomingCount(_ vip: VIPSlot) -> Int {
    switch units[index.unit(of: vip)].rule {
    case .watcher: units[index.unit(of: vip)].candidates.count
    case .address, .health, .balanced: 1
    }
  }

  /// One of them; nil when there is no such thing, or it stands already.
  package func upcoming(_ vip: VIPSlot, _ place: Int) -> Standing? {
    let unit = index.unit(of: vip)
    switch units[unit].rule {
    case .balanced:
      let rung = units[unit].rung ?? .standby
      return Standing(candidate: 0, rung: rung.isClaim ? rung.resigned : .owner)
    case .health where units[unit].isWithdrawn && contests[unit].isClaiming:
      // Nobody has claimed meanwhile: the claim is good for the return as well.
      return decided(unit)
    case .address, .health: return next(unit).map { Standing(candidate: 0, rung: $0) }
    case .watcher:
      // A leader may send the traffic elsewhere; a follower may become the leader.
      let isLeading = isAlone || contests[unit].isClaiming
      return (isLeading ? rung(unit) : next(unit)).map { Standing(candidate: place, rung: $0) }
    }
  }

  private func next(_ unit: Int) -> Rung? {
    isAlone ? claims[unit].next : contests[unit].next
  }

  /// Whether this machine has the VIP's address, or is well enough to carry it.
  package func isHeld(_ vip: VIPSlot) -> Bool {
    let unit = index.unit(of: vip)
    switch units[unit].rule {
    case .address:
      if case .held = units[unit].presence { return true }
      return false
    case .health(let host), .balanced(let host): return hosts[host].health == .up
    case .watcher: return false
    }
  }

  /// Where the VIP's address is, for one that is decided by it.
  package func presence(_ vip: VIPSlot) -> Presence { units[index.unit(of: vip)].presence }

  /// Since when the VIP stands as it does.
  package func since(_ vip: VIPSlot) -> Instant? {
    let unit = index.unit(of: vip)
    switch units[unit].rule {
    case .watcher(let choice): return choices[choice].since
    case .balanced: return units[unit].shiftedAt
    case .address, .health: return isAlone ? claims[unit].since : contests[unit].since
    }
  }

  /// Until when the platform may wait before it acts on the change of this moment, which came
  /// inside the damping window; nil: there was no window.
  package func heldBack(_ vip: VIPSlot, shiftedAt moment: Instant) -> Instant? {
    let unit = index.unit(of: vip)
    guard units[unit].shiftedAt == moment,
      let before = damping.isShared ? sharedBefore : units[unit].shiftedBefore,
      before + damping.window > moment
    else { return nil }
    return before + damping.window
  }

  /// How often this machine has claimed the VIP.
  package func claimCount(_ vip: VIPSlot) -> UInt32 {
    let unit = index.unit(of: vip)
    return isAlone ? claims[unit].claims : contests[unit].claims
  }

  // MARK: What others are told

  /// The subjects that speakers talk about: the first VIP of those that move as one.
  package func isSubject(_ vip: VIPSlot) -> Bool { units[index.unit(of: vip)].members[0] == vip }

  /// What this speaker says of a subject.
  package func ownClaim(_ vip: VIPSlot) -> FellowClaim {
    let unit = index.unit(of: vip)
    guard !isAlone else { return .none }
    var nextHop: IPv4Address?
    if let standing = standing(vip), !standing.isWithdrawn {
      nextHop = units[unit].nextHops[standing.candidate]
    }
    return FellowClaim(
      epoch: contests[unit].epoch, rung: contests[unit].rung ?? .standby,
      wants: contests[unit].wants, rank: units[unit].rank, nextHop: nextHop)
  }
}
