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
  /// The target is down and another is up: the traffic would leave it at once.
  case wouldNotStay
  /// Nobody is there to take the VIP.
  case nobodyToTakeOver
  /// Who holds the address decides, and it is not here: it has to be given away where it is.
  case decidedByAddress
  /// In shadow mode nobody is asked for anything.
  case inShadow
  /// Everybody who is well carries it.
  case balanced
  /// The VIP's own health decides, there is no host to choose.
  case notWatched
  /// Another watcher leads: it has to be asked.
  case notLeading
  case notACandidate
}

/// What an operator can ask for.
package enum OperatorCommand: Equatable, Sendable {
  /// Send the traffic of a watched VIP to this candidate.
  case move(VIPSlot, to: HostSlot, isForced: Bool)
  /// Carry the VIP here; or let another speaker carry it.
  case take(VIPSlot, isForced: Bool)
  case give(VIPSlot, isForced: Bool)
  /// Choose by preference again, after `move`.
  case release(VIPSlot)
  case outOfService(VIPSlot, Bool)

  package var vip: VIPSlot {
    switch self {
    case .move(let vip, _, _), .take(let vip, _), .give(let vip, _), .release(let vip),
      .outOfService(let vip, _):
      vip
    }
  }
}

extension Failover {
  /// How long one that gives a VIP away waits for another to claim it. We chose it: many hellos.
  package static let handOverPatience = Nanoseconds.seconds(5)

  /// What would become of a command now.
  package func answer(to command: OperatorCommand, at now: Instant) -> OperatorAnswer {
    let unit = index.unit(of: command.vip)
    switch command {
    case .move(_, let host, let isForced): return answerMove(unit, host, isForced, now)
    case .take(_, let isForced): return answerHandOver(unit, isOurs: true, isForced, now)
    case .give(_, let isForced): return answerHandOver(unit, isOurs: false, isForced, now)
    case .release:
      guard case .watcher(let choice) = units[unit].rule else { return .notWatched }
      return choices[choice].isPinned ? .done : .unchanged
    case .outOfService(_, let isOut): return units[unit].isOut == isOut ? .unchanged : .done
    }
  }

  private func answerMove(
    _ unit: Int, _ host: HostSlot, _ isForced: Bool, _ now: Instant
  ) -> OperatorAnswer {
    guard case .watcher(let choice) = units[unit].rule else { return .notWatched }
    guard let candidate = units[unit].candidates.firstIndex(of: host) else { return .notACandidate }
    if !isAlone, !contests[unit].isClaiming { return .notLeading }
    if choices[choice].current == candidate {
      return choices[choice].isPinned ? .unchanged : .done
    }
    guard wouldStay(unit, host) else { return .wouldNotStay }
    if isForced { return .done }
    if let end = dampedUntil(unit), now < end { return .damped(until: end) }
    return hosts[host].health == .up ? .done : .notWell
  }

  /// The active host is down and another is up: shift at once, whoever has chosen it. Out of
  /// service nothing moves by itself.
  private func wouldStay(_ unit: Int, _ host: HostSlot) -> Bool {
    guard let candidate = units[unit].candidates.firstIndex(of: host) else { return false }
    let candidates = candidates(of: unit)
    return units[unit].isOut || candidates[candidate].health != .down
      || !candidates.contains { $0.health == .up }
  }

  private func answerHandOver(
    _ unit: Int, isOurs: Bool, _ isForced: Bool, _ now: Instant
  ) -> OperatorAnswer {
    switch units[unit].rule {
    case .address:
      return isOurs ? answerRecall(unit, isForced, now) : answerGiving(unit, isForced, now)
    case .balanced: return .balanced
    case .health, .watcher: break
    }
    guard let fellows else { return .nobodyToTakeOver }
    if contests[unit].isClaiming == isOurs { return .unchanged }
    if !isForced, let end = dampedUntil(unit), now < end { return .damped(until: end) }
    if isOurs { return contests[unit].wants || isForced ? .done : .notWell }
    let view = fellows.view(of: unit, rank: units[unit].rank, epoch: contests[unit].epoch)
    return view.isAnyoneWilling ? .done : .nobodyToTakeOver
  }

  /// Does what an operator asks for, if it can be done.
  package mutating func obey(
    _ command: OperatorCommand, at now: Instant, into verdicts: inout [Verdict]
  ) -> OperatorAnswer {
    let answer = answer(to: command, at: now)
    guard answer == .done else { return answer }
    let unit = index.unit(of: command.vip)
    trigger = .operatorsWord
    switch command {
    case .move(_, let host, _): pin(unit, host, at: now, into: &verdicts)
    case .take where units[unit].rule == .address: keepHere(unit, .recalled)
    case .take: contests[unit].demand()
    case .give where units[unit].rule == .address: giveAway(unit, at: now)
    case .give: units[unit].yieldsUntil = now + Failover.handOverPatience
    case .release: release(unit)
    case .outOfService(_, let isOut): units[unit].isOut = isOut
    }
    judge(unit: unit, at: now, into: &verdicts)
    hasNews = true
    return .done
  }

  private mutating func pin(
    _ unit: Int, _ host: HostSlot, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard case .watcher(let choice) = units[unit].rule,
      let candidate = units[unit].candidates.firstIndex(of: host),
      choices[choice].pin(candidate, at: now) == .moved
    else { return }
    noteShift(unit, at: now)
    record(.moved, unit, into: &verdicts)
  }

  private mutating func release(_ unit: Int) {
    guard case .watcher(let choice) = units[unit].rule else { return }
    choices[choice].unpin()
  }

  package func isOutOfService(_ vip: VIPSlot) -> Bool { units[index.unit(of: vip)].isOut }
}
