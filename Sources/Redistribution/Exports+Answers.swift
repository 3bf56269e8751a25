// What is asked of the exports: what changed, what is announced, and why the rest is not.

package import Model

/// One prefix as people see it.
package struct ExportView: Equatable, Sendable {
  package let slot: ExportSlot
  package let prefix: Prefix
  /// The rule by which it is, or would be, announced; nil: only an earlier Plan had that rule.
  package let rule: RuleSlot?
  package let state: ExportState
}

extension Exports {
  /// How many places there are; some of them may be empty.
  package var slotCount: Int { entries.count }

  package func prefix(_ slot: ExportSlot) -> Prefix { entries[slot.index].prefix }

  /// The rule by which a prefix is announced; nil: it is not.
  package func rule(_ slot: ExportSlot) -> RuleSlot? {
    let told = entries[slot.index].told
    return told < 0 ? nil : RuleSlot(Int(told))
  }

  /// By which rule it is going to be announced in place of one that says so no more.
  func ruleToCome(_ slot: ExportSlot) -> RuleSlot? {
    let entry = entries[slot.index]
    guard entry.told == Exports.former, entry.wanted != Exports.none else { return nil }
    return RuleSlot(Int(entry.wanted))
  }

  /// What changed since this was last asked, each once, in the order in which it changed.
  package mutating func takeChanges(_ body: (ExportSlot) -> Void) {
    for slot in changes { body(slot) }
    changes.removeAll(keepingCapacity: true)
  }

  /// The same, for whoever hears them before those who take them.
  package func eachChange(_ body: (ExportSlot) -> Void) {
    for slot in changes { body(slot) }
  }

  package var hasChanges: Bool { !changes.isEmpty }

  /// What is known, by prefix: so many of those that are wanted, and how many more there are.
  /// Whoever has far more routes than an answer takes does not wait until all of them were sorted.
  package func views(
    at now: Instant, limit: Int = .max, where isWanted: (ExportView) -> Bool = { _ in true }
  ) -> (views: [ExportView], omitted: Int) {
    var views: [ExportView] = []
    var omitted = 0
    for (prefix, place) in places {
      let entry = entries[Int(place)]
      let rule = entry.told < 0 ? entry.wanted : entry.told
      guard rule != Exports.none || entry.told == Exports.former else { continue }
      // Twice as many as are wanted: then half of them go, so each is sorted a few times at most.
      if views.count / 2 >= limit {
        omitted += views.count - limit
        views.sort { $0.prefix < $1.prefix }
        views.removeLast(views.count - limit)
      }
      let view = ExportView(
        slot: ExportSlot(Int(place)), prefix: prefix,
        rule: rule == Exports.none ? nil : RuleSlot(Int(rule)), state: state(entry, at: now))
      if isWanted(view) { views.append(view) }
    }
    views.sort { $0.prefix < $1.prefix }
    let left = max(0, views.count - limit)
    views.removeLast(left)
    return (views, omitted + left)
  }

  private func state(_ entry: Entry, at now: Instant) -> ExportState {
    if entry.told == Exports.former {
      guard entry.wanted == Exports.none, let due = entry.due, due > now else { return .former }
      return .leaving(until: due)
    }
    if entry.told != Exports.none {
      guard entry.wanted == Exports.none, let due = entry.due else { return .announced }
      return .leaving(until: due)
    }
    if entry.isReserved { return entry.wanted == Exports.none ? .gone : .reserved }
    if entry.isLeftOut { return .leftOut }
    guard entry.wanted != Exports.none, let due = entry.due else { return .gone }
    return isDamped(entry, at: now) ? .damped(until: due) : .waiting(until: due)
  }
}

extension Exports {
  /// All that goes on from here needs it; the Plan gives the rest.
  package mutating func keep(in keeper: inout Keeper) {
    let blank = Entry(prefix: Exports.nowhere)
    keeper.keep(&entries, blank: blank, limit: Exports.prefixLimit) { $0.keep(in: &$1) }
    keeper.keep(&free, blank: 0, limit: Exports.prefixLimit) { $1.keep(&$0) }
    keeper.keep(&pending, blank: 0, limit: Exports.prefixLimit) { $1.keep(&$0) }
    routes.keep(in: &keeper)
    company.keep(in: &keeper)
    keeper.keep(&next)
    keeper.keep(&isComplete)
    keeper.keep(each: &announced) { $1.keep(&$0) }
    keeper.keep(each: &leftOut) { $1.keep(&$0) }
    keeper.keep(&total)
    keeper.keep(&overflows)
    keeper.keep(&isDoubtful)
    keeper.keep(each: &audiences) { $0.keep(in: &$1) }
    guard keeper.isReading else { return }
    let isFree = Set(free)
    formers = entries.count { $0.told == Exports.former }
    places.removeAll(keepingCapacity: true)
    for place in entries.indices where !isFree.contains(Int32(place)) {
      places[entries[place].prefix] = Int32(place)
    }
    rebuildLines()
  }

  static let nowhere: Prefix = {
    guard let prefix = Prefix(.v4(IPv4Address(bits: 0)), length: 0) else {
      preconditionFailure("no bits of nothing are set")
    }
    return prefix
  }()
}

extension Exports.Entry {
  mutating func keep(in keeper: inout Keeper) {
    var (address, length) = (prefix.address, prefix.length)
    keeper.keep(&address)
    keeper.keep(&length)
    guard let prefix = Prefix(address, length: length) else { return keeper.damage() }
    self.prefix = prefix
    keeper.keep(&isReserved)
    keeper.keep(&owed)
    keeper.keep(&known)
    keeper.keep(&routes)
    keeper.keep(&wanted)
    keeper.keep(&told)
    keeper.keep(&due)
    keeper.keep(&isListed)
    keeper.keep(&isListedAnew)
    keeper.keep(&isLeftOut)
    keeper.keep(&since)
    keeper.keep(&withdrawals)
    keeper.keep(&flapsSince)
  }
}

extension Exports.Audience {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&isListening)
    keeper.keep(&takesIPv4)
    keeper.keep(&takesIPv6)
    keeper.keep(&queue, blank: 0, limit: 2 * Exports.prefixLimit) { $1.keep(&$0) }
    keeper.keep(&head)
    if head < 0 || head > queue.count { keeper.damage() }
  }
}

extension RouteList {
  mutating func keep(in keeper: inout Keeper) {
    let blank = Item(
      table: 0, metric: 0, origin: 0, kind: 0, digest: 0, rule: 0, isConfirmed: false,
      isAccompanied: false, next: Exports.none)
    keeper.keep(&items, blank: blank, limit: Exports.routeLimit) {
      $1.keep(&$0.table)
      $1.keep(&$0.metric)
      $1.keep(&$0.origin)
      $1.keep(&$0.kind)
      $1.keep(&$0.digest)
      $1.keep(&$0.rule)
      $1.keep(&$0.isConfirmed)
      $1.keep(&$0.isAccompanied)
      $1.keep(&$0.standsApart)
      $1.keep(&$0.isHidden)
      $1.keep(&$0.mayHide)
      $1.keep(&$0.next)
    }
    keeper.keep(&free, blank: 0, limit: Exports.routeLimit) { $1.keep(&$0) }
  }
}
