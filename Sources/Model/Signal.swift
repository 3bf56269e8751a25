// What one piece of evidence says of its host.

/// The state of one target.
public enum Signal: UInt8, Sendable, Equatable {
  /// Nothing is known: not asked yet, or what was known is void.
  case unknown
  /// It speaks against nothing, and proves nothing either: a neighbour entry that has not failed.
  case neutral
  case up
  /// Up until now, and the last probe was not answered.
  case failing
  case down

  /// Counts for the host being well.
  public var isUp: Bool { self == .up || self == .failing }
}

extension Signal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknown: "unknown"
    case .neutral: "neutral"
    case .up: "up"
    case .failing: "failing"
    case .down: "down"
    }
  }
}
