// Reads addresses and prefixes, and knows what people write instead.
import Model

/// Texts of addresses and prefixes.
enum AddressText {
  static func ipv4Address(_ text: String) throws(Complaint) -> IPv4Address {
    switch try address(text) {
    case .v4(let address): return address
    case .v6:
      throw Complaint(
        "\(Quote.shown(text)) is an IPv6 address; sessions and next hops are IPv4 in this version")
    }
  }

  static func address(_ text: String) throws(Complaint) -> IPAddress {
    guard let address = IPAddress(text) else {
      throw Complaint("\(Quote.shown(text)) is not an IP address", suggestion: repaired(text))
    }
    if case .v4(let v4) = address, !isUnicast(v4) {
      throw Complaint("\(address) cannot be the address of a machine")
    }
    return address
  }

  static func prefix(_ text: String) throws(Complaint) -> Prefix {
    // Bytes, not characters: there may be very many prefixes.
    let slash = text.utf8.firstIndex(of: 47)
    let tail = slash.map { text[text.utf8.index(after: $0)...] }
    guard tail?.utf8.contains(47) != true,
      let address = IPAddress(text[..<(slash ?? text.endIndex)])
    else {
      throw Complaint("\(Quote.shown(text)) is not a prefix", suggestion: "write ADDRESS/LENGTH")
    }
    guard case .v4(let v4) = address else {
      throw Complaint(
        "\(Quote.shown(text)) is an IPv6 prefix: Azure Route Server takes IPv4 only, and this "
          + "version announces IPv4 only")
    }
    guard let tail else {
      return try announceable(Prefix(address, length: 32), text)
    }
    guard let length = UInt8(tail), length <= 32, tail == "\(length)" else {
      throw Complaint(
        "the length of \(Quote.shown(text)) is not a number from 0 to 32",
        suggestion: maskLength(tail).map { "write \(network(v4, $0))" })
    }
    guard let prefix = Prefix(address, length: length) else {
      throw Complaint(
        "\(text) has bits set behind its first \(length)",
        suggestion: "write \(network(v4, length)), or \(v4)/32 for the one address")
    }
    return try announceable(prefix, text)
  }

  /// A route for these would be refused or worse; the default route is a legal one.
  private static func announceable(_ prefix: Prefix?, _ text: String) throws(Complaint) -> Prefix {
    guard let prefix else { preconditionFailure("32 bits are within an IPv4 address") }
    guard case .v4(let address) = prefix.address else { return prefix }
    let isDefault = address.bits == 0 && prefix.length == 0
    guard isDefault || (isUnicast(address) && address.bits >> 24 != 127) else {
      throw Complaint("\(Quote.shown(text)) is not a unicast prefix that can be announced")
    }
    return prefix
  }

  /// Not "this network" (RFC 1122 section 3.2.1.3), multicast or reserved (RFC 1112 section 4).
  private static func isUnicast(_ address: IPv4Address) -> Bool {
    (1..<224).contains(address.bits >> 24)
  }

  private static func network(_ address: IPv4Address, _ length: UInt8) -> String {
    "\(Prefix.masked(.v4(address), to: length))/\(length)"
  }

  /// 255.255.255.0 as 24; nil when it is no mask.
  private static func maskLength(_ text: Substring) -> UInt8? {
    guard let mask = IPv4Address(text) else { return nil }
    let length = (~mask.bits).leadingZeroBitCount
    return mask.bits.nonzeroBitCount == length ? UInt8(length) : nil
  }

  /// The address that was probably meant: without a length behind it, without leading zeros.
  private static func repaired(_ text: String) -> String? {
    guard text.utf8.count <= Quote.limit else { return nil }
    let bare = text.split(separator: "/").first ?? ""
    let octets = bare.split(separator: ".", omittingEmptySubsequences: false)
    let stripped = octets.map { octet in
      octet.utf8.count > 1 ? String(octet.drop { $0 == "0" }) : String(octet)
    }
    guard let address = IPAddress(stripped.joined(separator: ".")) else { return nil }
    return "write \(address)"
  }
}
