// What deciding must not forget when its process is killed.

package import Model

/// What is kept of one VIP, or of several that move as one.
package struct UnitMemory: Equatable, Sendable {
  package var epoch: UInt32 = 0
  /// The claim that this machine had made last; standby when it had made none.
  package var lastClaim = Rung.standby
  /// Where the traffic was sent.
  package var nextHop: IPv4Address?
  package var isOutOfService = false
  package var isPinned = false
  /// An operator gave its address away.
  package var isGiven = false
  /// When the next hop last changed; on the clock of the boot it was written in.
  package var shiftedAt: Instant?
  /// The last word of each fellow, in the order of the Plan.
  package var fellows: [FellowClaim] = []

  package init() {}
}

extension Failover {
  /// What is kept of the unit that `vip` is the first of; nil for the others.
  package func memory(of vip: VIPSlot) -> UnitMemory? {
    let unit = index.unit(of: vip)
    guard units[unit].members[0] == vip else { return nil }
    var memory = UnitMemory()
    memory.isOutOfService = units[unit].isOut
    memory.isGiven = units[unit].isGiven
    memory.shiftedAt = units[unit].shiftedAt
    if let standing = decided(unit) { memory.nextHop = units[unit].nextHops[standing.candidate] }
    if case .watcher(let choice) = units[unit].rule { memory.isPinned = choices[choice].isPinned }
    guard let fellows else {
      if case .address = units[unit].rule { memory.lastClaim = claims[unit].lastClaim }
      return memory
    }
    memory.epoch = contests[unit].epoch
    memory.fellows = fellows.list.indices.map { fellows[unit, FellowSlot($0)] }
    return memory
  }

  /// Takes back what was kept, before anything is decided. Times are only worth something within
  /// the boot they were taken in, and so are claims: routes end with the machine.
  package mutating func recall(_ memory: UnitMemory, of vip: VIPSlot, isSameBoot: Bool) {
    let unit = index.unit(of: vip)
    guard units[unit].members[0] == vip, !hasBegun else { return }
    units[unit].isOut = memory.isOutOfService
    if isSameBoot {
      units[unit].shiftedAt = memory.shiftedAt
      // Whoever places addresses has not forgotten either. If it is here, it has come back.
      units[unit].isGiven = memory.isGiven && units[unit].rule == .address
    }
    lastShared = [lastShared, units[unit].shiftedAt].compactMap { $0 }.max()
    if case .watcher(let choice) = units[unit].rule, isSameBoot, let nextHop = memory.nextHop,
      let candidate = units[unit].nextHops.firstIndex(of: nextHop)
    {
      choices[choice].recall(candidate, isPinned: memory.isPinned)
    }
    if isAlone {
      if case .address = units[unit].rule, isSameBoot { claims[unit].recall(memory.lastClaim) }
      return
    }
    contests[unit].recall(epoch: memory.epoch)
    for (place, claim) in memory.fellows.enumerated() where place < fellows?.count ?? 0 {
      fellows?[unit, FellowSlot(place)] = claim
    }
  }
}
