// Hexadecimal digits, as JSON escapes and percent-encoding write them.

/// Digits of base sixteen in ASCII.
package enum Hexadecimal {
  package static func text(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = bytes.flatMap { [lowerDigit($0 >> 4), lowerDigit($0 & 0xf)] }
    return String(decoding: digits, as: UTF8.self)
  }

  static func lowerDigit(_ value: UInt8) -> UInt8 {
    precondition(value < 16)
    return value < 10 ? 0x30 + value : 0x61 + value - 10
  }

  static func upperDigit(_ value: UInt8) -> UInt8 {
    precondition(value < 16)
    return value < 10 ? 0x30 + value : 0x41 + value - 10
  }

  /// The value of a digit of either case, nil for anything else.
  static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }
}
