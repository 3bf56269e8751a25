// How often something took how long: a histogram of fixed buckets.

import Model

/// Counting allocates nothing once it is made.
struct TimeCounts: Equatable {
  /// The upper ends of all buckets but the last, which has none. We chose them: from what the
  /// engine needs, over what a route server and Azure's tables take, to what is a fault.
  static let bounds: [Nanoseconds] =
    [10, 25, 50, 100, 250, 500].map { .microseconds($0) }
    + [1, 2, 5, 10, 25, 50, 100, 250, 500].map { .milliseconds($0) }
    + [1, 2, 5, 10, 30, 60, 300].map { .seconds($0) }

  /// Each bucket by itself, not what is below as well.
  private(set) var counts: [UInt64]
  private(set) var sum = Nanoseconds.zero

  init() { counts = Array(repeating: 0, count: TimeCounts.bounds.count + 1) }

  mutating func add(_ length: Nanoseconds) {
    // Stamps of two clocks, the kernel's and ours, may be a little out of order.
    let length = max(length, .zero)
    var place = 0
    while place < TimeCounts.bounds.count, length > TimeCounts.bounds[place] { place += 1 }
    counts[place] += 1
    sum = sum + length
  }
}
