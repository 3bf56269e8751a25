// JSON in and out: decoding what others send, writing the little that we send.

internal import FoundationEssentials

package enum JSON {
  /// A value out of the bytes, or nothing when they are not what was expected. An answer that
  /// cannot be read is an event of its own for whoever asks, so no more is said here.
  package static func read<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
    do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch { return nil }
  }

  /// A string with its quotation marks (RFC 8259 section 7).
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1f}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
