// The ladder of claims: how strongly a speaker asks for a VIP, expressed as AS path length.

/// A rung of the ladder. A route server prefers the shorter path, so each rung is one AS shorter
/// than the one before.
package struct Rung: Hashable, Comparable, Sendable {
  /// 0 is standby, 1 owner, 2 the first takeover.
  package let value: UInt8

  /// How many takeover rungs there are. We chose it: a planned move costs two without hello, and
  /// sixteen ASNs fit any path-length filter seen in the field.
  package static let takeovers: UInt8 = 14

  package static let standby = Rung(value: 0)
  package static let owner = Rung(value: 1)
  package static let firstTakeover = Rung(value: 2)
  package static let last = Rung(value: 1 + takeovers)

  private init(value: UInt8) { self.value = value }

  /// Fails beyond the last rung.
  package init?(_ value: UInt8) {
    guard value <= Rung.last.value else { return nil }
    self.value = value
  }

  /// The rung that beats this one, or nil at the end of the ladder.
  package var next: Rung? { Rung(value + 1) }

  /// How often our AS number stands in the path: 1 on the last rung, longest for standby.
  package var pathLength: Int { Int(Rung.last.value - value) + 1 }

  package static func < (left: Rung, right: Rung) -> Bool { left.value < right.value }
}

extension Rung: CustomStringConvertible {
  package var description: String {
    switch self {
    case .standby: "standby"
    case .owner: "owner"
    default: "takeover-\(value - Rung.owner.value)"
    }
  }
}
