// The address families a session can carry, as RFC 4760 numbers them.

/// A set of address families: the ones a side offers, or the ones both do.
package struct Families: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// AFI 1, SAFI 1.
  package static let ipv4Unicast = Families(rawValue: 1)
  /// AFI 2, SAFI 1.
  package static let ipv6Unicast = Families(rawValue: 2)
  /// All that this room knows.
  package static let all: Families = [.ipv4Unicast, .ipv6Unicast]

  static let afiIPv4: UInt16 = 1
  static let afiIPv6: UInt16 = 2
  static let safiUnicast: UInt8 = 1

  /// The family with these numbers; empty for every family this room does not know.
  package init(afi: UInt16, safi: UInt8) {
    switch (afi, safi) {
    case (Families.afiIPv4, Families.safiUnicast): self = .ipv4Unicast
    case (Families.afiIPv6, Families.safiUnicast): self = .ipv6Unicast
    default: self = []
    }
  }

  /// What people call them, in this order.
  package var names: [String] {
    var names: [String] = []
    if contains(.ipv4Unicast) { names.append("ipv4-unicast") }
    if contains(.ipv6Unicast) { names.append("ipv6-unicast") }
    return names
  }
}
