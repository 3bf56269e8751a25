// A VIP that nobody can carry: that is told, and its routes stay or are withdrawn.

import Model

extension Failover {
  /// Looks whether anybody can carry a VIP that is decided by health. Only what is known to be down
  /// counts, and it counts while our own network works and everybody had the time to be heard: a
  /// start, a pause or a cable of ours withdraws nothing.
  mutating func judgeVacancy(_ unit: Int, at now: Instant, into verdicts: inout [Verdict]) {
    let isVacant: Bool
    switch units[unit].rule {
    case .address, .balanced: return
    case .watcher(let choice): isVacant = choices[choice].isAllDown
    case .health(let host):
      isVacant = isVacantOwner(unit, hosts[host].health)
      if isVacant != units[unit].isVacant {
        units[unit].isVacant = isVacant
        record(isVacant ? .allDown : .recovered, unit, into: &verdicts)
      }
    }
    guard units[unit].withdraws, isVacant != units[unit].isWithdrawn else { return }
    if isVacant, !isSureOfItself { return }
    units[unit].isWithdrawn = isVacant
    hasNews = true
    let isClaim = decided(unit)?.rung.isClaim ?? false
    if isClaim { noteShift(unit, at: now) }
    let judgement: Judgement =
      isVacant ? .withdraw(isClaim: isClaim) : .restore(isClaim: isClaim)
    record(judgement, unit, into: &verdicts)
  }

  /// Nothing of our own stands behind what seems to be wrong with others: who was down before a
  /// pause may be well.
  private var isSureOfItself: Bool {
    fellows?.listening == nil && asksUntil == nil && hosts.ownNetwork == .working
  }

  /// Whether this machine is down and nobody who is heard would carry the VIP.
  private func isVacantOwner(_ unit: Int, _ health: Health) -> Bool {
    guard health != .up, let fellows else { return false }
    let isAnyoneWilling = fellows.view(
      of: unit, rank: units[unit].rank, epoch: contests[unit].epoch
    ).isAnyoneWilling
    guard units[unit].isVacant else {
      return health == .down && !isAnyoneWilling && isSureOfItself
    }
    // Our old claim comes back only below that of the one who is well.
    return !isAnyoneWilling || contests[unit].isClaiming
  }
}
