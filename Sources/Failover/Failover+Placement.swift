// Addresses that an operator gives away: whoever places them is asked by a file, and may not listen.

package import Model

/// What became of an address that was to be placed elsewhere.
package enum Placement: UInt8, Equatable, Sendable {
  /// Whoever places it is asked to place it elsewhere.
  case asked
  /// It has gone. Nobody asks for it back, so that it is not moved twice.
  case gone
  /// It came back, since nobody else had it; it may stay.
  case returned
  /// Nobody took it in time; it may stay.
  case refused
  /// The operator wants it to be here again.
  case recalled

  package var word: String {
    switch self {
    case .asked: "asked"
    case .gone: "gone"
    case .returned: "returned"
    case .refused: "refused"
    case .recalled: "recalled"
    }
  }
}

extension Failover {
  /// How long whoever places addresses has to move one. We chose it: keepalived(8) hears of its
  /// file at once and takes over after three advertisements, which are a second apart unless its
  /// configuration says otherwise; some let a machine wait before it takes an address.
  package static let placementPatience = Nanoseconds.seconds(15)

  /// Who has the address can ask for it to be placed elsewhere; nobody can be made to take it.
  func answerGiving(_ unit: Int, _ isForced: Bool, _ now: Instant) -> OperatorAnswer {
    if isShadow { return .inShadow }
    if units[unit].isGiven || isUnavailable(unit) || units[unit].presence == .absent {
      return .unchanged
    }
    if isForced { return .done }
    if let end = dampedUntil(unit), now < end { return .damped(until: end) }
    guard let fellows else { return .done }
    let group = fellows.view(of: unit, rank: units[unit].rank, epoch: contests[unit].epoch)
    return group.isAnyoneAlive ? .done : .nobodyToTakeOver
  }

  /// What was given away here can be had back here; as long as it has not gone, that moves nothing.
  func answerRecall(_ unit: Int, _ isForced: Bool, _ now: Instant) -> OperatorAnswer {
    guard units[unit].isGiven else { return isHere(unit) ? .unchanged : .decidedByAddress }
    guard units[unit].givenUntil == nil, !isForced, let end = dampedUntil(unit), now < end else {
      return .done
    }
    return .damped(until: end)
  }

  mutating func giveAway(_ unit: Int, at now: Instant) {
    units[unit].isGiven = true
    units[unit].givenUntil = now + Failover.placementPatience
    tell(.asked, unit)
  }

  /// The address may be here again.
  mutating func keepHere(_ unit: Int, _ placement: Placement) {
    units[unit].isGiven = false
    units[unit].givenUntil = nil
    tell(placement, unit)
  }

  /// What was given away stays so until the address comes back, which it does when nobody else has
  /// it: asking for it back as soon as it has gone would move it twice.
  mutating func followPlacement(_ unit: Int, at now: Instant) {
    switch units[unit].presence {
    case .absent:
      guard units[unit].givenUntil != nil else { return }
      units[unit].givenUntil = nil
      // Of a group somebody's claim tells; without one nobody else does.
      if isAlone { noteShift(unit, at: now) }
      tell(.gone, unit)
    case .held: if units[unit].givenUntil == nil { keepHere(unit, .returned) }
    case .unusable: return
    }
    noteDeadline(of: unit)
  }

  /// By time alone, behind everything that could be read: nobody has taken the address.
  mutating func endPatience(_ unit: Int, at now: Instant) {
    guard let end = units[unit].givenUntil, now >= end else { return }
    keepHere(unit, .refused)
  }

  /// Whoever places addresses may have stood still with us.
  mutating func forgivePlacement(_ length: Nanoseconds) {
    for unit in units.indices {
      if let end = units[unit].givenUntil { units[unit].givenUntil = end + length }
    }
  }

  private mutating func tell(_ placement: Placement, _ unit: Int) {
    for vip in units[unit].members { occurrences.append(.placement(vip, placement)) }
  }

  /// Whether this machine should not have the address: who places addresses is told by a file. In
  /// shadow mode nothing is asked of anybody.
  package func isAddressUnwanted(_ vip: VIPSlot) -> Bool {
    let unit = index.unit(of: vip)
    return !isShadow && units[unit].rule == .address
      && (isUnavailable(unit) || units[unit].isGiven)
  }

  /// Whether an operator has given its address away.
  package func isGivenAway(_ vip: VIPSlot) -> Bool { units[index.unit(of: vip)].isGiven }
}
