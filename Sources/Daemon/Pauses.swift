// How often this process stood still, for `status`, and how many log lines that is worth.

import Model

/// A machine that is late at every turn must not fill the disk with it: the first pause is told at
/// once, what follows soon is counted and told together.
struct Pauses {
  /// What comes within this of the last line waits for the next one. We chose it: short enough for
  /// whoever watches the log, and six lines a minute at most.
  static let quiet = Nanoseconds.seconds(10)

  private(set) var count: UInt64 = 0
  private(set) var longest = Nanoseconds.zero
  private(set) var total = Nanoseconds.zero
  private(set) var last: Instant?
  /// When the last line was written.
  private var told: Instant?
  private var withheld: UInt64 = 0
  private var longestWithheld = Nanoseconds.zero

  /// Whether this pause gets a line of its own.
  mutating func allows(_ length: Nanoseconds, at now: Instant) -> Bool {
    count += 1
    longest = max(longest, length)
    total = total + length
    last = now
    guard let told, now < told + Pauses.quiet else {
      // What was withheld before is told by its own line, whichever comes first.
      self.told = now
      return true
    }
    withheld += 1
    longestWithheld = max(longestWithheld, length)
    return false
  }

  /// What was withheld, once a line may be written again.
  mutating func nextWithheld(at now: Instant) -> (count: UInt64, longest: Nanoseconds)? {
    guard withheld > 0, let told, now >= told + Pauses.quiet else { return nil }
    defer {
      withheld = 0
      longestWithheld = .zero
    }
    self.told = now
    return (withheld, longestWithheld)
  }
}
