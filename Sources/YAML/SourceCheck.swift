// Looks at the characters before the parser does, so that places are counted as editors count.
import Model

/// Checks of the raw text. What passes has only LF, CR LF and CR as line breaks, so that the
/// parser's lines and columns (in characters) are the editor's.
enum SourceCheck {
  private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// Refuses what is not UTF-8 or may not stand in a YAML file; answers where the text begins
  /// (behind a byte order mark) and the place behind its last character.
  static func check(_ bytes: [UInt8]) throws(YAMLError) -> (start: Int, end: Position) {
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
      throw YAMLError(.utf16, at: Position(line: 1, column: 1))
    }
    let start = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
    var position = Position(line: 1, column: 1)
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte >= 0x20, byte < 0x7f {
        index += 1
        position.column += 1
        continue
      }
      guard let (value, length) = scalar(in: bytes, at: index) else {
        throw YAMLError(.notUTF8(byte: byte), at: position)
      }
      try allow(value, at: position)
      index += length
      if value == 0x0a || (value == 0x0d && !(index < bytes.count && bytes[index] == 0x0a)) {
        position = Position(line: position.line + 1, column: 1)
      } else {
        position.column += 1
      }
    }
    return (start, position)
  }

  /// YAML 1.1 section 5.1, without the byte order mark and the breaks that editors do not count.
  private static func allow(_ value: UInt32, at position: Position) throws(YAMLError) {
    switch value {
    case 0x09, 0x0a, 0x0d, 0x20...0x7e: return
    case 0x85, 0x2028, 0x2029: throw YAMLError(.lineSeparator(value), at: position)
    case 0xfeff: throw YAMLError(.character(value), at: position)
    case 0xa0...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff: return
    default: throw YAMLError(.character(value), at: position)
    }
  }

  /// The character that begins at `index` and its length in bytes (RFC 3629: shortest form, no
  /// surrogate).
  private static func scalar(in bytes: [UInt8], at index: Int) -> (value: UInt32, length: Int)? {
    let first = bytes[index]
    let shape: (length: Int, bits: UInt8, least: UInt32)
    switch first {
    case 0x00...0x7f: return (UInt32(first), 1)
    case 0xc2...0xdf: shape = (2, first & 0x1f, 0x80)
    case 0xe0...0xef: shape = (3, first & 0x0f, 0x800)
    case 0xf0...0xf4: shape = (4, first & 0x07, 0x10000)
    default: return nil
    }
    guard index + shape.length <= bytes.count else { return nil }
    var value = UInt32(shape.bits)
    for byte in bytes[(index + 1)..<(index + shape.length)] {
      guard byte & 0xc0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3f)
    }
    guard value >= shape.least, value <= 0x10ffff, !(0xd800...0xdfff).contains(value) else {
      return nil
    }
    return (value, shape.length)
  }

  /// Most syntax errors of beginners are a tab before a key, whatever the parser calls them.
  static func explain(_ error: YAMLError, in bytes: [UInt8]) -> YAMLError {
    guard case .syntax = error.problem else { return error }
    var line = 1
    var index = 0
    while index < bytes.count, line < error.position.line {
      let isBreak =
        bytes[index] == 0x0a
        || (bytes[index] == 0x0d && !(index + 1 < bytes.count && bytes[index + 1] == 0x0a))
      if isBreak { line += 1 }
      index += 1
    }
    guard line == error.position.line else { return error }
    var column = 1
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 {
      if bytes[index] == 0x09 {
        return YAMLError(.tabIndentation, at: Position(line: line, column: column))
      }
      index += 1
      column += 1
    }
    return error
  }
}
