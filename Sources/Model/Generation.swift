// Which word about a route is the newest.

/// A daemon's count of what it wanted of the slow path. Of two generations the greater one is the
/// newer, across restarts too: a daemon takes a higher epoch each time it starts.
public struct Generation: Hashable, Comparable, Sendable {
  public var epoch: UInt64
  public var counter: UInt64

  public init(epoch: UInt64, counter: UInt64) {
    self.epoch = epoch
    self.counter = counter
  }

  public static let none = Generation(epoch: 0, counter: 0)

  public static func < (left: Generation, right: Generation) -> Bool {
    (left.epoch, left.counter) < (right.epoch, right.counter)
  }
}

extension Generation: CustomStringConvertible {
  public var description: String { "\(epoch).\(counter)" }
}
