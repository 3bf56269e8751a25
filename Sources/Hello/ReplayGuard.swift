// No hello is taken twice, and none after a newer one.

/// When a datagram was made, in its sender's own count.
package struct HelloMoment: Hashable, Comparable, Sendable {
  /// The sender's run, and the datagram in it.
  package var start: UInt64
  package var sequence: UInt64

  package init(start: UInt64, sequence: UInt64) {
    self.start = start
    self.sequence = sequence
  }

  package static func < (left: HelloMoment, right: HelloMoment) -> Bool {
    (left.start, left.sequence) < (right.start, right.sequence)
  }
}

/// What was last accepted of one fellow. It is asked only about datagrams whose tag is right.
package struct ReplayGuard: Equatable, Sendable {
  package private(set) var last: HelloMoment?

  package init() {}

  /// Whether the datagram is newer than everything accepted before; from then on it is the last.
  package mutating func accept(_ moment: HelloMoment) -> Bool {
    if let last, moment <= last { return false }
    last = moment
    return true
  }
}
