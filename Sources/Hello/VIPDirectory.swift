// Finds the VIP of this Plan that a digest stands for.

package import Model

/// Digests of a Plan's VIPs, sorted once: looking one up allocates nothing.
package struct VIPDirectory: Sendable {
  /// By `VIPSlot`.
  package let digests: [VIPDigest]
  private let sorted: [Line]

  private struct Line: Sendable {
    var digest: VIPDigest
    var vip: VIPSlot
  }

  /// No two names have the same digest: the configuration was checked for that.
  package init(_ plan: Plan) {
    digests = plan.vips.map { VIPDigest($0.name) }
    sorted = digests.enumerated()
      .map { Line(digest: $1, vip: VIPSlot($0)) }
      .sorted { $0.digest < $1.digest }
  }

  /// The VIP, or nil when this Plan has none of that name.
  package func slot(of digest: VIPDigest) -> VIPSlot? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].digest < digest { low = middle + 1 } else { high = middle }
    }
    guard low < sorted.count, sorted[low].digest == digest else { return nil }
    return sorted[low].vip
  }
}
