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
