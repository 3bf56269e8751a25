// Numbers, names, flags, paths and communities: how they are read, and what is said when they are wrong.
import Model

enum OtherValues {
  /// The kernel takes no longer path (PATH_MAX, linux/limits.h).
  private static let pathLimit = 4_095

  static func number(
    _ text: String, isPlain: Bool, _ range: ClosedRange<UInt32>
  ) throws(Complaint) -> UInt32 {
    let allowed = "it takes a whole number from \(range.lowerBound) to \(range.upperBound)"
    let isDecimal = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    guard isDecimal, let number = UInt32(text), range.contains(number) else {
      throw Complaint("\(Quote.shown(text)) is not possible here; \(allowed)")
    }
    guard isPlain else { throw Complaint("a number is not quoted", suggestion: "write \(number)") }
    guard text.utf8.count == 1 || text.utf8.first != 0x30 else {
      throw Complaint("a number has no leading zero", suggestion: "write \(number)")
    }
    return number
  }

  static func path(_ text: String) throws(Complaint) -> String {
    guard text.hasPrefix("/"), !text.hasSuffix("/"), !text.utf8.contains(0) else {
      throw Complaint("\(Quote.shown(text)) is not the path of a file; it begins with /")
    }
    guard text.utf8.count <= pathLimit else {
      throw Complaint("a path has at most \(pathLimit) bytes")
    }
    return text
  }

  static func community(_ text: String) throws(Complaint) -> Community {
    if let community = Community(text) { return community }
    let names = Community.named.map(\.name)
    throw Complaint(
      "\(Quote.shown(text)) is not a community: two numbers up to 65535, such as 65001:100, or "
        + names.joined(separator: ", "),
      suggestion: Nearest.word(to: text, among: names).map { "did you mean \($0)?" })
  }

  static func largeCommunity(_ text: String) throws(Complaint) -> LargeCommunity {
    guard let community = LargeCommunity(text) else {
      throw Complaint(
        "\(Quote.shown(text)) is not a large community: three numbers, such as 65001:1:2")
    }
    return community
  }

  /// What else people write, also because YAML 1.1 knows these words.
  private static let otherFlags: [(word: String, isSet: Bool)] = [
    ("yes", true), ("on", true), ("y", true), ("1", true), ("no", false), ("off", false),
    ("n", false), ("0", false),
  ]

  static func flag(_ text: String, isPlain: Bool) throws(Complaint) -> Bool {
    if text == "true" || text == "false" {
      guard isPlain else {
        throw Complaint("true and false are not quoted", suggestion: "write \(text)")
      }
      return text == "true"
    }
    let word = text.lowercased()
    let meant = otherFlags.first { $0.word == word }?.isSet
    throw Complaint(
      "\(Quote.shown(text)) is not known here; it takes true or false",
      suggestion: meant.map { "write \($0)" })
  }

  static func name(_ text: String, noun: String) throws(Complaint) -> String {
    guard isName(text) else { throw Complaint(nameRule(noun)) }
    return text
  }

  static func isName(_ text: String) -> Bool {
    let isLegal = text.utf8.allSatisfy {
      switch $0 {
      case 45, 46, 48...57, 65...90, 95, 97...122: true  // - . digits, letters, _
      default: false
      }
    }
    return isLegal && (1...Schema.nameLimit).contains(text.utf8.count)
  }

  static func nameRule(_ noun: String) -> String {
    "the name of a \(noun) has 1 to \(Schema.nameLimit) of the letters a to z and A to Z, "
      + "digits, \".\", \"_\" and \"-\""
  }
}
