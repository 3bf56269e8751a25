// The types of single values: how each is written, read and printed.
package import Model

/// The type of one scalar.
package enum ValueType: Sendable {
  case asNumber
  case ipv4Address
  case ipv6Address
  /// Of either family.
  case address
  case prefix
  case interface
  case number(ClosedRange<UInt32>)
  /// Of a file, from the root.
  case path
  case community
  case largeCommunity
  case word([String])
  /// A whole number of `step`s from `least` to `most`.
  case duration(least: Nanoseconds, most: Nanoseconds, step: Nanoseconds)
  /// What the user calls something; `noun` says what.
  case name(noun: String)
  case flag
  /// `http://HOST[:PORT][/PATH]`
  case url
  /// A status code of HTTP, or a range of them.
  case statuses
  /// Any text, not too long.
  case text
  /// The resource id of a route table.
  case routeTable
  /// The client id of an identity.
  case identity
  /// An IPv4 address on loopback with a port, or the path of a UNIX socket.
  case listener
  /// Who puts routes into the kernel: a name of ip-route(8), or a number.
  case origin
  /// A prefix, and the lengths of those inside it.
  case filter
  /// A metric, or a range of them.
  case metrics
  /// One of the words, or a value of the type.
  indirect case either([String], ValueType)

  /// What a person calls it, with its article.
  package var noun: String {
    switch self {
    case .asNumber: "an AS number"
    case .ipv4Address: "an IPv4 address"
    case .ipv6Address: "an IPv6 address"
    case .address: "an IP address"
    case .prefix: "a prefix"
    case .interface: "an interface name"
    case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
    case .path: "the path of a file"
    case .community: "a community such as 65001:100"
    case .largeCommunity: "a large community such as 65001:1:2"
    case .word(let words):
      words.count == 1 ? "the word \(words[0])" : "one of \(words.joined(separator: ", "))"
    case .duration: "a time with its unit, such as 30s"
    case .name(let noun): "the name of a \(noun)"
    case .flag: "true or false"
    case .url: "a URL such as http://10.0.0.4/"
    case .statuses: "a status code, or a range such as 200-399"
    case .text: "a text"
    case .routeTable: "the resource id of a route table"
    case .identity: "the client id of an identity"
    case .listener: "an address on loopback with a port, or a path"
    case .origin: "a protocol such as bird, or its number"
    case .filter: "a prefix and its lengths, such as 10.64.0.0/12 le 24"
    case .metrics: "a metric, or a range such as 0-100"
    case .either(let words, let other): "\(other.noun), or \(ValueType.alternatives(words))"
    }
  }
}

/// A checked value.
enum Scalar: Hashable {
  case asNumber(ASNumber)
  case ipv4Address(IPv4Address)
  case ipv6Address(IPv6Address)
  case address(IPAddress)
  case prefix(Prefix)
  case interface(InterfaceName)
  case number(UInt32)
  case path(String)
  case community(Community)
  case largeCommunity(LargeCommunity)
  case word(String)
  case duration(Nanoseconds)
  case name(String)
  case flag(Bool)
  case url(WebPlace)
  case statuses(ClosedRange<UInt16>)
  case text(String)
  case origin(Route.Origin)
  case filter(Plan.PrefixFilter)
  case metrics(ClosedRange<UInt32>)

  /// As it is written in a file, before any quoting.
  var text: String {
    switch self {
    case .asNumber(let number): number.description
    case .ipv4Address(let address): address.description
    case .ipv6Address(let address): address.description
    case .address(let address): address.description
    case .prefix(let prefix): prefix.description
    case .interface(let name): name.description
    case .number(let number): "\(number)"
    case .path(let path): path
    case .community(let community): community.description
    case .largeCommunity(let community): community.description
    case .word(let word): word
    case .duration(let length): DurationText.text(length)
    case .name(let name): name
    case .flag(let isSet): isSet ? "true" : "false"
    case .url(let place): place.text
    case .statuses(let range): WebValues.text(range)
    case .text(let text): text
    case .origin(let origin): origin.description
    case .filter(let filter): filter.description
    case .metrics(let range): RouteValues.text(range)
    }
  }
}

/// Why a text is not a value of its type.
struct Complaint: Error {
  var message: String
  var suggestion: String?

  init(_ message: String, suggestion: String? = nil) {
    self.message = message
    self.suggestion = suggestion
  }
}

extension ValueType {
  /// Reads a scalar of the file; `isPlain` is false when it was quoted.
  func read(_ text: String, isPlain: Bool) throws(Complaint) -> Scalar {
    switch self {
    case .asNumber: .asNumber(try ValueType.asNumber(text, isPlain: isPlain))
    case .ipv4Address: .ipv4Address(try AddressText.ipv4Address(text))
    case .ipv6Address: .ipv6Address(try AddressText.ipv6Address(text))
    case .address: .address(try AddressText.address(text))
    case .prefix: .prefix(try AddressText.prefix(text))
    case .interface: .interface(try ValueType.interface(text))
    case .number(let range): .number(try OtherValues.number(text, isPlain: isPlain, range))
    case .path: .path(try OtherValues.path(text))
    case .community: .community(try OtherValues.community(text))
    case .largeCommunity: .largeCommunity(try OtherValues.largeCommunity(text))
    case .word(let words): .word(try ValueType.word(text, of: words))
    case .duration(let least, let most, let step):
      .duration(try DurationText.read(text, least: least, most: most, step: step))
    case .name(let noun): .name(try OtherValues.name(text, noun: noun))
    case .flag: .flag(try OtherValues.flag(text, isPlain: isPlain))
    case .url: .url(try WebValues.place(text))
    case .statuses: .statuses(try WebValues.statuses(text))
    case .text: .text(try WebValues.sought(text))
    case .routeTable: .text(try AzureValues.routeTable(text))
    case .identity: .text(try AzureValues.identity(text))
    case .listener: .text(try ListenerText.read(text))
    case .origin: .origin(try RouteValues.origin(text))
    case .filter: .filter(try RouteValues.filter(text))
    case .metrics: .metrics(try RouteValues.metrics(text))
    case .either(let words, let other):
      words.contains(text) ? .word(text) : try ValueType.other(text, isPlain, words, other)
    }
  }

  /// The words were not meant: what is wrong with it as a value of the other type.
  private static func other(
    _ text: String, _ isPlain: Bool, _ words: [String], _ type: ValueType
  ) throws(Complaint) -> Scalar {
    do {
      return try type.read(text, isPlain: isPlain)
    } catch {
      let word = Nearest.word(to: text, among: words).map { "did you mean \($0)?" }
      throw Complaint(
        "\(error.message); it may also be \(alternatives(words))",
        suggestion: word ?? error.suggestion)
    }
  }

  private static func asNumber(_ text: String, isPlain: Bool) throws(Complaint) -> ASNumber {
    let isDecimal = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    if isDecimal, let number = UInt32(text) {
      guard isPlain else {
        throw Complaint("a number is not quoted", suggestion: "write \(number)")
      }
      guard text.utf8.count == 1 || text.utf8.first != 48 else {
        throw Complaint("a number has no leading zero", suggestion: "write \(number)")
      }
      return ASNumber(number)
    }
    if isDecimal { throw Complaint("an AS number is at most \(UInt32.max)") }
    // The asdot notation of RFC 5396, and the habit of writing AS65001.
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 2, let high = UInt16(parts[0]), let low = UInt16(parts[1]) {
      throw Complaint(
        "\(Quote.shown(text)) is not a plain number",
        suggestion: "write \(UInt32(high) << 16 | UInt32(low))")
    }
    let suggestion =
      text.lowercased().hasPrefix("as") ? UInt32(text.dropFirst(2)).map { "write \($0)" } : nil
    throw Complaint("\(Quote.shown(text)) is not an AS number", suggestion: suggestion)
  }

  /// One, the other or a third.
  static func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }

  private static func interface(_ text: String) throws(Complaint) -> InterfaceName {
    // The kernel refuses "." and ".." as well (dev_valid_name).
    guard let name = InterfaceName(text), name.description == text, text != ".", text != ".." else {
      throw Complaint(
        "\(Quote.shown(text)) cannot be the name of an interface: 1 to \(InterfaceName.limit) "
          + "bytes, no white space, \"/\" or \":\"")
    }
    return name
  }

  private static func word(_ text: String, of words: [String]) throws(Complaint) -> String {
    if words.contains(text) { return text }
    let all = alternatives(words)
    let suggestion = Nearest.word(to: text, among: words).map { "did you mean \($0)?" }
    throw Complaint(
      "\(Quote.shown(text)) is not known here; it takes \(all)",
      suggestion: suggestion)
  }
}
