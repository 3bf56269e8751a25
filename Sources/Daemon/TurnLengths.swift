// How long the loop's turns take: what happens meanwhile waits for so long.

import Model

/// The longest turns: from the return of `epoll_wait` to the next call of it.
struct TurnLengths {
  private(set) var longest = Nanoseconds.zero
  /// Since the last answer to `status`.
  private(set) var longestRecent = Nanoseconds.zero
  private(set) var count: UInt64 = 0

  mutating func add(_ length: Nanoseconds) {
    count += 1
    longest = max(longest, length)
    longestRecent = max(longestRecent, length)
  }

  mutating func wereReported() { longestRecent = .zero }
}
