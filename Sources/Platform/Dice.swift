// Chance for the simulated platform: same seed, same run.

package import Model

/// The generator SplitMix64: one word of state.
package struct Dice: Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// 0 up to, but not with, `limit`.
  package mutating func below(_ limit: Int) -> Int {
    precondition(limit > 0, "nothing to choose from")
    return Int(next() % UInt64(limit))
  }

  /// A length between two, which both can come.
  package mutating func length(from low: Nanoseconds, to high: Nanoseconds) -> Nanoseconds {
    precondition(low <= high, "no such range")
    return low + Nanoseconds(Int64(next() % UInt64(high.count - low.count + 1)))
  }
}
