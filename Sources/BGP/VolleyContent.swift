// What the volleys of one VIP carry, whatever the rung and the next hop.

package import Model

/// Prefixes of either family, and what is said of all of them.
package struct VolleyContent: Hashable, Sendable {
  package let ipv4: EncodedPrefixes
  package let ipv6: EncodedPrefixes
  package let attributes: RouteAttributes

  package init(_ prefixes: [Prefix], _ attributes: RouteAttributes = .none) {
    ipv4 = EncodedPrefixes(prefixes, .ipv4Unicast)
    ipv6 = EncodedPrefixes(prefixes, .ipv6Unicast)
    self.attributes = attributes
  }

  /// Of both families.
  package var count: Int { ipv4.count + ipv6.count }

  /// The families that have prefixes.
  package var families: Families {
    var families: Families = []
    if ipv4.count > 0 { families.insert(.ipv4Unicast) }
    if ipv6.count > 0 { families.insert(.ipv6Unicast) }
    return families
  }
}
