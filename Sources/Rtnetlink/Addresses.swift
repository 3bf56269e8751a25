// Addresses in attributes: four or sixteen bytes in network order.

import Bytes
import Model

/// AF_INET and AF_INET6; the kernel's UAPI leaves the numbers to libc.
let ipv4Family: UInt8 = 2
let ipv6Family: UInt8 = 10

extension IPAddress {
  /// The address of a family in an attribute's payload; nil when it has another length.
  init?(_ bytes: Span<UInt8>, at payload: Range<Int>, _ family: UInt8) {
    let start = payload.lowerBound
    switch (family, payload.count) {
    case (ipv4Family, 4):
      guard let bits = bytes.bigEndian32(at: start) else { return nil }
      self = .v4(IPv4Address(bits: bits))
    case (ipv6Family, 16):
      guard let high = bytes.bigEndian64(at: start), let low = bytes.bigEndian64(at: start + 8)
      else { return nil }
      self = .v6(IPv6Address(high: high, low: low))
    default: return nil
    }
  }

  /// Every bit zero: where a default route leads.
  static func zero(_ family: UInt8) -> IPAddress {
    family == ipv4Family ? .v4(IPv4Address(bits: 0)) : .v6(IPv6Address(high: 0, low: 0))
  }
}
