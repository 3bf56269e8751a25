// The ladder of claims: how strongly a speaker asks for a VIP, expressed as AS path length.

/// A rung of the ladder. A route server prefers the shorter path, so each rung is one AS shorter
/// than the one before.
///
///     standby < resigned < resigned-1 .. resigned-14 < owner < takeover-1 .. takeover-14
public struct Rung: Hashable, Comparable, Sendable {
  /// 0 is standby; then one to resign to for each claim, lowest first; then the claims.
  public let value: UInt8

  /// How many takeover rungs there are. We chose it: a move costs one rung without hello, and the
  /// longest path, 31 ASNs, is shorter than any path-length filter seen in the field.
  public static let takeovers: UInt8 = 14
  private static var claims: UInt8 { takeovers + 1 }

  // A stored one is asked at each use whether it was made already.
  @inlinable
  public static var standby: Rung { Rung(value: 0) }
  public static var owner: Rung { Rung(value: 1 + claims) }
  public static var firstTakeover: Rung { Rung(value: 2 + claims) }
  public static var last: Rung { Rung(value: 2 * claims) }

  @usableFromInline
  init(value: UInt8) { self.value = value }

  /// Fails beyond the last rung.
  public init?(_ value: UInt8) {
    guard value <= Rung.last.value else { return nil }
    self.value = value
  }

  /// The claim that beats this one, or nil at the end of the ladder.
  public var next: Rung? { Rung(value + 1) }

  /// Somebody asks for the VIP.
  public var isClaim: Bool { self >= .owner }

  /// Where a machine goes that held the VIP with this claim and lost it: below every claim, above
  /// standby, and in the order of the claims, so that nobody's best path changes by it alone.
  public var resigned: Rung { isClaim ? Rung(value: value - Rung.claims) : self }

  /// How often our AS number stands in the path: 1 on the last rung, longest for standby.
  public var pathLength: Int { Int(Rung.last.value - value) + 1 }

  @inlinable
  public static func == (left: Rung, right: Rung) -> Bool { left.value == right.value }
  @inlinable
  public static func < (left: Rung, right: Rung) -> Bool { left.value < right.value }
}

extension Rung: CustomStringConvertible {
  public var description: String {
    switch self {
    case .standby: "standby"
    case .owner: "owner"
    case Rung.owner.resigned: "resigned"
    case ..<Rung.owner: "resigned-\(value - Rung.owner.resigned.value)"
    default: "takeover-\(value - Rung.owner.value)"
    }
  }
}
