// Randomness that a seed decides completely, and a running hash to compare two runs by.

/// xorshift64* (Vigna): one word of state.
package struct Random: Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    // Zero would stay zero; neighbouring seeds shall not give neighbouring numbers.
    state = (seed &+ 1) &* 0x9e37_79b9_7f4a_7c15 | 1
    for _ in 0..<4 { _ = next() }
  }

  package mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  /// A number of the range, each as likely as the others.
  package mutating func pick(_ range: ClosedRange<Int64>) -> Int64 {
    let width = UInt64(range.upperBound - range.lowerBound) + 1
    return range.lowerBound + Int64((next() >> 11) % width)
  }

  package mutating func pick(_ range: ClosedRange<Int>) -> Int {
    Int(pick(Int64(range.lowerBound)...Int64(range.upperBound)))
  }

  /// True once in `n` times.
  package mutating func oneIn(_ n: Int) -> Bool { pick(1...n) == 1 }

  /// A length of time whose magnitude is as random as its digits.
  package mutating func spread(_ low: Int64, _ high: Int64) -> Int64 {
    var bound = low
    while bound < high, oneIn(3) == false { bound *= 4 }
    return pick(low...min(max(bound, low), high))
  }
}

/// FNV-1a over everything that happened.
package struct TraceHash: Equatable, Sendable {
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  package mutating func add(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  package mutating func add(_ number: Int64) {
    value = (value ^ UInt64(bitPattern: number)) &* 0x100_0000_01b3
    value ^= value >> 29
  }

  package mutating func add(_ bytes: [UInt8]) { for byte in bytes { add(byte) } }
}
