// Points and lengths of time, as values: whoever needs the time is given it.

/// A point on the monotonic clock, in nanoseconds since some moment of this boot.
public struct Instant: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  @inlinable
  public static var zero: Instant { Instant(nanoseconds: 0) }

  @inlinable
  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  @inlinable
  public static func >= (left: Instant, right: Instant) -> Bool {
    left.nanoseconds >= right.nanoseconds
  }

  @inlinable
  public static func <= (left: Instant, right: Instant) -> Bool {
    left.nanoseconds <= right.nanoseconds
  }

  @inlinable
  public static func > (left: Instant, right: Instant) -> Bool {
    left.nanoseconds > right.nanoseconds
  }

  @inlinable
  public static func == (left: Instant, right: Instant) -> Bool {
    left.nanoseconds == right.nanoseconds
  }

  @inlinable
  public static func != (left: Instant, right: Instant) -> Bool {
    left.nanoseconds != right.nanoseconds
  }

  /// The earlier of two deadlines, of which neither, one or both are set.
  @inlinable
  public static func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left, let right else { return left ?? right }
    return left.nanoseconds < right.nanoseconds ? left : right
  }

  /// The earliest of all; the end of time when there is none. Numbers are compared in the loop: it
  /// runs at each turn.
  @inlinable
  public static func earliest(of instants: borrowing Span<Instant>) -> Instant {
    var earliest = Int64.max
    for index in instants.indices {
      earliest = min(earliest, instants[index].nanoseconds)
    }
    return Instant(nanoseconds: earliest)
  }

  @inlinable
  public static func + (instant: Instant, length: Nanoseconds) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + length.count)
  }

  @inlinable
  public static func - (instant: Instant, length: Nanoseconds) -> Instant {
    Instant(nanoseconds: instant.nanoseconds - length.count)
  }

  @inlinable
  public static func - (later: Instant, earlier: Instant) -> Nanoseconds {
    Nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}

/// A length of time.
public struct Nanoseconds: Hashable, Comparable, Sendable {
  public var count: Int64

  @inlinable
  public init(_ count: Int64) { self.count = count }

  @inlinable
  public static var zero: Nanoseconds { Nanoseconds(0) }

  @inlinable
  public static func microseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count * 1_000) }
  @inlinable
  public static func milliseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count * 1_000_000) }
  @inlinable
  public static func seconds(_ count: Int64) -> Nanoseconds { Nanoseconds(count * 1_000_000_000) }

  @inlinable
  public var microseconds: Int64 { count / 1_000 }
  @inlinable
  public var milliseconds: Int64 { count / 1_000_000 }
  @inlinable
  public var seconds: Int64 { count / 1_000_000_000 }

  @inlinable
  public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }
  @inlinable
  public static func > (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count > right.count }
  @inlinable
  public static func <= (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count <= right.count
  }
  @inlinable
  public static func >= (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count >= right.count
  }
  @inlinable
  public static func == (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count == right.count
  }
  @inlinable
  public static func != (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.count != right.count
  }
  @inlinable
  public static func + (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
    Nanoseconds(left.count + right.count)
  }
  @inlinable
  public static func - (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
    Nanoseconds(left.count - right.count)
  }
  @inlinable
  public static func * (length: Nanoseconds, factor: Int64) -> Nanoseconds {
    Nanoseconds(length.count * factor)
  }
  @inlinable
  public static func / (length: Nanoseconds, divisor: Int64) -> Nanoseconds {
    Nanoseconds(length.count / divisor)
  }
}
