// Percent-encoding (RFC 3986 section 2.1) of the words of a request.

/// Words to and from printable ASCII without spaces.
enum PercentEncoding {
  private static let percent: UInt8 = 0x25

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: false
    }
  }

  /// Printable ASCII stays as it is, but for the space and the percent sign itself.
  static func encode(_ word: String, into bytes: inout [UInt8]) {
    for byte in word.utf8 {
      if (0x21...0x7e).contains(byte), byte != percent {
        bytes.append(byte)
      } else {
        bytes.append(percent)
        bytes.append(Hexadecimal.upperDigit(byte >> 4))
        bytes.append(Hexadecimal.upperDigit(byte & 0xf))
      }
    }
  }

  /// Nil when an escape is cut or wrong, when the result holds a NUL or is not UTF-8.
  static func decode(_ piece: ArraySlice<UInt8>) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(piece.count)
    var index = piece.startIndex
    while index < piece.endIndex {
      if piece[index] == percent {
        guard index + 2 < piece.endIndex, let high = Hexadecimal.value(of: piece[index + 1]),
          let low = Hexadecimal.value(of: piece[index + 2])
        else { return nil }
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(piece[index])
        index += 1
      }
    }
    if bytes.contains(0) { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
