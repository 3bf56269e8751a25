// Which word about a route is the newest.

/// A daemon's count of what it wanted of the slow path. Of two generations the greater one is the
/// newer, across restarts too: a daemon takes a higher epoch each time it starts.
package struct Generation: Hashable, Comparable, Sendable {
  package var epoch: UInt64
  package var counter: UInt64

  package init(epoch: UInt64, counter: UInt64) {
    self.epoch = epoch
    self.counter = counter
  }

  package static let none = Generation(epoch: 0, counter: 0)

  package static func < (left: Generation, right: Generation) -> Bool {
    (left.epoch, left.counter) < (right.epoch, right.counter)
  }
}

extension Generation: CustomStringConvertible {
  package var description: String { "\(epoch).\(counter)" }
}
