// Where traffic to announced prefixes is to go: one address for each address family.

/// The next hops of an announcement. Whose they are, ours or another machine's, is not its concern.
public struct NextHopAddresses: Hashable, Sendable {
  /// For IPv4 prefixes.
  public var ipv4: IPv4Address
  /// For IPv6 prefixes; there when any is announced.
  public var ipv6: IPv6Address?

  public init(_ ipv4: IPv4Address, _ ipv6: IPv6Address? = nil) {
    self.ipv4 = ipv4
    self.ipv6 = ipv6
  }
}

extension NextHopAddresses: CustomStringConvertible {
  public var description: String {
    ipv6.map { "\(ipv4) \($0)" } ?? ipv4.description
  }
}
