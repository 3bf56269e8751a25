// Numbers that others cannot guess, from the seed that the edge has drawn.

package import Model

/// SplitMix64. Same seed, same numbers.
package struct Draw: Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Draw.mix(state)
  }

  /// Any but zero.
  package mutating func discriminator() -> UInt32 {
    while true {
      let drawn = UInt32(truncatingIfNeeded: next() >> 32)
      if drawn != 0 { return drawn }
    }
  }

  /// A length between two; the ends belong to it.
  package mutating func length(from low: Nanoseconds, to high: Nanoseconds) -> Nanoseconds {
    precondition(low <= high, "no such range")
    return low + Nanoseconds(Int64(next() % UInt64(high.count - low.count + 1)))
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// What belongs to a number under a secret; nothing has to be kept to know it again.
  package static func token(_ secret: UInt64, _ target: TargetSlot, _ number: UInt32) -> UInt64 {
    mix(mix(secret ^ UInt64(UInt32(truncatingIfNeeded: target.index))) ^ secret &+ UInt64(number))
  }
}

extension Draw {
  mutating func keep(in keeper: inout Keeper) { keeper.keep(&state) }
}
