// Spreads timers, so that speakers do not march in step: same seed, same waits.

import Model

/// The generator SplitMix64: one word of state, which is enough for a wait.
struct Jitter {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Between 75 % and 100 % of `length` (RFC 4271 section 10).
  mutating func apply(to length: Nanoseconds) -> Nanoseconds {
    let quarter = UInt64(length.count / 4)
    return length - Nanoseconds(Int64(next() % (quarter + 1)))
  }
}

extension Jitter {
  mutating func keep(in keeper: inout Keeper) { keeper.keep(&state) }
}
