// IPv4 and IPv6 addresses as integers, with their text forms.

/// An IPv4 address; the first octet is the most significant byte.
public struct IPv4Address: Hashable, Comparable, Sendable {
  public var bits: UInt32

  public init(bits: UInt32) { self.bits = bits }

  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }

  /// Reads dotted decimal: four numbers, no leading zeros, nothing else.
  public init?(_ text: some StringProtocol) {
    var bits: UInt32 = 0
    var dots = 0
    /// The number being read; nil before its first digit.
    var octet: UInt32?
    // One pass over one concrete type: a plan may hold 200,000 of these.
    for byte in String(text).utf8 {
      switch (byte, octet) {
      case (48...57, nil): octet = UInt32(byte - 48)
      case (48...57, let value?) where value != 0 && value < 26:
        octet = value * 10 + UInt32(byte - 48)
      case (46, let value?) where value <= 255 && dots < 3:
        bits = bits << 8 | value
        dots += 1
        octet = nil
      default: return nil
      }
    }
    guard dots == 3, let octet, octet <= 255 else { return nil }
    self.bits = bits << 8 | octet
  }

  public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.bits < right.bits }
}

extension IPv4Address: CustomStringConvertible {
  public var description: String {
    "\(bits >> 24 & 0xff).\(bits >> 16 & 0xff).\(bits >> 8 & 0xff).\(bits & 0xff)"
  }
}

/// An IPv6 address; `high` holds the first eight bytes.
public struct IPv6Address: Hashable, Comparable, Sendable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Group `index` (0 to 7) of sixteen bits.
  public func group(_ index: Int) -> UInt16 {
    precondition((0..<8).contains(index))
    let half = index < 4 ? high : low
    return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
  }

  public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension IPv6Address: CustomStringConvertible {
  /// The text of RFC 5952: lower case, the longest run of zero groups (at least two) as `::`.
  public var description: String {
    var best = 0..<0
    var start = 0
    for index in 0...8 where index == 8 || group(index) != 0 {
      if index - start > best.count { best = start..<index }
      start = index + 1
    }
    if best.count < 2 { best = 8..<8 }
    let head = (0..<best.lowerBound).map { String(group($0), radix: 16) }.joined(separator: ":")
    if best.isEmpty { return head }
    let tail = (best.upperBound..<8).map { String(group($0), radix: 16) }.joined(separator: ":")
    return "\(head)::\(tail)"
  }

  /// Reads RFC 4291 text, with `::` and a trailing dotted quad; no zone.
  public init?(_ text: some StringProtocol) {
    let sides = IPv6Address.sides(String(text))
    guard let sides, let head = IPv6Address.groups(sides.head, quadAllowed: sides.tail == nil)
    else { return nil }
    var all = head
    if let tailText = sides.tail {
      guard let tail = IPv6Address.groups(tailText, quadAllowed: true) else { return nil }
      // `::` stands for at least one group (RFC 5952 section 4.2.2 says more, but readers take
      // one).
      guard head.count + tail.count <= 7 else { return nil }
      all += [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }
    guard all.count == 8 else { return nil }
    high = all[0..<4].reduce(0) { $0 << 16 | UInt64($1) }
    low = all[4..<8].reduce(0) { $0 << 16 | UInt64($1) }
  }

  private static func sides(_ text: String) -> (head: Substring, tail: Substring?)? {
    let bytes = Array(text.utf8)
    var gap: Int?
    var index = 0
    while index + 1 < bytes.count {
      if bytes[index] == 58, bytes[index + 1] == 58 {
        if gap != nil { return nil }
        gap = index
        index += 1
      }
      index += 1
    }
    guard let gap else { return (text[...], nil) }
    let start = text.utf8.index(text.startIndex, offsetBy: gap)
    let end = text.utf8.index(start, offsetBy: 2)
    return (text[..<start], text[end...])
  }

  private static func groups(_ text: Substring, quadAllowed: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    var result: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if part.utf8.contains(46) {
        guard quadAllowed, index == parts.count - 1, let quad = IPv4Address(part) else {
          return nil
        }
        result += [UInt16(quad.bits >> 16), UInt16(quad.bits & 0xffff)]
        continue
      }
      guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
        let group = UInt16(part, radix: 16)
      else { return nil }
      result.append(group)
      if result.count > 8 { return nil }
    }
    return result
  }
}

/// An address of either family.
public enum IPAddress: Hashable, Comparable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  public init?(_ text: some StringProtocol) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }

  /// 32 or 128.
  public var width: UInt8 {
    switch self {
    case .v4: 32
    case .v6: 128
    }
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}
