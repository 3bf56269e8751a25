// The routes that a peer has told in this session: a bounded list for people, found by prefix.

import Bytes
package import Model

/// Routes in no particular order, and an index of places by prefix. Memory comes with the first
/// route and goes with the session; a route that is told again allocates nothing.
///
/// The index is a hash table with open addressing. Its keys are the peer's choice, so the hash has
/// a seed that the peer does not know: nobody can make every search a long one.
package struct ReceivedRoutes: Sendable {
  /// Routes that are kept of one peer. We chose it: what a route server and everything behind it
  /// can hold (AD:route-server, 10,000 prefixes in total).
  package static let limit = 10_000

  package private(set) var routes: [ReceivedRoute] = []
  /// How often a route was told for which there was no room.
  package private(set) var notKept: UInt64 = 0
  /// A place in `routes`, plus one; 0 is free. Its size is a power of two, at least twice the
  /// number of routes.
  private var index: [UInt32] = []
  private let seed: UInt64

  private static let smallestIndex = 64

  package init(seed: UInt64) { self.seed = seed }

  package mutating func removeAll() {
    routes = []
    index = []
    notKept = 0
  }

  /// What is told of a prefix, if anything is.
  package func route(to prefix: Prefix) -> ReceivedRoute? {
    guard !index.isEmpty else { return nil }
    let slot = slot(of: prefix)
    return index[slot] == 0 ? nil : routes[Int(index[slot]) - 1]
  }

  package mutating func enter(_ route: ReceivedRoute) {
    if index.count < 2 * (routes.count + 1), routes.count < ReceivedRoutes.limit { grow() }
    let slot = slot(of: route.prefix)
    if index[slot] != 0 {
      routes[Int(index[slot]) - 1] = route
    } else if routes.count < ReceivedRoutes.limit {
      routes.append(route)
      index[slot] = UInt32(routes.count)
    } else {
      notKept &+= 1
    }
  }

  package mutating func remove(_ prefix: Prefix) {
    guard !index.isEmpty else { return }
    let freed = slot(of: prefix)
    guard index[freed] != 0 else { return }
    let place = Int(index[freed]) - 1
    close(freed)
    // The last route takes the place that became free.
    let last = routes.count - 1
    if place != last {
      index[slot(of: routes[last].prefix)] = UInt32(place + 1)
      routes[place] = routes[last]
    }
    routes.removeLast()
  }

  /// Moves what stands behind a freed slot forward, as far as its search would otherwise end there.
  private mutating func close(_ freed: Int) {
    var gap = freed
    var slot = freed
    while true {
      slot = next(slot)
      guard index[slot] != 0 else { break }
      let home = home(of: routes[Int(index[slot]) - 1].prefix)
      let mask = index.count - 1
      if (slot - home) & mask >= (slot - gap) & mask {
        index[gap] = index[slot]
        gap = slot
      }
    }
    index[gap] = 0
  }

  /// Where a prefix stands in the index, or the free slot where it would.
  private func slot(of prefix: Prefix) -> Int {
    var slot = home(of: prefix)
    while index[slot] != 0, routes[Int(index[slot]) - 1].prefix != prefix { slot = next(slot) }
    return slot
  }

  private func next(_ slot: Int) -> Int { (slot + 1) & (index.count - 1) }

  private func home(of prefix: Prefix) -> Int {
    let words: (UInt64, UInt64) =
      switch prefix.address {
      case .v4(let address): (UInt64(address.bits) << 8, 4)
      case .v6(let address): (address.high, address.low)
      }
    let first = ReceivedRoutes.mix(words.0 ^ UInt64(prefix.length) ^ seed)
    return Int(truncatingIfNeeded: ReceivedRoutes.mix(first ^ words.1)) & (index.count - 1)
  }

  /// The finish of SplitMix64: every bit of the answer depends on every bit of the word.
  private static func mix(_ word: UInt64) -> UInt64 {
    var mixed = word &+ 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  private mutating func grow() {
    index = [UInt32](repeating: 0, count: max(ReceivedRoutes.smallestIndex, 2 * index.count))
    for place in routes.indices { index[slot(of: routes[place].prefix)] = UInt32(place + 1) }
  }
}
