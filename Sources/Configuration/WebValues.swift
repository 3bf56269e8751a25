// URLs, status codes and texts: how they are read, and what is said when they are wrong.
import Model

/// Where something is fetched by HTTP.
struct WebPlace: Hashable {
  /// Host and port as they were written.
  var authority: String
  /// The host, when it is an address.
  var address: IPv4Address?
  var port: UInt16
  var path: String

  var text: String { "http://\(authority)\(path)" }
}

enum WebValues {
  /// We chose them; a request is sent in one piece.
  private static let authorityLimit = 255
  private static let pathLimit = 1_024
  private static let textLimit = 256
  private static let usualPort: UInt16 = 80

  static func place(_ text: String) throws(Complaint) -> WebPlace {
    if text.lowercased().hasPrefix("https:") {
      throw Complaint(
        "\(Quote.shown(text)): only HTTP without TLS is spoken here",
        suggestion: "give the host a plain port for its health, or probe with tcp")
    }
    let scheme = "http://"
    guard text.hasPrefix(scheme) else {
      throw Complaint(
        "\(Quote.shown(text)) is not a URL", suggestion: "write http://ADDRESS:PORT/PATH")
    }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    var path = String(rest.dropFirst(authority.count))
    if path.isEmpty || path.hasPrefix("?") { path = "/" + path }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    let isLegal = authority.utf8.allSatisfy {
      switch $0 {
      case 45, 46, 48...58, 65...90, 95, 97...122: true  // - . digits and :, letters, _
      default: false
      }
    }
    guard isLegal, (1...2).contains(parts.count), !parts[0].isEmpty,
      authority.utf8.count <= authorityLimit
    else { throw Complaint("\(Quote.shown(text)) has no host that could be asked") }
    var port = usualPort
    if parts.count == 2 {
      guard let number = UInt16(parts[1]), number > 0 else {
        throw Complaint("\(Quote.shown(String(parts[1]))) is not a port")
      }
      port = number
    }
    // Printable ASCII; a fragment is never sent.
    guard path.utf8.allSatisfy({ (33...126).contains($0) && $0 != 35 }) else {
      throw Complaint(
        "\(Quote.shown(path)) cannot stand in a request; other bytes are written as %XX")
    }
    guard path.utf8.count <= pathLimit else {
      throw Complaint("a path has at most \(pathLimit) bytes")
    }
    return WebPlace(
      authority: String(authority), address: IPv4Address(parts[0]), port: port, path: path)
  }

  /// `200`, or `200-399`.
  static func statuses(_ text: String) throws(Complaint) -> ClosedRange<UInt16> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { $0.utf8.count == 3 ? UInt16($0) : nil }
    guard (1...2).contains(parts.count), numbers.count == parts.count, let first = numbers.first,
      let last = numbers.last, first >= 100, last <= 599, first <= last
    else {
      throw Complaint(
        "\(Quote.shown(text)) is not a status code or a range of them",
        suggestion: "write 200 or 200-399")
    }
    return first...last
  }

  static func text(_ statuses: ClosedRange<UInt16>) -> String {
    statuses.count == 1
      ? "\(statuses.lowerBound)" : "\(statuses.lowerBound)-\(statuses.upperBound)"
  }

  static func sought(_ text: String) throws(Complaint) -> String {
    guard (1...textLimit).contains(text.utf8.count) else {
      throw Complaint("a text to look for has 1 to \(textLimit) bytes")
    }
    return text
  }
}
