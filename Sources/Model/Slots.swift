// Dense small numbers for the things a Plan names, given when the Plan is made.

/// A virtual IP of the Plan.
public struct VIPSlot: Hashable, Comparable, Sendable {
  public let index: Int
  @inlinable
  public init(_ index: Int) { self.index = index }
  public static func < (left: VIPSlot, right: VIPSlot) -> Bool { left.index < right.index }
}

/// A route server of the Plan.
public struct PeerSlot: Hashable, Comparable, Sendable {
  public let index: Int
  @inlinable
  public init(_ index: Int) { self.index = index }
  public static func < (left: PeerSlot, right: PeerSlot) -> Bool { left.index < right.index }
}

/// A machine of the Plan that can carry traffic.
public struct HostSlot: Hashable, Comparable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
  public static func < (left: HostSlot, right: HostSlot) -> Bool { left.index < right.index }
}

/// A rule of the Plan by which routes of the kernel are announced.
public struct RuleSlot: Hashable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// One piece of evidence of the Plan.
public struct TargetSlot: Hashable, Comparable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
  public static func < (left: TargetSlot, right: TargetSlot) -> Bool { left.index < right.index }
}

/// Another speaker of the group.
public struct FellowSlot: Hashable, Comparable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
  public static func < (left: FellowSlot, right: FellowSlot) -> Bool { left.index < right.index }
}

/// An autonomous system number.
public struct ASNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let value: UInt32
  public init(_ value: UInt32) { self.value = value }
  public static func < (left: ASNumber, right: ASNumber) -> Bool { left.value < right.value }
  public var description: String { "\(value)" }
}
