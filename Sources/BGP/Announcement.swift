// What is said about a VIP: where its traffic should go, and how strongly we claim it.

package import Model

/// The attributes of one claim. AS_PATH is our own number, `rung.pathLength` times.
package struct Announcement: Hashable, Sendable {
  package var nextHops: NextHopAddresses
  package var rung: Rung

  package init(nextHops: NextHopAddresses, rung: Rung) {
    self.nextHops = nextHops
    self.rung = rung
  }
}

/// An announcement of one VIP in a few octets: two are the same when everything in their UPDATEs
/// but the prefixes is. A mass shift compares them for every volley.
struct AnnouncementKey: Equatable {
  /// VIPs with equal attributes share it.
  private let style: UInt32
  private let place: UInt16
  private let value: UInt8

  init(style: UInt32, nextHops place: Int, rung value: UInt8) {
    self.style = style
    self.place = UInt16(place)
    self.value = value
  }

  /// Which next hops, by their place among all that were ever announced.
  var nextHops: Int { Int(place) }
  var rung: Rung? { Rung(value) }
}

extension NextHopAddresses {
  /// The same as `==`, by plain comparisons.
  func isSame(as other: NextHopAddresses) -> Bool {
    guard ipv4.bits == other.ipv4.bits else { return false }
    guard let ipv6, let otherIPv6 = other.ipv6 else { return ipv6 == nil && other.ipv6 == nil }
    return ipv6.high == otherIPv6.high && ipv6.low == otherIPv6.low
  }
}
