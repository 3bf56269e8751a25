// Shows foreign text safely: short, on one line, without what a terminal would obey.

/// Quoting for messages and for YAML.
enum Quote {
  /// The longest piece of a file's text in a message, in characters. We chose it: it fits a line.
  static let limit = 64

  /// A word that, unquoted, is no value to YAML 1.1.
  static let null = "null"

  /// The text in double quotes, cut at the limit, control characters written out.
  static func shown(_ text: String) -> String {
    "\"\(clipped(text))\""
  }

  /// The same without the quotes.
  static func clipped(_ text: String) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count == limit { return result + "..." }
      count += 1
      if isControl(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Control characters, and the marks that turn the direction of text around.
  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
  }

  /// The text as a YAML scalar that reads back as itself.
  static func yaml(_ text: String) -> String {
    let plainBytes = text.utf8.allSatisfy {
      switch $0 {
      case 45...57, 65...90, 95, 97...122: true  // - . / digits, letters, _
      default: false
      }
    }
    let isNull = text == Quote.null
    if plainBytes, !isNull, let first = text.utf8.first, !(45...47).contains(first) { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x22, 0x5c: result += "\\\(scalar)"
      case _ where isControl(scalar):
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
