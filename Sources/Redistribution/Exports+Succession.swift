// A new Plan with the same rules takes the place of an old one: who was told what stays true.

package import Model

extension Exports {
  /// Goes on where another stood that had the same rules. `peers` says by route server of now which
  /// it was before; nil: nothing of what is told to it now was told before.
  package mutating func succeed(_ old: Exports, peers: [Int?], at now: Instant) {
    precondition(rules == old.rules, "other rules begin anew")
    (entries, free, places) = (old.entries, old.free, old.places)
    (routes, company) = (old.routes, old.company)
    (pending, next, changes) = (old.pending, old.next, old.changes)
    (isComplete, isDoubtful) = (old.isComplete, old.isDoubtful)
    (announced, leftOut, total) = (old.announced, old.leftOut, old.total)
    (overflows, lines) = (old.overflows, old.lines)
    for (peer, before) in peers.enumerated() {
      if let before { audiences[peer] = old.audiences[before] }
    }
    for place in entries.indices {
      entries[place].owed = Exports.mask(entries[place].owed, peers)
      entries[place].known = Exports.mask(entries[place].known, peers)
      reserve(place, at: now)
    }
  }

  private static func mask(_ mask: UInt8, _ peers: [Int?]) -> UInt8 {
    var result: UInt8 = 0
    for (peer, before) in peers.enumerated() {
      if let before, mask & 1 << UInt8(before) != 0 { result |= 1 << UInt8(peer) }
    }
    return result
  }

  /// A prefix may be of a VIP now, or of none any more.
  private mutating func reserve(_ place: Int, at now: Instant) {
    let isReserved = reserved.contains(entries[place].prefix)
    guard isReserved != entries[place].isReserved else { return }
    entries[place].isReserved = isReserved
    if isReserved {
      if entries[place].isLeftOut { unlist(place, rule: entries[place].wanted) }
      guard entries[place].told != Exports.none else { return }
      announced[Int(entries[place].told)] -= 1
      if isAnnounced[Int(entries[place].told)] { total -= 1 }
      entries[place].told = Exports.none
      // What the VIP says takes the place of what was said; nothing has to be taken back.
      entries[place].known = 0
    } else if entries[place].wanted != Exports.none {
      schedule(Int32(place), now)
    }
  }
}
