// The time between a best path and its forwarding: a delay, and the damping of each prefix.

package import Model

/// What is to be forwarded, and when that comes into force. A newer wish takes the place of one
/// that still waits, and does not wait longer for it.
package struct ProgrammingQueue: Sendable {
  /// Prefixes that are remembered, forgotten ones among them while they are damped. We chose it:
  /// twice what the table of paths holds.
  static let limit = 2 * PathTable.prefixLimit

  /// A change that came into force.
  package struct Done: Hashable, Sendable {
    package var prefix: Prefix
    /// None: nobody forwards it any more.
    package var hops: [IPAddress]
    package var pathLength: Int
    /// Since the change was asked for.
    package var waited: Nanoseconds
  }

  private struct Wish: Sendable {
    var hops: [IPAddress]
    var pathLength: Int
    var asked: Instant
    var due: Instant
  }

  private struct Entry: Sendable {
    var prefix: Prefix
    var hops: [IPAddress] = []
    var pathLength = 0
    var changed: Instant?
    var wish: Wish?
  }

  private var entries: [Entry] = []
  /// Wishes in the order in which they are due.
  private var line: [(due: Instant, prefix: Prefix)] = []
  private var dice: Dice

  package init(seed: UInt64) { dice = Dice(seed: seed) }

  package var deadline: Instant? { line.first?.due }

  /// What is in force.
  package func programmed(_ prefix: Prefix) -> (hops: [IPAddress], pathLength: Int) {
    find(prefix).map { (entries[$0].hops, entries[$0].pathLength) } ?? ([], 0)
  }

  /// Everything in force, in order.
  package var all: [Done] {
    entries.filter { !$0.hops.isEmpty }.map {
      Done(prefix: $0.prefix, hops: $0.hops, pathLength: $0.pathLength, waited: .zero)
    }
  }

  /// Asks for other next hops from `now` on. A path that is longer or shorter and leads to the same
  /// next hops changes no forwarding: it is true at once, and answered for those who compare paths.
  @discardableResult
  package mutating func ask(
    _ prefix: Prefix, _ hops: [IPAddress], pathLength: Int, at now: Instant, _ quirks: Quirks
  ) -> Done? {
    if entries.count >= ProgrammingQueue.limit { forget(at: now, quirks) }
    let place = insert(prefix)
    let before = entries[place].wish
    if hops == entries[place].hops {
      // Perhaps back to what is in force before anything else was.
      if before != nil { line.removeAll { $0.prefix == prefix } }
      entries[place].wish = nil
      guard entries[place].pathLength != pathLength else { return nil }
      entries[place].pathLength = pathLength
      return Done(prefix: prefix, hops: hops, pathLength: pathLength, waited: .zero)
    }
    var due = now + ProgrammingQueue.draw(quirks.programming, &dice)
    if let changed = entries[place].changed { due = max(due, changed + quirks.damping) }
    if let before { due = before.due }
    entries[place].wish = Wish(
      hops: hops, pathLength: pathLength, asked: before?.asked ?? now, due: due)
    if before == nil {
      line.insert((due, prefix), at: line.place { $0.due <= due })
    }
    return nil
  }

  /// The next change that is due, now in force; nil when none is.
  package mutating func next(at now: Instant) -> Done? {
    guard let first = line.first, first.due <= now, let place = find(first.prefix),
      let wish = entries[place].wish
    else { return nil }
    line.removeFirst()
    entries[place].hops = wish.hops
    entries[place].pathLength = wish.pathLength
    entries[place].changed = now
    entries[place].wish = nil
    return Done(
      prefix: first.prefix, hops: wish.hops, pathLength: wish.pathLength,
      waited: now - wish.asked)
  }

  /// Drops what nobody forwards and no damping remembers.
  private mutating func forget(at now: Instant, _ quirks: Quirks) {
    entries.removeAll { entry in
      guard entry.hops.isEmpty, entry.wish == nil, let changed = entry.changed else { return false }
      return changed + quirks.damping <= now
    }
  }

  // MARK: The published figures

  /// Quantiles, in thousandths, and their milliseconds: twelve moves of a VIP measured by Elleman
  /// in 2022, from 0.9 to 5.6 s, median 1.81 s, mean 2.65 s. The samples themselves are not
  /// printed; the third quartile is what gives the straight pieces between these points that mean.
  private static let published: [(share: Int, delay: Int64)] = [
    (0, 900), (500, 1_810), (750, 4_185), (1_000, 5_600),
  ]

  static func draw(_ delay: ProgrammingDelay, _ dice: inout Dice) -> Nanoseconds {
    switch delay {
    case .none: return .zero
    case .fixed(let length): return length
    case .published(let percent):
      let share = dice.below(1_001)
      for index in 1..<published.count where share <= published[index].share {
        let (low, high) = (published[index - 1], published[index])
        let microseconds =
          low.delay * 1_000
          + (high.delay - low.delay) * 1_000 * Int64(share - low.share)
          / Int64(high.share - low.share)
        return .microseconds(microseconds * percent / 100)
      }
      preconditionFailure("a share beyond the whole")
    }
  }

  // MARK: Places

  private func find(_ prefix: Prefix) -> Int? {
    let place = lowerBound(prefix)
    return place < entries.count && entries[place].prefix == prefix ? place : nil
  }

  private mutating func insert(_ prefix: Prefix) -> Int {
    let place = lowerBound(prefix)
    if place == entries.count || entries[place].prefix != prefix {
      entries.insert(Entry(prefix: prefix), at: place)
    }
    return place
  }

  private func lowerBound(_ prefix: Prefix) -> Int { entries.place { $0.prefix < prefix } }
}
