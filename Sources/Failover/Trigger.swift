// What made deciding look at a VIP: the first half of every "why".

package import Model

/// The last thing that happened before a verdict.
package enum Trigger: Equatable, Sendable {
  /// Everything that deciding needs was heard for the first time.
  case start
  /// The kernel's links and addresses were read again after a loss.
  case relisted
  case address(IPAddress, isGone: Bool)
  case link(InterfaceIndex)
  /// A piece of evidence has changed.
  case evidence(TargetSlot, Signal)
  /// Another speaker fell silent, is heard again, or has said something new.
  case fellowSilent(FellowSlot)
  case fellowHeard(FellowSlot)
  case fellowSaid(FellowSlot)
  /// A time has come: failback, damping, a grace.
  case time
  case operatorsWord
  /// The platform is about to do something to this machine, or has done it.
  case scheduledEvent
  /// The same, to the machine of another speaker.
  case fellowDoomed(FellowSlot)
}

extension Trigger {
  package mutating func keep(in keeper: inout Keeper) {
    var kind: UInt8
    var place = 0
    var detail: UInt8 = 0
    var address = IPAddress.v4(IPv4Address(bits: 0))
    switch self {
    case .start: kind = 1
    case .relisted: kind = 2
    case .address(let named, let isGone): (kind, address, detail) = (3, named, isGone ? 1 : 0)
    case .link(let index): (kind, place) = (4, Int(index.value))
    case .evidence(let target, let signal):
      (kind, place, detail) = (5, target.index, signal.rawValue)
    case .fellowSilent(let fellow): (kind, place) = (6, fellow.index)
    case .fellowHeard(let fellow): (kind, place) = (7, fellow.index)
    case .fellowSaid(let fellow): (kind, place) = (8, fellow.index)
    case .time: kind = 9
    case .operatorsWord: kind = 10
    case .scheduledEvent: kind = 11
    case .fellowDoomed(let fellow): (kind, place) = (12, fellow.index)
    }
    keeper.keep(&kind)
    keeper.keep(&place)
    keeper.keep(&detail)
    keeper.keep(&address)
    switch kind {
    case 1: self = .start
    case 2: self = .relisted
    case 3: self = .address(address, isGone: detail == 1)
    case 4: self = .link(InterfaceIndex(Int32(truncatingIfNeeded: place)))
    case 5:
      guard let signal = Signal(rawValue: detail) else { return keeper.damage() }
      self = .evidence(TargetSlot(place), signal)
    case 6: self = .fellowSilent(FellowSlot(place))
    case 7: self = .fellowHeard(FellowSlot(place))
    case 8: self = .fellowSaid(FellowSlot(place))
    case 9: self = .time
    case 10: self = .operatorsWord
    case 11: self = .scheduledEvent
    case 12: self = .fellowDoomed(FellowSlot(place))
    default: keeper.damage()
    }
  }
}

extension Trigger {
  /// The same in words of the Plan that came after; nil: it has none for it.
  package func renamed(by succession: Succession) -> Trigger? {
    guard case .evidence(let target, let signal) = self else { return self }
    return succession.targets.firstIndex(of: target.index).map {
      .evidence(TargetSlot($0), signal)
    }
  }
}
