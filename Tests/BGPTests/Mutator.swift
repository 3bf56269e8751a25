// Seeded damage: the same seed damages the same bytes.

struct Mutator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed | 1 }

  /// xorshift64*.
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  /// The bytes with one to three of them changed, behind the first `spared`.
  mutating func damage(_ bytes: [UInt8], sparing spared: Int) -> [UInt8] {
    guard bytes.count > spared else { return bytes }
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &self) {
      let index = Int.random(in: spared..<bytes.count, using: &self)
      switch UInt8.random(in: 0...3, using: &self) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &self)
      case 1: bytes[index] = 0
      case 2: bytes[index] = 255
      default: bytes[index] = UInt8.random(in: 0...255, using: &self)
      }
    }
    return bytes
  }
}
