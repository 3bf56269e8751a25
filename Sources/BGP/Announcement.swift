// What is said about a VIP: where its traffic should go, and how strongly we claim it.

package import Model

/// The attributes of one claim. AS_PATH is our own number, `rung.pathLength` times.
package struct Announcement: Hashable, Sendable {
  package var nextHops: NextHopAddresses
  package var rung: Rung
  /// The routes also carry the community of a graceful shutdown (RFC 8326).
  package var isShuttingDown: Bool

  package init(nextHops: NextHopAddresses, rung: Rung, isShuttingDown: Bool = false) {
    self.nextHops = nextHops
    self.rung = rung
    self.isShuttingDown = isShuttingDown
  }
}
