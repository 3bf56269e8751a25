// What is said about a VIP: where its traffic should go, and how strongly we claim it.

package import Model

/// The attributes of one claim. AS_PATH is our own number, `rung.pathLength` times.
package struct Announcement: Hashable, Sendable {
  package var nextHops: NextHopAddresses
  package var rung: Rung
  /// The routes also carry the community of a graceful shutdown (RFC 8326).
  package var isShuttingDown: Bool
  /// The routes go. Everything else is then the same for all.
  package let isWithdrawal: Bool

  package init(nextHops: NextHopAddresses, rung: Rung, isShuttingDown: Bool = false) {
    self.nextHops = nextHops
    self.rung = rung
    self.isShuttingDown = isShuttingDown
    isWithdrawal = false
  }

  private init() {
    nextHops = NextHopAddresses(IPv4Address(bits: 0), nil)
    rung = .standby
    isShuttingDown = false
    isWithdrawal = true
  }

  /// Nobody can carry the VIP, and its routes are to go.
  package static let withdrawal = Announcement()

  /// The rung, or that there is none.
  package var word: String { isWithdrawal ? "withdrawn" : rung.description }
}

/// An announcement of one VIP as plain numbers: two are the same when everything in their UPDATEs
/// but the prefixes is. A mass shift compares them several times for every volley, and the
/// comparisons of another room's types would be calls.
struct AnnouncementKey: Equatable {
  /// VIPs with equal attributes share it.
  private let style: UInt32
  private let ipv4: UInt32
  private let ipv6High: UInt64
  private let ipv6Low: UInt64
  private let hasIPv6: Bool
  private let rung: UInt8
  private let isShuttingDown: Bool
  let isWithdrawal: Bool

  init(_ announcement: Announcement, style: UInt32) {
    isWithdrawal = announcement.isWithdrawal
    // A withdrawal names prefixes and nothing else.
    self.style = isWithdrawal ? 0 : style
    ipv4 = announcement.nextHops.ipv4.bits
    ipv6High = announcement.nextHops.ipv6?.high ?? 0
    ipv6Low = announcement.nextHops.ipv6?.low ?? 0
    hasIPv6 = announcement.nextHops.ipv6 != nil
    rung = announcement.rung.value
    isShuttingDown = announcement.isShuttingDown
  }

  /// What it was made of.
  var announcement: Announcement? {
    if isWithdrawal { return .withdrawal }
    let ipv6 = hasIPv6 ? IPv6Address(high: ipv6High, low: ipv6Low) : nil
    let nextHops = NextHopAddresses(IPv4Address(bits: ipv4), ipv6)
    return Rung(rung).map {
      Announcement(nextHops: nextHops, rung: $0, isShuttingDown: isShuttingDown)
    }
  }
}
