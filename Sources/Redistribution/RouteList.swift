// The kernel's routes of one prefix: short lists in one array.

import Model

/// Several routes can lead to one prefix: in other tables, with other metrics, by other protocols.
struct RouteList {
  /// What tells a route from another of the same prefix.
  struct Item: Equatable {
    var table: UInt32
    var metric: UInt32
    var origin: UInt8
    var kind: UInt8
    /// Of its next hops.
    var digest: UInt64
    var rule: Int32
    var isConfirmed: Bool
    /// Routes that are not kept may stand under its key.
    var isAccompanied: Bool
    /// It is never one of several next hops, so a listing may pass over it (`Company.mayHide`).
    var standsApart = false
    /// This listing may have.
    var isHidden = false
    /// A listing has shown it anew, and may have passed over others of its key.
    var mayHide = false
    var next: Int32

    func isLike(_ route: Route) -> Bool { table == route.table && metric == route.metric }

    /// The kernel keeps equal routes of several protocols side by side (ip route append).
    func isSame(_ route: Route, digest: UInt64) -> Bool {
      isLike(route) && self.digest == digest && origin == route.origin.value
        && kind == route.kind.value
    }
  }

  enum Removal {
    case removed
    /// One of the same table and metric was there, with other next hops.
    case similar
    case unknown
  }

  /// Who is kept of one key.
  enum Others {
    case none
    case unaccompanied
    /// And routes that are not kept may be there.
    case accompanied
  }

  var items: [Item] = []
  var free: [Int32] = []

  var count: Int { items.count - free.count }

  /// Whether the route is kept already: then the kernel has it still.
  mutating func confirm(_ route: Route, rule: Int32, of head: Int32) -> Bool {
    let digest = RouteList.digest(route)
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      if item.isSame(route, digest: digest) {
        items[Int(place)].rule = rule
        items[Int(place)].isConfirmed = true
        return true
      }
      place = item.next
    }
    return false
  }

  /// Adds a route that is not kept yet.
  mutating func add(
    _ route: Route, rule: Int32, isAccompanied: Bool, mayHide: Bool, to head: inout Int32
  ) {
    let item = Item(
      table: route.table, metric: route.metric, origin: route.origin.value,
      kind: route.kind.value, digest: RouteList.digest(route), rule: rule, isConfirmed: true,
      isAccompanied: isAccompanied, standsApart: Company.standsApart(route), mayHide: mayHide,
      next: head)
    if let reused = free.popLast() {
      items[Int(reused)] = item
      head = reused
    } else {
      head = Int32(items.count)
      items.append(item)
    }
  }

  mutating func remove(_ route: Route, of head: inout Int32) -> Removal {
    let digest = RouteList.digest(route)
    if removeFirst(of: &head, where: { $0.isSame(route, digest: digest) }) {
      return .removed
    }
    return removeFirst(of: &head, where: { $0.isLike(route) }) ? .similar : .unknown
  }

  /// Removes what a route may have replaced: how many there were, and whether one of them may have
  /// hidden others. The kernel replaces one of the same manner if there is one.
  mutating func removeReplaced(
    by route: Route, of head: inout Int32
  ) -> (count: Int, mayHide: Bool) {
    let standsApart = Company.standsApart(route)
    let hasManner = contains(of: head) { $0.isLike(route) && $0.standsApart == standsApart }
    var (count, mayHide) = (0, false)
    while removeFirst(
      of: &head,
      where: { item in
        guard item.isLike(route), !hasManner || item.standsApart == standsApart else {
          return false
        }
        mayHide = mayHide || item.mayHide
        return true
      })
    { count += 1 }
    return (count, mayHide)
  }

  func others(like route: Route, of head: Int32) -> Others {
    var others = Others.none
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      if item.isLike(route) {
        if item.isAccompanied { return .accompanied }
        others = .unaccompanied
      }
      place = item.next
    }
    return others
  }

  /// A route that is not kept may be beside them.
  mutating func accompany(like route: Route, of head: Int32) {
    accompany(route.table, route.metric, of: head)
  }

  private mutating func accompany(_ table: UInt32, _ metric: UInt32, of head: Int32) {
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      if item.table == table, item.metric == metric { items[Int(place)].isAccompanied = true }
      place = item.next
    }
  }

  /// A listing has shown a route that may hide them.
  mutating func hide(like route: Route, of head: Int32) {
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      if item.isLike(route), item.standsApart { items[Int(place)].isHidden = true }
      place = item.next
    }
  }

  /// Whether this route may hide what was never heard of.
  func mayHide(_ route: Route, of head: Int32) -> Bool {
    let digest = RouteList.digest(route)
    return contains(of: head) { $0.mayHide && $0.isSame(route, digest: digest) }
  }

  /// Whether one of this key is kept although the last listing has not shown it.
  func keepsHidden(like route: Route, of head: Int32) -> Bool {
    contains(of: head) { $0.isHidden && !$0.isConfirmed && $0.isLike(route) }
  }

  /// What was listed before the news of it is as good as listed now.
  mutating func noteListed(like route: Route, of head: Int32) {
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      if item.isLike(route), !item.standsApart { items[Int(place)].mayHide = true }
      place = item.next
    }
  }

  private func contains(of head: Int32, _ isIt: (Item) -> Bool) -> Bool {
    var place = head
    while place != Exports.none {
      if isIt(items[Int(place)]) { return true }
      place = items[Int(place)].next
    }
    return false
  }

  /// Whether one was dropped.
  mutating func dropUnconfirmed(of head: inout Int32) -> Bool {
    var hasDropped = false
    while removeFirst(of: &head, where: { !$0.isConfirmed && !$0.isHidden }) { hasDropped = true }
    return hasDropped
  }

  /// Whether there was one.
  mutating func dropOneUnconfirmed(of head: inout Int32) -> Bool {
    removeFirst(of: &head) { !$0.isConfirmed && !$0.isHidden }
  }

  /// Each route gets another rule, or goes where there is none for it: then it is one that is not
  /// kept beside those of its key.
  mutating func rejudge(of head: inout Int32, _ rule: (Item) -> Int32) {
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      items[Int(place)].rule = rule(item)
      if items[Int(place)].rule == Exports.none { accompany(item.table, item.metric, of: head) }
      place = item.next
    }
    while removeFirst(of: &head, where: { $0.rule == Exports.none }) {}
  }

  /// The listing says anew what is there, and beside whom.
  mutating func beginConfirming() {
    for place in items.indices {
      items[place].isConfirmed = false
      items[place].isAccompanied = false
      items[place].isHidden = false
    }
  }

  /// The rule that comes first in the Plan, or `none`.
  func firstRule(of head: Int32) -> Int32 {
    var place = head
    var best = Exports.none
    while place != Exports.none {
      let item = items[Int(place)]
      if best == Exports.none || item.rule < best { best = item.rule }
      place = item.next
    }
    return best
  }

  private mutating func removeFirst(of head: inout Int32, where isIt: (Item) -> Bool) -> Bool {
    var before = Exports.none
    var place = head
    while place != Exports.none {
      let item = items[Int(place)]
      guard isIt(item) else {
        before = place
        place = item.next
        continue
      }
      if before == Exports.none { head = item.next } else { items[Int(before)].next = item.next }
      free.append(place)
      return true
    }
    return false
  }

  /// FNV-1a over what a route says of its next hops: the same in every run.
  private static func digest(_ route: Route) -> UInt64 {
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ value: UInt64) { sum = (sum ^ value) &* 0x100_0000_01b3 }
    mix(UInt64(route.nextHopID))
    for index in 0..<route.nextHops.count {
      let hop = route.nextHops[index]
      mix(UInt64(UInt32(bitPattern: hop.interface?.value ?? 0)) << 16 | UInt64(hop.weight))
      switch hop.gateway {
      case nil: mix(0)
      case .v4(let address): mix(UInt64(address.bits) | 1 << 32)
      case .v6(let address):
        mix(address.high)
        mix(address.low)
      }
    }
    mix(UInt64(route.nextHops.leftOut))
    return sum
  }
}
