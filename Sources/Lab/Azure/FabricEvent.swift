// What the fabric tells: each change that its kernel has taken, and what it would not take.

package import Control
package import Model

/// One change of the routing table of a subnet.
package struct FabricEvent: Hashable, Sendable {
  package enum What: String, Hashable, Sendable {
    /// Packets go to `hops`.
    case forwards
    /// Packets are delivered within the virtual network.
    case delivers
    /// Packets are dropped.
    case drops
    /// There is no such route any more.
    case gone
    /// The kernel would not have it, or no next hop is a machine of the network; `reason` says
    /// which.
    case refused
  }

  /// Just before and just after the kernel did it, on the wall clock.
  package var before: Moment
  package var after: Moment
  package var subnet: String
  package var prefix: Prefix
  package var what: What
  package var hops: [IPAddress]
  package var reason: String

  package init(
    before: Moment, after: Moment, subnet: String, prefix: Prefix, what: What,
    hops: [IPAddress] = [], reason: String = ""
  ) {
    self.before = before
    self.after = after
    self.subnet = subnet
    self.prefix = prefix
    self.what = what
    self.hops = hops
    self.reason = reason
  }

  package func bytes() -> [UInt8] {
    var line = JSONLine(id: "", type: "fabric")
    line.add("before", before.nanoseconds)
    line.add("after", after.nanoseconds)
    line.add("subnet", subnet)
    line.add("prefix", "\(prefix)")
    line.add("what", what.rawValue)
    line.add("hops", hops.map(\.description))
    line.add("reason", reason)
    return line.finish()
  }

  /// Nil when the record tells of something else.
  package init?(_ record: Record) {
    guard record.type == "fabric", let before = record.integer("before"),
      let after = record.integer("after"), let subnet = record.string("subnet"),
      let prefix = record.prefix, let reason = record.string("reason"),
      let what = record.string("what").flatMap({ What(rawValue: $0) })
    else { return nil }
    self.init(
      before: Moment(nanoseconds: before), after: Moment(nanoseconds: after), subnet: subnet,
      prefix: prefix, what: what, hops: record.addresses("hops"), reason: reason)
  }
}
