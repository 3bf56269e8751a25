// An address block: a network address and how many of its bits count.

/// A prefix whose host bits are zero.
public struct Prefix: Hashable, Comparable, Sendable {
  public let address: IPAddress
  public let length: UInt8

  /// Fails when the length exceeds the family's width or a bit beyond the length is set.
  public init?(_ address: IPAddress, length: UInt8) {
    guard length <= address.width, Prefix.masked(address, to: length) == address else { return nil }
    self.address = address
    self.length = length
  }

  /// Reads `address/length`; an address alone is a host prefix.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2, let address = IPAddress(first) else {
      return nil
    }
    guard parts.count == 2 else {
      self.init(address, length: address.width)
      return
    }
    let digits = parts[1]
    guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let length = UInt8(digits)
    else { return nil }
    self.init(address, length: length)
  }

  /// One address and nothing more.
  public var isHost: Bool { length == address.width }

  /// The address with every bit beyond `length` cleared.
  public static func masked(_ address: IPAddress, to length: UInt8) -> IPAddress {
    switch address {
    case .v4(let v4):
      let mask: UInt32 = length == 0 ? 0 : ~UInt32(0) << UInt32(32 - min(length, 32))
      return .v4(IPv4Address(bits: v4.bits & mask))
    case .v6(let v6):
      let high: UInt64 = length == 0 ? 0 : ~UInt64(0) << UInt64(64 - min(length, 64))
      let low: UInt64 = length <= 64 ? 0 : ~UInt64(0) << UInt64(128 - min(length, 128))
      return .v6(IPv6Address(high: v6.high & high, low: v6.low & low))
    }
  }

  public static func < (left: Prefix, right: Prefix) -> Bool {
    (left.address, left.length) < (right.address, right.length)
  }
}

extension Prefix: CustomStringConvertible {
  public var description: String { "\(address)/\(length)" }
}
