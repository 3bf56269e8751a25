// Dense small numbers for the things a Plan names, given when the Plan is made.

/// A virtual IP of the Plan.
package struct VIPSlot: Hashable, Comparable, Sendable {
  package let index: Int
  @inlinable
  package init(_ index: Int) { self.index = index }
  package static func < (left: VIPSlot, right: VIPSlot) -> Bool { left.index < right.index }
}

/// A route server of the Plan.
package struct PeerSlot: Hashable, Comparable, Sendable {
  package let index: Int
  @inlinable
  package init(_ index: Int) { self.index = index }
  package static func < (left: PeerSlot, right: PeerSlot) -> Bool { left.index < right.index }
}

/// A machine of the Plan that can carry traffic.
package struct HostSlot: Hashable, Comparable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: HostSlot, right: HostSlot) -> Bool { left.index < right.index }
}

/// A rule of the Plan by which routes of the kernel are announced.
package struct RuleSlot: Hashable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
}

/// One piece of evidence of the Plan.
package struct TargetSlot: Hashable, Comparable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: TargetSlot, right: TargetSlot) -> Bool { left.index < right.index }
}

/// Another speaker of the group.
package struct FellowSlot: Hashable, Comparable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: FellowSlot, right: FellowSlot) -> Bool { left.index < right.index }
}

/// An autonomous system number.
package struct ASNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let value: UInt32
  package init(_ value: UInt32) { self.value = value }
  package static func < (left: ASNumber, right: ASNumber) -> Bool { left.value < right.value }
  package var description: String { "\(value)" }
}
