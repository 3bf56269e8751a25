// Numbers, paths and communities: how they are read, and what is said when they are wrong.
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
}
