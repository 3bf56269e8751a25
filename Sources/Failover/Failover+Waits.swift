// What a change of a VIP would have to wait for.

package import Model

package enum WaitReason: Equatable, Sendable {
  case staleView
  case damping
  case failback
  case listening
  case outOfService
  case doomed
  /// The same, to the machine of a host.
  case doomedHost
  case pinned
  /// An operator gave the address away.
  case given
  case shadow
  case ownNetwork
  /// The address is gone, and the claim stands for a while.
  case grace
  /// Nobody can carry the VIP, and its routes are withdrawn.
  case vacancy
  /// We stood still, and whoever was down before may be well.
  case asking
}

/// One thing that holds a change back; `until` is nil when no time ends it.
package struct Wait: Equatable, Sendable {
  package var reason: WaitReason
  package var until: Instant?

  package init(reason: WaitReason, until: Instant? = nil) {
    self.reason = reason
    self.until = until
  }
}

extension Failover {
  /// Everything that holds a VIP back now.
  package func waits(of vip: VIPSlot, at now: Instant) -> [Wait] {
    let unit = index.unit(of: vip)
    var waits: [Wait] = []
    if isShadow { waits.append(Wait(reason: .shadow)) }
    if let end = units[unit].listensUntil {
      waits.append(Wait(reason: .listening, until: end))
    } else if !mayJudge(unit) {
      waits.append(Wait(reason: .staleView))
    }
    if units[unit].isWithdrawn { waits.append(Wait(reason: .vacancy)) }
    if units[unit].isOut { waits.append(Wait(reason: .outOfService)) }
    if doom.isPending { waits.append(Wait(reason: .doomed)) }
    if hasDoomedHost(unit) { waits.append(Wait(reason: .doomedHost)) }
    if units[unit].isGiven {
      waits.append(Wait(reason: .given, until: units[unit].givenUntil))
    }
    if let end = fellows?.listening { waits.append(Wait(reason: .listening, until: end)) }
    if units[unit].withdraws, let end = asksUntil {
      waits.append(Wait(reason: .asking, until: end))
    }
    if let end = dampedUntil(unit), now < end { waits.append(Wait(reason: .damping, until: end)) }
    if hosts.ownNetwork != .working { waits.append(Wait(reason: .ownNetwork)) }
    if case .watcher(let choice) = units[unit].rule {
      if choices[choice].isPinned { waits.append(Wait(reason: .pinned)) }
      if choices[choice].current != nil, let due = choices[choice].deadline {
        waits.append(Wait(reason: .failback, until: due))
      }
    }
    if isAlone {
      if let due = claims[unit].stepDown { waits.append(Wait(reason: .grace, until: due)) }
    } else {
      if let due = contests[unit].failbackAt { waits.append(Wait(reason: .failback, until: due)) }
      if let due = contests[unit].stepDown { waits.append(Wait(reason: .grace, until: due)) }
    }
    return waits
  }

  /// Nobody is known to be able to carry a VIP that is decided by health.
  package func isVacant(_ vip: VIPSlot) -> Bool {
    let unit = index.unit(of: vip)
    if case .watcher(let choice) = units[unit].rule { return choices[choice].isAllDown }
    return units[unit].isVacant || units[unit].isWithdrawn
  }

  /// The hosts whose health decides about a VIP.
  package func judgedHosts(of vip: VIPSlot) -> [HostSlot] {
    units[index.unit(of: vip)].hosts
  }

  /// What a fellow said last of a VIP.
  package func word(of fellow: FellowSlot, on vip: VIPSlot) -> FellowClaim {
    fellows?[index.unit(of: vip), fellow] ?? .none
  }
}
