// Randomness, given inwards as a number.

import CLinux

/// The kernel's random numbers (getrandom).
package enum Entropy {
  /// Sixty-four random bits, to seed what must differ from process to process.
  package static func seed() throws(Errno) -> UInt64 {
    var seed: UInt64 = 0
    let size = MemoryLayout<UInt64>.size
    let count = try system { unsafe clinux_getrandom(&seed, size) }
    // Up to 256 bytes come whole (getrandom(2)).
    precondition(count == size)
    return seed
  }
}
