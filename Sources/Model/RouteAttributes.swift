// What a route carries beside its next hop and its path: values that the user attaches to a VIP.

/// A community (RFC 1997): an AS number and a value of its own.
public struct Community: Hashable, Sendable, CustomStringConvertible {
  public let value: UInt32
  public init(value: UInt32) { self.value = value }

  /// The names that mean something to Azure Route Server or to any speaker (RFC 1997, RFC 8326).
  public static let named: [(name: String, community: Community)] = [
    ("no-export", Community(value: 0xffff_ff01)),
    ("no-advertise", Community(value: 0xffff_ff02)),
    ("graceful-shutdown", gracefulShutdown),
  ]

  /// RFC 8326 section 3: the path is about to go away; use another if there is one.
  public static let gracefulShutdown = Community(value: 0xffff_0000)

  /// `65001:100`, or one of the names.
  public init?(_ text: some StringProtocol) {
    if let known = Community.named.first(where: { $0.name == text }) {
      self = known.community
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let high = UInt16(plain: parts[0]), let low = UInt16(plain: parts[1])
    else { return nil }
    value = UInt32(high) << 16 | UInt32(low)
  }

  public var description: String {
    Community.named.first { $0.community == self }?.name ?? "\(value >> 16):\(value & 0xffff)"
  }
}

/// A large community (RFC 8092): three numbers of four octets.
public struct LargeCommunity: Hashable, Sendable, CustomStringConvertible {
  public let administrator: UInt32
  public let first: UInt32
  public let second: UInt32

  /// `65001:1:2`.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let administrator = UInt32(plain: parts[0]),
      let first = UInt32(plain: parts[1]), let second = UInt32(plain: parts[2])
    else { return nil }
    self.administrator = administrator
    self.first = first
    self.second = second
  }

  public var description: String { "\(administrator):\(first):\(second)" }
}

/// Everything that is attached to the routes of one VIP.
public struct RouteAttributes: Hashable, Sendable {
  /// MULTI_EXIT_DISC (RFC 4271 section 5.1.4); absent without a value.
  public var med: UInt32?
  public var communities: [Community]
  public var largeCommunities: [LargeCommunity]

  public init(
    med: UInt32? = nil, communities: [Community] = [], largeCommunities: [LargeCommunity] = []
  ) {
    self.med = med
    self.communities = communities
    self.largeCommunities = largeCommunities
  }

  public static let none = RouteAttributes()

  /// The same, and the community of a graceful shutdown.
  public var shuttingDown: RouteAttributes {
    if communities.contains(.gracefulShutdown) { return self }
    var result = self
    result.communities.append(.gracefulShutdown)
    return result
  }
}

extension FixedWidthInteger {
  /// Digits alone, without a sign or a leading zero.
  init?(plain text: some StringProtocol) {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      text.utf8.count == 1 || text.utf8.first != 0x30
    else { return nil }
    self.init(text)
  }
}
