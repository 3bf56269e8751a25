// Points and lengths of time, as values: whoever needs the time is given it.

/// A point on the monotonic clock, in nanoseconds since some moment of this boot.
package struct Instant: Hashable, Comparable, Sendable {
  package var nanoseconds: Int64

  @inlinable
  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  @inlinable
  package static var zero: Instant { Instant(nanoseconds: 0) }

  @inlinable
  package static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  @inlinable
  package static func >= (left: Instant, right: Instant) -> Bool {
    left.nanoseconds >= right.nanoseconds
  }

  @inlinable
  package static func <= (left: Instant, right: Instant) -> Bool {
    left.nanoseconds <= right.nanoseconds
  }

  @inlinable
  package static func > (left: Instant, right: Instant) -> Bool {
    left.nanoseconds > right.nanoseconds
  }

  @inlinable
  package static func == (left: Instant, right: Instant) -> Bool {
    left.nanoseconds == right.nanoseconds
  }

  @inlinable
  package static func != (left: Instant, right: Instant) -> Bool {
    left.nanoseconds != right.nanoseconds
  }

  /// The earlier of two deadlines, of which neither, one or both are set.
  @inlinable
  package static func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left, let right else { return left ?? right }
    return left.nanoseconds < right.nanoseconds ? left : right
  }

  /// The earliest of all; the end of time when there is none. Numbers are compared in the loop: it
  /// runs at each turn.
  @inlinable
  package static func earliest(of instants: borrowing Span<Instant>) -> Instant {
    var earliest = Int64.max
    for index in instants.indices {
      earliest = min(earliest, instants[index].nanoseconds)
    }
    return Instant(nanoseconds: earliest)
  }

  @inlinable
  package static func + (instant: Instant, length: Nanoseconds) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + length.count)
  }

  @inlinable
  package static func - (instant: Instant, length: Nanoseconds) -> Instant {
    Instant(nanoseconds: instant.nanoseconds - length.count)
  }

  @inlinable
  package static func - (later: Instant, earlier: Instant) -> Nanoseconds {
    Nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}

/// A length of time.
package struct Nanoseconds: Hashable, Comparable, Sendable {
  package var count: Int64

  @inlinable
  package init(_ count: Int64) { self.count = count }

  @inlinable
  package static var zero: Nanoseconds { Nanoseconds(0) }

  @inlinable
  package static func microseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count * 1_000) }
  @inlinable
  package static func milliseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count * 1_000_000) }
  @inlinable
  package static func seconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count * 1_000_000_000) }

  @inlinable
  package var microseconds: Int64 { count / 1_000 }
  @inlinable
  package var milliseconds: Int64 { count / 1_000_000 }
  @inlinable
  package var seconds: Int64 { count / 1_000_000_000 }

  @inlinable
  package static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }
  @inlinable
  package static func > (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count > right.count }
  @inlinable
  package static func <= (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count <= right.count
  }
  @inlinable
  package static func >= (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count >= right.count
  }
  @inlinable
  package static func == (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count == right.count
  }
  @inlinable
  package static func != (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count != right.count
  }
  @inlinable
  package static func + (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
    Nanoseconds(left.count + right.count)
  }
  @inlinable
  package static func - (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
    Nanoseconds(left.count - right.count)
  }
  @inlinable
  package static func * (length: Nanoseconds, factor: Int64) -> Nanoseconds {
    Nanoseconds(length.count * factor)
  }
  @inlinable
  package static func / (length: Nanoseconds, divisor: Int64) -> Nanoseconds {
    Nanoseconds(length.count / divisor)
  }
}
