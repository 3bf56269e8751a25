// A record as it was received: one JSON object with its fields in the order they came.

/// Any JSON value. Integers and other numbers are kept apart, because times are integers.
package enum JSONValue: Hashable, Sendable {
  case string(String)
  case integer(Int64)
  case double(Double)
  case boolean(Bool)
  case null
  case array([JSONValue])
  case object([Field])

  /// A named value of an object.
  package struct Field: Hashable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }
}

/// One line of an answer. No name stands in it twice.
package struct Record: Hashable, Sendable {
  package let fields: [JSONValue.Field]

  /// Reads a line without its newline.
  package init(line: Span<UInt8>) throws(RecordError) {
    var reader = try RecordReader(line)
    fields = try reader.readRecord()
  }

  /// The value of a field, nil when there is none.
  package subscript(name: String) -> JSONValue? {
    fields.first { $0.name == name }?.value
  }

  package func string(_ name: String) -> String? {
    if case .string(let text)? = self[name] { text } else { nil }
  }

  package func integer(_ name: String) -> Int64? {
    if case .integer(let number)? = self[name] { number } else { nil }
  }

  package func boolean(_ name: String) -> Bool? {
    if case .boolean(let truth)? = self[name] { truth } else { nil }
  }

  /// Text of hexadecimal digits as the bytes they stand for; nil when it is none.
  package func bytes(_ name: String) -> [UInt8]? {
    guard let digits = string(name)?.utf8, digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard let value = Hexadecimal.value(of: digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }

  /// The kind of record; empty when it has none.
  package var type: String { string("type") ?? "" }

  /// The request that this answers; empty when it has none.
  package var id: String { string("id") ?? "" }

  /// True for the last record of an answer.
  package var isEnd: Bool { type == "end" }

  /// The outcome that an `end` record carries; a number we don't know is a failure.
  package var exitCode: ExitCode {
    guard let code = integer("code"), let small = Int32(exactly: code) else { return .failure }
    return ExitCode(rawValue: small) ?? .failure
  }
}

/// Why a line is not a record, and where.
package struct RecordError: Error, Hashable, Sendable {
  package let reason: Reason
  package let offset: Int

  package enum Reason: Hashable, Sendable {
    case tooLong, tooDeep, tooManyFields
    case unexpectedEnd, unexpectedByte, notAnObject, trailingBytes
    case badNumber, numberOutOfRange, badEscape, controlCharacter, notUTF8, doubleName
  }
}
