// The JSON reader behind Record: RFC 8259 for one line, with limits on length, depth and fields.

/// Walks over the bytes of one line. Recursion is bounded by the depth limit.
struct RecordReader {
  private let bytes: [UInt8]
  private var offset = 0
  private var depth = 0

  init(_ line: Span<UInt8>) throws(RecordError) {
    guard line.count <= ControlLimits.recordLine else {
      throw RecordError(reason: .tooLong, offset: ControlLimits.recordLine)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(line.count)
    for index in line.indices { bytes.append(line[index]) }
    self.bytes = bytes
  }

  /// The whole line as one object, with nothing but white space around it.
  mutating func readRecord() throws(RecordError) -> [JSONValue.Field] {
    skipSpace()
    guard try peek() == UInt8(ascii: "{") else { throw failure(.notAnObject) }
    let fields = try readObject()
    skipSpace()
    guard offset == bytes.count else { throw failure(.trailingBytes) }
    return fields
  }

  private mutating func readValue() throws(RecordError) -> JSONValue {
    switch try peek() {
    case UInt8(ascii: "{"): return .object(try readObject())
    case UInt8(ascii: "["): return .array(try readArray())
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return try readWord("true", as: .boolean(true))
    case UInt8(ascii: "f"): return try readWord("false", as: .boolean(false))
    case UInt8(ascii: "n"): return try readWord("null", as: .null)
    case UInt8(ascii: "-"), 0x30...0x39: return try readNumber()
    default: throw failure(.unexpectedByte)
    }
  }

  private mutating func readObject() throws(RecordError) -> [JSONValue.Field] {
    try enter()
    var fields: [JSONValue.Field] = []
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      leave()
      return fields
    }
    while true {
      skipSpace()
      let start = offset
      guard try peek() == UInt8(ascii: "\"") else { throw failure(.unexpectedByte) }
      let name = try readString()
      if fields.contains(where: { $0.name == name }) {
        throw RecordError(reason: .doubleName, offset: start)
      }
      if fields.count == ControlLimits.recordFields {
        throw RecordError(reason: .tooManyFields, offset: start)
      }
      skipSpace()
      guard try peek() == UInt8(ascii: ":") else { throw failure(.unexpectedByte) }
      offset += 1
      skipSpace()
      fields.append(JSONValue.Field(name: name, value: try readValue()))
      skipSpace()
      if try endsOrContinues(with: UInt8(ascii: "}")) { return fields }
    }
  }

  private mutating func readArray() throws(RecordError) -> [JSONValue] {
    try enter()
    var values: [JSONValue] = []
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      leave()
      return values
    }
    while true {
      skipSpace()
      values.append(try readValue())
      skipSpace()
      if try endsOrContinues(with: UInt8(ascii: "]")) { return values }
    }
  }

  /// Behind an element: true at the closing bracket, false at a comma.
  private mutating func endsOrContinues(with close: UInt8) throws(RecordError) -> Bool {
    let byte = try peek()
    if byte == close {
      leave()
      return true
    }
    guard byte == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
    offset += 1
    return false
  }

  private mutating func enter() throws(RecordError) {
    guard depth < ControlLimits.recordDepth else { throw failure(.tooDeep) }
    depth += 1
    offset += 1
  }

  private mutating func leave() {
    depth -= 1
    offset += 1
  }

  private mutating func readWord(
    _ word: StaticString, as value: JSONValue
  ) throws(RecordError) -> JSONValue {
    for expected in word.description.utf8 {
      guard try peek() == expected else { throw failure(.unexpectedByte) }
      offset += 1
    }
    return value
  }

  /// RFC 8259 section 6: no leading zero, no lone sign, digits on both sides of the point.
  private mutating func readNumber() throws(RecordError) -> JSONValue {
    let start = offset
    var isInteger = true
    if byte == UInt8(ascii: "-") { offset += 1 }
    let first = offset
    try skipDigits()
    if bytes[first] == 0x30, offset - first > 1 { throw failure(.badNumber, at: start) }
    if byte == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      try skipDigits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      isInteger = false
      offset += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { offset += 1 }
      try skipDigits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger {
      guard let number = Int64(text) else { throw failure(.numberOutOfRange, at: start) }
      return .integer(number)
    }
    guard let number = Double(text), number.isFinite else {
      throw failure(.numberOutOfRange, at: start)
    }
    return .double(number)
  }

  private mutating func skipDigits() throws(RecordError) {
    let start = offset
    while let digit = byte, (0x30...0x39).contains(digit) { offset += 1 }
    if offset == start { throw failure(byte == nil ? .unexpectedEnd : .badNumber) }
  }

  private mutating func readString() throws(RecordError) -> String {
    let start = offset
    offset += 1
    var text: [UInt8] = []
    while true {
      let next = try peek()
      switch next {
      case UInt8(ascii: "\""):
        offset += 1
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure(.notUTF8, at: start)
        }
        return string
      case UInt8(ascii: "\\"):
        try readEscape(into: &text)
      case 0..<0x20:
        throw failure(.controlCharacter)
      default:
        text.append(next)
        offset += 1
      }
    }
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(RecordError) {
    let start = offset
    offset += 1
    let kind = try peek()
    offset += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = Unicode.Scalar(try readCodePoint(from: start)) else {
        throw failure(.badEscape, at: start)
      }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw failure(.badEscape, at: start)
    }
  }

  /// Four digits, or a pair of surrogates (RFC 8259 section 7); a lone surrogate is no character.
  private mutating func readCodePoint(from start: Int) throws(RecordError) -> UInt32 {
    let high = try readFourDigits(from: start)
    guard (0xd800..<0xdc00).contains(high) else { return high }
    guard byte == UInt8(ascii: "\\") else { throw failure(.badEscape, at: start) }
    offset += 1
    guard byte == UInt8(ascii: "u") else { throw failure(.badEscape, at: start) }
    offset += 1
    let low = try readFourDigits(from: start)
    guard (0xdc00..<0xe000).contains(low) else { throw failure(.badEscape, at: start) }
    return 0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)
  }

  private mutating func readFourDigits(from start: Int) throws(RecordError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Hexadecimal.value(of: try peek()) else {
        throw failure(.badEscape, at: start)
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  private mutating func skipSpace() {
    while let next = byte, next == 0x20 || next == 0x09 || next == 0x0a || next == 0x0d {
      offset += 1
    }
  }

  /// The byte at hand, nil at the end.
  private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private func peek() throws(RecordError) -> UInt8 {
    guard let byte else { throw failure(.unexpectedEnd) }
    return byte
  }

  private func failure(_ reason: RecordError.Reason, at place: Int? = nil) -> RecordError {
    RecordError(reason: reason, offset: place ?? offset)
  }
}
