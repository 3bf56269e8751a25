// Protocols, filters and metrics of routes: how they are read and written.
import Model

enum RouteValues {
  static func origin(_ text: String) throws(Complaint) -> Route.Origin {
    if let origin = Route.Origin(name: text) { return origin }
    let names = Route.Origin.names
    throw Complaint(
      "\(Quote.shown(text)) is no protocol of routes: \(names.joined(separator: ", ")), or a "
        + "number from 0 to 255",
      suggestion: Nearest.word(to: text, among: names).map { "did you mean \($0)?" })
  }

  /// `10.64.0.0/12 ge 16 le 24`: without `ge` from the prefix's own length on, without `le` up to
  /// it, or up to the family's width when `ge` stands there.
  static func filter(_ text: String) throws(Complaint) -> Plan.PrefixFilter {
    var words = text.split(separator: " ")
    guard let first = words.first else {
      throw Complaint("\(Quote.shown(text)) is not a prefix", suggestion: "write ADDRESS/LENGTH")
    }
    let block = try AddressText.prefix(String(first))
    words.removeFirst()
    var least: UInt8?
    var most: UInt8?
    while words.count >= 2 {
      let length = try self.length(words[1], of: block)
      switch words[0] {
      case "ge" where least == nil: least = length
      case "le" where most == nil: most = length
      default: throw shape(text)
      }
      words.removeFirst(2)
    }
    guard words.isEmpty else { throw shape(text) }
    let lower = least ?? block.length
    let upper = most ?? (least == nil ? block.length : block.address.width)
    guard lower <= upper else {
      throw Complaint("\(Quote.shown(text)) matches nothing: its lengths begin behind their end")
    }
    return Plan.PrefixFilter(block, lower...upper)
  }

  private static func shape(_ text: String) -> Complaint {
    Complaint(
      "behind the prefix of \(Quote.shown(text)) may stand \"ge LENGTH\" and \"le LENGTH\"",
      suggestion: "write it as in 10.64.0.0/12 ge 16 le 24")
  }

  private static func length(
    _ word: Substring, of block: Prefix
  ) throws(Complaint) -> UInt8 {
    let width = block.address.width
    guard let length = UInt8(word), "\(length)" == word, length <= width else {
      throw Complaint("\(Quote.shown(String(word))) is not a length from 0 to \(width)")
    }
    guard length >= block.length else {
      throw Complaint("inside \(block) nothing is as short as \(length)")
    }
    return length
  }

  static func metrics(_ text: String) throws(Complaint) -> ClosedRange<UInt32> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { part in
      UInt32(part).flatMap { "\($0)" == part ? $0 : nil }
    }
    guard (1...2).contains(parts.count), numbers.count == parts.count,
      numbers[0] <= numbers[numbers.count - 1]
    else {
      throw Complaint(
        "\(Quote.shown(text)) is not a metric", suggestion: "write a number, or a range as 0-100")
    }
    return numbers[0]...numbers[numbers.count - 1]
  }

  static func text(_ range: ClosedRange<UInt32>) -> String {
    range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
  }
}
