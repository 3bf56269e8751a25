// How long answers took, as a small histogram.

package import Model

/// Counts of answers by round-trip time; each bucket reaches twice as far as the one before.
package struct RoundTrips: Sendable {
  /// The first bucket ends here: an answer over a veth takes some 10 µs.
  package static var firstLimit: Nanoseconds { .microseconds(16) }
  /// The last one has no end; the one before it ends at 262 ms.
  package static let bucketCount = 16

  private var counts: [16 of UInt32]
  package private(set) var latest: Nanoseconds?

  package init() { counts = [16 of UInt32](repeating: 0) }

  /// The end of a bucket, which does not belong to it; nil for the last one.
  package static func limit(_ bucket: Int) -> Nanoseconds? {
    precondition((0..<bucketCount).contains(bucket), "no such bucket")
    return bucket == bucketCount - 1 ? nil : Nanoseconds(firstLimit.count << Int64(bucket))
  }

  package subscript(bucket: Int) -> UInt32 { counts[bucket] }

  package var total: UInt64 {
    var sum: UInt64 = 0
    for bucket in 0..<RoundTrips.bucketCount { sum += UInt64(counts[bucket]) }
    return sum
  }

  /// A negative time (the answer was stamped while the question was still being sent) is none.
  package mutating func add(_ time: Nanoseconds) {
    let time = max(time, .zero)
    latest = time
    var bucket = 0
    while bucket < RoundTrips.bucketCount - 1, time.count >= RoundTrips.firstLimit.count << bucket {
      bucket += 1
    }
    if counts[bucket] < .max { counts[bucket] += 1 }
  }

  /// The end of the bucket in which the given part of the answers (`percent`, 1 to 100) has come,
  /// or nil without answers; the last bucket answers its beginning.
  package func percentile(_ percent: UInt64) -> Nanoseconds? {
    let all = total
    guard all > 0 else { return nil }
    let wanted = (all * percent + 99) / 100
    var seen: UInt64 = 0
    for bucket in 0..<RoundTrips.bucketCount {
      seen += UInt64(counts[bucket])
      if seen >= wanted {
        return RoundTrips.limit(bucket) ?? RoundTrips.limit(bucket - 1)
      }
    }
    return nil
  }
}

extension RoundTrips {
  mutating func keep(in keeper: inout Keeper) {
    for bucket in 0..<RoundTrips.bucketCount { keeper.keep(&counts[bucket]) }
    keeper.keep(&latest, blank: .zero) { $1.keep(&$0) }
  }
}
