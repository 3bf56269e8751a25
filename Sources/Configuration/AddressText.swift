// Reads addresses and prefixes, and knows what people write instead.
import Model

/// Texts of addresses and prefixes.
enum AddressText {
  static func ipv4Address(_ text: String) throws(Complaint) -> IPv4Address {
    switch try address(text) {
    case .v4(let address): return address
    case .v6:
      throw Complaint("\(Quote.shown(text)) is an IPv6 address; sessions run over IPv4")
    }
  }

  /// One that can be a next hop for machines that are not in its own subnet.
  static func ipv6Address(_ text: String) throws(Complaint) -> IPv6Address {
    switch try address(text) {
    case .v4:
      throw Complaint("\(Quote.shown(text)) is an IPv4 address; this one is IPv6")
    case .v6(let address):
      guard isGlobal(address) else {
        throw Complaint("\(address) reaches no further than its own link or machine")
      }
      return address
    }
  }

  static func address(_ text: String) throws(Complaint) -> IPAddress {
    guard let address = IPAddress(text) else {
      throw Complaint("\(Quote.shown(text)) is not an IP address", suggestion: repaired(text))
    }
    guard canBeMachine(address) else {
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
    let width = address.width
    guard let tail else {
      return try announceable(Prefix(address, length: width), text)
    }
    guard let length = UInt8(tail), length <= width, tail == "\(length)" else {
      throw Complaint(
        "the length of \(Quote.shown(text)) is not a number from 0 to \(width)",
        suggestion: maskLength(tail, of: address).map { "write \(network(address, $0))" })
    }
    guard let prefix = Prefix(address, length: length) else {
      throw Complaint(
        "\(text) has bits set behind its first \(length)",
        suggestion: "write \(network(address, length)), or \(address)/\(width) for the one address")
    }
    return try announceable(prefix, text)
  }

  /// A route for these would be refused or worse; the default route is a legal one.
  private static func announceable(_ prefix: Prefix?, _ text: String) throws(Complaint) -> Prefix {
    guard let prefix else { preconditionFailure("an address is as wide as itself") }
    let isPossible =
      switch prefix.address {
      case .v4(let address): isUnicast(address) && address.bits >> 24 != 127
      case .v6(let address): isGlobal(address)
      }
    let isDefault = prefix.length == 0
    guard isDefault || isPossible else {
      throw Complaint("\(Quote.shown(text)) is not a unicast prefix that can be announced")
    }
    return prefix
  }

  private static func canBeMachine(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let v4): isUnicast(v4)
    case .v6(let v6): isUnicast(v6)
    }
  }

  /// Not "this network" (RFC 1122 section 3.2.1.3), multicast or reserved (RFC 1112 section 4).
  private static func isUnicast(_ address: IPv4Address) -> Bool {
    (1..<224).contains(address.bits >> 24)
  }

  /// Neither unspecified nor multicast nor an IPv4 address in disguise (RFC 4291 sections 2.5.2,
  /// 2.5.5 and 2.7).
  private static func isUnicast(_ address: IPv6Address) -> Bool {
    let isUnspecified = address.high == 0 && address.low == 0
    let isMapped = address.high == 0 && address.low >> 32 == 0xffff
    return !isUnspecified && !isMapped && address.high >> 56 != 0xff
  }

  /// Unicast, and neither link-local (RFC 4291 section 2.5.6) nor in the first block, where the
  /// loopback address and what embeds IPv4 addresses are.
  private static func isGlobal(_ address: IPv6Address) -> Bool {
    isUnicast(address) && address.group(0) != 0 && address.high >> 54 != 0x3fa
  }

  private static func network(_ address: IPAddress, _ length: UInt8) -> String {
    "\(Prefix.masked(address, to: length))/\(length)"
  }

  /// 255.255.255.0 as 24; nil when it is no mask. IPv6 has none.
  private static func maskLength(_ text: Substring, of address: IPAddress) -> UInt8? {
    guard case .v4 = address, let mask = IPv4Address(text) else { return nil }
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
