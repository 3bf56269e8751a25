// Writes one record as a line of JSON (RFC 8259), field by field, in the order given.

/// A record under construction. The keys are the caller's: it must not give one twice.
package struct JSONLine: Sendable {
  private var bytes: [UInt8]

  /// Begins a record with the fields that each record has: `v`, `id` and `type`.
  package init(id: String, type: String) {
    bytes = []
    bytes.reserveCapacity(256)
    bytes.append(Character.openBrace)
    add("v", ControlLimits.version)
    add("id", id)
    add("type", type)
  }

  /// Ends the record and gives its bytes, newline included.
  package consuming func finish() -> [UInt8] {
    bytes.append(Character.closeBrace)
    bytes.append(Character.newline)
    return bytes
  }

  /// Ends the record and appends it, newline included, to a buffer of the caller.
  package consuming func finish(into buffer: inout [UInt8]) {
    buffer.append(contentsOf: finish())
  }

  /// The last record of an answer.
  package static func end(id: String, code: ExitCode, message: String) -> [UInt8] {
    var line = JSONLine(id: id, type: "end")
    line.add("code", code.rawValue)
    line.add("message", message)
    return line.finish()
  }

  /// The record of a stream that says how many others a slow reader has missed.
  package static func lost(id: String, count: Int) -> [UInt8] {
    var line = JSONLine(id: id, type: "lost")
    line.add("lost", count)
    return line.finish()
  }

  package mutating func add(_ key: String, _ value: String) {
    begin(key)
    write(value.utf8)
  }

  /// Absent text becomes `null`.
  package mutating func add(_ key: String, _ value: String?) {
    if let value { add(key, value) } else { addNull(key) }
  }

  /// Text from outside: what is not UTF-8 becomes U+FFFD, so that the line stays valid.
  package mutating func add(_ key: String, text: [UInt8]) {
    add(key, String(decoding: text, as: UTF8.self))
  }

  package mutating func add(_ key: String, _ value: some FixedWidthInteger) {
    begin(key)
    write(integer: value)
  }

  package mutating func add(_ key: String, _ value: Bool) {
    begin(key)
    write(boolean: value)
  }

  package mutating func addNull(_ key: String) {
    begin(key)
    bytes.append(contentsOf: "null".utf8)
  }

  package mutating func add(_ key: String, _ values: [String]) {
    beginArray(key)
    for (index, value) in values.enumerated() {
      separate(index)
      write(value.utf8)
    }
    bytes.append(Character.closeBracket)
  }

  package mutating func add<Integer: FixedWidthInteger>(_ key: String, _ values: [Integer]) {
    beginArray(key)
    for (index, value) in values.enumerated() {
      separate(index)
      write(integer: value)
    }
    bytes.append(Character.closeBracket)
  }

  package mutating func add(_ key: String, _ values: [Bool]) {
    beginArray(key)
    for (index, value) in values.enumerated() {
      separate(index)
      write(boolean: value)
    }
    bytes.append(Character.closeBracket)
  }

  /// Bytes as text of hexadecimal digits.
  package mutating func add(_ key: String, hexadecimal value: ArraySlice<UInt8>) {
    begin(key)
    bytes.append(Character.quote)
    for byte in value {
      bytes.append(Hexadecimal.lowerDigit(byte >> 4))
      bytes.append(Hexadecimal.lowerDigit(byte & 0xf))
    }
    bytes.append(Character.quote)
  }

  private mutating func begin(_ key: String) {
    if bytes.last != Character.openBrace { bytes.append(Character.comma) }
    write(key.utf8)
    bytes.append(Character.colon)
  }

  private mutating func beginArray(_ key: String) {
    begin(key)
    bytes.append(Character.openBracket)
  }

  private mutating func separate(_ index: Int) {
    if index > 0 { bytes.append(Character.comma) }
  }

  private mutating func write(integer: some FixedWidthInteger) {
    bytes.append(contentsOf: String(integer).utf8)
  }

  private mutating func write(boolean: Bool) {
    bytes.append(contentsOf: (boolean ? "true" : "false").utf8)
  }

  /// Writes a string. RFC 8259 section 7 asks for the escape of `"`, `\` and U+0000 to U+001F;
  /// DEL and the C1 controls are escaped too, because records are also read on terminals.
  private mutating func write(_ text: String.UTF8View) {
    bytes.append(Character.quote)
    var mayBeControl = false
    for byte in text {
      if mayBeControl {
        mayBeControl = false
        if byte < 0xa0 { writeEscape(of: byte) } else { bytes.append(contentsOf: [0xc2, byte]) }
        continue
      }
      switch byte {
      case 0xc2: mayBeControl = true
      case Character.quote: bytes.append(contentsOf: [Character.backslash, Character.quote])
      case Character.backslash:
        bytes.append(contentsOf: [Character.backslash, Character.backslash])
      case 0x0a: bytes.append(contentsOf: "\\n".utf8)
      case 0x0d: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20, 0x7f: writeEscape(of: byte)
      default: bytes.append(byte)
      }
    }
    bytes.append(Character.quote)
  }

  private mutating func writeEscape(of control: UInt8) {
    bytes.append(contentsOf: "\\u00".utf8)
    bytes.append(Hexadecimal.lowerDigit(control >> 4))
    bytes.append(Hexadecimal.lowerDigit(control & 0xf))
  }

  private enum Character {
    static let newline: UInt8 = 0x0a
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2c
    static let colon: UInt8 = 0x3a
    static let openBracket: UInt8 = 0x5b
    static let backslash: UInt8 = 0x5c
    static let closeBracket: UInt8 = 0x5d
    static let openBrace: UInt8 = 0x7b
    static let closeBrace: UInt8 = 0x7d
  }
}
