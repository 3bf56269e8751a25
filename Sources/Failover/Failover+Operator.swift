// What an operator can ask for: another host, out of service, back again.

package import Model

/// What became of an operator's wish.
package enum OperatorAnswer: Equatable, Sendable {
  case done
  /// It is so already.
  case unchanged
  /// The platform may not act on a change before this moment; `--force` does it all the same.
  case damped(until: Instant)
  /// The target is not known to be well; `--force` does it all the same.
  case notWell
  /// Nobody is there to take the VIP.
  case nobodyToTakeOver
  /// Who holds the address decides, and that is not ours to change.
  case decidedByAddress
  case notACandidate
}

extension Failover {
  /// Sends a VIP's traffic to another host.
  package mutating func moveTraffic(
    of vip: VIPSlot, to host: HostSlot, isForced: Bool, at now: Instant,
    into verdicts: inout [Verdict]
  ) -> OperatorAnswer {
    let unit = index.unit(of: vip)
    trigger = .operatorsWord
    guard mayJudge(unit), case .watcher(let choice) = units[unit].rule else {
      return takeOrGive(unit, isOurs: isOwn(unit, host), isForced: isForced, now, into: &verdicts)
    }
    guard let candidate = units[unit].candidates.firstIndex(of: host) else { return .notACandidate }
    if choices[choice].current == candidate { return .unchanged }
    if !isForced {
      if let end = dampedUntil(unit), now < end { return .damped(until: end) }
      guard hosts[host].health == .up else { return .notWell }
    }
    guard choices[choice].pin(candidate, at: now) == .moved else { return .unchanged }
    noteShift(unit, at: now)
    hasNews = true
    record(.moved, unit, into: &verdicts)
    return .done
  }

  private func isOwn(_ unit: Int, _ host: HostSlot) -> Bool {
    switch units[unit].rule {
    case .health(let own), .balanced(let own): own == host
    case .address, .watcher: false
    }
  }

  /// Between owners: takes the VIP, or gives it to whoever wants it.
  package mutating func takeOrGive(
    _ vip: VIPSlot, isOurs: Bool, isForced: Bool, at now: Instant, into verdicts: inout [Verdict]
  ) -> OperatorAnswer {
    takeOrGive(index.unit(of: vip), isOurs: isOurs, isForced: isForced, now, into: &verdicts)
  }

  private mutating func takeOrGive(
    _ unit: Int, isOurs: Bool, isForced: Bool, _ now: Instant, into verdicts: inout [Verdict]
  ) -> OperatorAnswer {
    trigger = .operatorsWord
    guard case .health = units[unit].rule, let fellows else { return .decidedByAddress }
    if contests[unit].isClaiming == isOurs { return .unchanged }
    if !isForced, let end = dampedUntil(unit), now < end { return .damped(until: end) }
    if isOurs {
      guard contests[unit].wants || isForced else { return .notWell }
      contests[unit].demand()
    } else {
      let view = fellows.view(of: unit, rank: units[unit].rank, epoch: contests[unit].epoch)
      guard view.isAnyoneWilling else { return .nobodyToTakeOver }
      units[unit].yieldsUntil = now + Failover.handOverPatience
    }
    judge(unit: unit, at: now, into: &verdicts)
    return .done
  }

  /// How long one that gives a VIP away waits for another to claim it. We chose it: many hellos.
  package static let handOverPatience = Nanoseconds.seconds(5)

  /// Takes a VIP out of service on this machine, or back into it.
  package mutating func setOutOfService(
    _ vip: VIPSlot, _ isOut: Bool, at now: Instant, into verdicts: inout [Verdict]
  ) -> OperatorAnswer {
    let unit = index.unit(of: vip)
    guard units[unit].isOut != isOut else { return .unchanged }
    units[unit].isOut = isOut
    trigger = .operatorsWord
    judge(unit: unit, at: now, into: &verdicts)
    return .done
  }

  package func isOutOfService(_ vip: VIPSlot) -> Bool { units[index.unit(of: vip)].isOut }

  /// Lets a choice that an operator made be changed by preference again.
  package mutating func release(
    _ vip: VIPSlot, at now: Instant, into verdicts: inout [Verdict]
  ) -> OperatorAnswer {
    guard case .watcher(let choice) = units[index.unit(of: vip)].rule else {
      return .decidedByAddress
    }
    guard choices[choice].isPinned else { return .unchanged }
    choices[choice].unpin()
    trigger = .operatorsWord
    judge(unit: index.unit(of: vip), at: now, into: &verdicts)
    return .done
  }
}
