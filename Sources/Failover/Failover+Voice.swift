// Whose word route tables should follow for a VIP: they are no arbiter, the last writer wins.

package import Model

/// Who may say where a VIP's routes lead.
package enum Voice: UInt8, Equatable, Sendable {
  /// This speaker claims the VIP, and knows of nobody who claims above it.
  case ours
  case others
  /// Nothing should be written: we do not know enough, or what we carry we are about to give up.
  case unsure
}

extension Failover {
  package func voice(_ vip: VIPSlot) -> Voice {
    guard isReady, !isCatchingUp, fellows?.listening == nil else { return .unsure }
    let unit = index.unit(of: vip)
    switch units[unit].rule {
    case .address:
      // On a stale view the address may be gone.
      guard isCurrent else { return .unsure }
      guard isLeading(unit) else { return .others }
      return isHeld(vip) ? .ours : .unsure
    case .health:
      guard isLeading(unit) else { return .others }
      return isHeld(vip) ? .ours : .unsure
    case .balanced: return units[unit].rung?.isClaim ?? false ? .ours : .others
    case .watcher(let choice):
      guard isLeading(unit) else { return .others }
      return choices[choice].current == nil ? .unsure : .ours
    }
  }

  private func isLeading(_ unit: Int) -> Bool {
    if !isAlone { return contests[unit].isLeading }
    // Alone, a watcher always leads.
    if case .watcher = units[unit].rule { return true }
    return claims[unit].rung?.isClaim ?? false
  }
}
