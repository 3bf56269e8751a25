// How long to wait before something is tried again.

package import Model

/// Lengths of time that nobody else draws: with the same seed the same ones.
package struct Dice: Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// SplitMix64, one word of state.
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Between three quarters of a length and the whole, so that two speakers which failed together
  /// do not try again together.
  package mutating func jittered(_ length: Nanoseconds) -> Nanoseconds {
    guard length > .zero else { return .zero }
    let quarter = UInt64(length.count) / 4
    return Nanoseconds(length.count - Int64(next() % (quarter + 1)))
  }
}

/// Waits that double up to a limit.
package struct Backoff: Hashable, Sendable {
  package var first: Nanoseconds
  package var limit: Nanoseconds

  package init(first: Nanoseconds, limit: Nanoseconds) {
    self.first = first
    self.limit = limit
  }

  /// The wait after `failures` failures in a row, the first being 1.
  package func wait(after failures: Int, _ dice: inout Dice) -> Nanoseconds {
    var wait = first
    for _ in 0..<min(max(failures - 1, 0), 40) where wait < limit { wait = wait * 2 }
    return dice.jittered(min(wait, limit))
  }
}

extension Backoff {
  /// A server in trouble, a lost answer, a table that somebody else changes: usually over within a
  /// second, and a failover waits for it.
  package static let trouble = Backoff(first: .milliseconds(500), limit: .seconds(60))
  /// Permissions take minutes to apply, and a missing table is made by a person.
  package static let forPeople = Backoff(first: .seconds(30), limit: .seconds(300))
  /// Between polls of an operation without `Retry-After`: an unattached table took a second.
  package static let polling = Backoff(first: .milliseconds(500), limit: .seconds(5))
}
