// From the bytes of a key file to a key, or to one clear answer why not.

/// Why the bytes of a file are no key.
package enum KeyTextError: Error, Equatable, Sendable {
  case empty
  /// Neither 32 bytes nor 64 hexadecimal digits.
  case otherLength(Int)
  /// As long as a key in hexadecimal, with something else in it.
  case noHexadecimal
  /// Words, or the same byte again and again: somebody could guess it.
  case guessable
}

extension KeyTextError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "it is empty"
    case .otherLength(let count):
      "a key is 32 bytes or 64 hexadecimal digits, and here are \(count) bytes"
    case .noHexadecimal: "not all of the 64 characters are hexadecimal digits"
    case .guessable: "a key is 32 random bytes, and this could be guessed"
    }
  }
}

/// Reads keys. A passphrase is no key: whoever hears one datagram can try a million of them a
/// second, so it is refused rather than stretched.
package enum KeyText {
  /// Bytes of a file beyond which it is not even read: more than any key, so that the answer can
  /// say how long it is.
  package static let limit = 1_024

  package static func key(_ file: [UInt8]) throws(KeyTextError) -> SealKey {
    guard !file.isEmpty else { throw .empty }
    // Exactly a key: its last byte may well be a newline.
    if file.count == SealKey.size { return SealKey(try checked(file)) }
    var text = file[...]
    if text.last == 0x0a { text = text.dropLast() }
    if text.last == 0x0d { text = text.dropLast() }
    guard text.count == 2 * SealKey.size else { throw .otherLength(file.count) }
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text {
      guard let digit = digit(character) else { throw .noHexadecimal }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return SealKey(try checked(bytes))
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 48...57: character - 48
    case 65...70: character - 55
    case 97...102: character - 87
    default: nil
    }
  }

  /// Thirty-two random bytes are all printable once in 10^13 keys, and repeat themselves never.
  private static func checked(_ bytes: [UInt8]) throws(KeyTextError) -> [UInt8] {
    let isText = bytes.allSatisfy { (32...126).contains($0) || $0 == 0x0a }
    let isUniform = bytes.allSatisfy { $0 == bytes[0] }
    guard !isText, !isUniform else { throw .guessable }
    return bytes
  }
}
