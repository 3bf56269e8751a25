// Where something is served on this machine alone: how it is read, and what is said when it is wrong.
import Model

enum ListenerText {
  /// Of a UNIX socket (unix(7)), with a zero behind it.
  private static let pathLimit = 107

  private static let example = "127.0.0.1:9469"

  static func read(_ text: String) throws(Complaint) -> String {
    if text.hasPrefix("/") { return try path(text) }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv4Address(String(parts[0])), let port = port(parts[1])
    else {
      throw Complaint(
        "\(Quote.shown(text)) is neither an IPv4 address with a port nor the path of a socket",
        suggestion: "write \"\(example)\", or a path that begins with /")
    }
    // What is served says much about this machine, and asks nobody who they are.
    guard address.bits >> 24 == 127 else {
      throw Complaint(
        "\(address) can be reached by other machines, and nobody is asked who they are",
        suggestion: "write \"127.0.0.1:\(port)\"")
    }
    return "\(address):\(port)"
  }

  private static func path(_ text: String) throws(Complaint) -> String {
    let path = try OtherValues.path(text)
    guard path.utf8.count <= pathLimit else {
      throw Complaint("the path of a socket has at most \(pathLimit) bytes")
    }
    return path
  }

  private static func port(_ text: Substring) -> UInt16? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), text.utf8.first != 48
    else { return nil }
    return UInt16(text)
  }
}
