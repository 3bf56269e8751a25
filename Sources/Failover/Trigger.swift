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
}
