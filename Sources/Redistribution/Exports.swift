// Which kernel routes are announced: facts and time in, changes out.

package import Model

/// The place of a prefix in the table of exports.
package struct ExportSlot: Hashable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
}

/// Why a prefix is announced or not.
package enum ExportState: Equatable, Sendable {
  case announced
  /// It is announced as an earlier Plan had it, until the kernel was listed for the rules of now.
  case former
  /// It waits for what comes with it.
  case waiting(until: Instant)
  /// Its route is gone, and it stays announced for a while.
  case leaving(until: Instant)
  /// It came and went too often.
  case damped(until: Instant)
  /// There is no room for it.
  case leftOut
  /// It is of a VIP, which alone says where it leads.
  case reserved
  /// Nothing of it is left but its history.
  case gone
}

/// Keeps the kernel routes that match a rule, and decides what is announced for each prefix.
///
/// - While the kernel's routes are not known completely, nothing changes.
/// - What happens to a prefix within half of its rule's `delay` is one change, or none; what
///   happens to several within it leaves together.
/// - A prefix that is announced stays; free places go to the shortest prefix, then the lowest.
/// - A prefix that was taken back `flaps` times within `flapWindow` has to be there for `rest`
///   before it is announced again.
package struct Exports {
  /// Times a prefix may be taken back within `flapWindow` before it has to rest. We chose them: the
  /// platform's own damping begins with the second change.
  package static let flaps: UInt8 = 3
  package static let flapWindow = Nanoseconds.seconds(60)
  package static let rest = Nanoseconds.seconds(30)
  /// How often it is looked whether a slow route server has heard that a prefix went. We chose it.
  static let patience = Nanoseconds.seconds(1)
  /// Kernel routes that are kept, announced or not. We chose it: more than any route server takes.
  package static let routeLimit = 131_072
  /// Prefixes that are kept, since those that went have a history for a while. We chose it: each
  /// route may be another one within a minute.
  package static let prefixLimit = 2 * routeLimit

  /// Room that is worth a new listing when still more was refused. We chose it: every route that
  /// goes would otherwise have all of them listed for one that fits.
  package static let worthwhileRoom = 1_024

  /// Route servers in a mask of 8 bits.
  package static let audienceLimit = 8

  struct Entry {
    var prefix: Prefix
    /// It is of a VIP.
    var isReserved = false
    /// The route servers that do not know yet how it stands.
    var owed: UInt8 = 0
    /// Those that were told of it and not that it went.
    var known: UInt8 = 0
    /// The first of its routes.
    var routes = Exports.none
    /// The rule of its routes that comes first in the Plan; `none`: it has no route.
    var wanted = Exports.none
    /// The rule by which it is announced; `none`: it is not; `former`: as no rule of this Plan says
    /// it, but one of the Plan before did.
    var told = Exports.none
    /// When `told` follows `wanted`.
    var due: Instant?
    var isListed = false
    /// It became due while the kernel's routes were not known completely.
    var isListedAnew = false
    var isLeftOut = false
    /// Since when it has a route.
    var since: Instant?
    /// How often it was taken back since `flapsSince`.
    var withdrawals: UInt8 = 0
    var flapsSince: Instant?
  }

  static let none: Int32 = -1
  static let former: Int32 = -2

  let rules: [Plan.Redistribution]
  /// By rule: whether it has a next hop for IPv6 prefixes.
  let carriesIPv6: [Bool]
  /// By rule: whether route servers are told.
  let isAnnounced: [Bool]
  let reserved: Set<Prefix>
  /// What all rules together may announce.
  let limit: Int
  let prefixLimit: Int
  var entries: [Entry] = []
  var free: [Int32] = []
  var places: [Prefix: Int32] = [:]
  var routes = RouteList()
  var company = Company()
  /// Entries that have something due.
  var pending: [Int32] = []
  /// Never later than the earliest `due`.
  var next: Instant?
  package internal(set) var isComplete = false
  /// By rule: how many prefixes are announced and left out.
  package internal(set) var announced: [Int]
  package internal(set) var leftOut: [Int]
  /// How many route servers are told.
  package internal(set) var total = 0
  /// How many are announced as a rule of the Plan before had it.
  var formers = 0
  /// Routes that were not kept, since there were too many.
  package internal(set) var overflows = 0
  /// Those that wait for a place, by rule; behind them those that are announced by another one.
  var lines: [WaitingLine]
  /// What changed since it was last taken.
  var changes: [ExportSlot] = []
  /// By route server.
  var audiences: [Audience]
  /// Something happened that only a new listing can explain.
  package internal(set) var isDoubtful = false

  /// `reserved` are the prefixes of VIPs. Without `carriesIPv6` every rule does.
  package init(
    _ rules: [Plan.Redistribution], limit: Int, reserved: [Prefix] = [],
    carriesIPv6: [Bool]? = nil, audiences: Int = 0, prefixLimit: Int = Exports.prefixLimit
  ) {
    precondition(audiences <= Exports.audienceLimit, "one bit for each")
    self.rules = rules
    self.limit = limit
    self.prefixLimit = prefixLimit
    self.reserved = Set(reserved)
    self.carriesIPv6 = carriesIPv6 ?? Array(repeating: true, count: rules.count)
    isAnnounced = rules.map(\.isAnnounced)
    self.audiences = Array(repeating: Audience(), count: audiences)
    announced = Array(repeating: 0, count: rules.count)
    leftOut = Array(repeating: 0, count: rules.count)
    lines = Array(repeating: WaitingLine(), count: 2 * rules.count)
  }

  package var deadline: Instant? { isComplete ? next : nil }

  // MARK: The kernel

  package mutating func learned(_ route: Route, _ arrival: RouteArrival, at now: Instant) {
    guard Exports.sharesAKey(route) else { return }
    let rule = rule(for: route)
    if rule == nil, arrival == .listed { company.listed(route) }
    let known = places[route.destination]
    guard rule != nil || known != nil else { return }
    let others = known.map { routes.others(like: route, of: entries[Int($0)].routes) } ?? .none
    if let known, arrival == .listed, Company.mayHide(route) {
      routes.hide(like: route, of: entries[Int(known)].routes)
    }
    var hides = arrival == .listed && Company.mayHide(route)
    if let known, arrival == .instead, others != .none {
      let replaced = routes.removeReplaced(by: route, of: &entries[Int(known)].routes)
      // The kernel replaced one of them, or a stranger, and does not say which: the rest is there
      // still.
      if replaced.count > 1 || others == .accompanied { isDoubtful = true }
      if Company.mayHide(route) {
        // It may stand around what the one before it stood around.
        hides = replaced.mayHide
      } else if replaced.mayHide
        || routes.keepsHidden(like: route, of: entries[Int(known)].routes)
      {
        isDoubtful = true
      }
    }
    guard let rule else {
      guard let known, others != .none else { return }
      if arrival != .instead {
        routes.accompany(like: route, of: entries[Int(known)].routes)
        return
      }
      touch(known, at: now)
      heedRoom()
      return
    }
    let isAccompanied =
      others == .accompanied
      || company.mayBeside(route, arrival, knowsOthers: others != .none)
    if others != .none, Company.mayHaveGrown(route, arrival) { isDoubtful = true }
    // What is kept already needs no room: a full list is confirmed like any other.
    if let known, routes.confirm(route, rule: Int32(rule), of: entries[Int(known)].routes) {
      if isAccompanied { routes.accompany(like: route, of: entries[Int(known)].routes) }
      touch(known, at: now)
      return
    }
    guard hasRoom(besides: known) else {
      overflows += 1
      if let known { routes.accompany(like: route, of: entries[Int(known)].routes) }
      return
    }
    let place = known ?? makeEntry(route.destination)
    routes.add(
      route, rule: Int32(rule), isAccompanied: isAccompanied,
      mayHide: hides, to: &entries[Int(place)].routes)
    touch(place, at: now)
  }

  /// A dump has listed what later news says more of: it may have been there for a while.
  package mutating func passed(_ route: Route) {
    guard Exports.sharesAKey(route) else { return }
    if rule(for: route) == nil { company.listed(route) }
    if Company.mayHide(route), let known = places[route.destination] {
      routes.hide(like: route, of: entries[Int(known)].routes)
      routes.noteListed(like: route, of: entries[Int(known)].routes)
    }
  }

  /// At a full list, one of the same prefix that was not confirmed makes room: the prefix stays.
  private mutating func hasRoom(besides known: Int32?) -> Bool {
    guard let known else {
      return routes.count < Exports.routeLimit && places.count < prefixLimit
    }
    if routes.count < Exports.routeLimit { return true }
    return routes.dropOneUnconfirmed(of: &entries[Int(known)].routes)
  }

  private func rule(for route: Route) -> Int? { Exports.rule(for: route, of: rules, carriesIPv6) }

  static func rule(
    for route: Route, of rules: [Plan.Redistribution], _ carriesIPv6: [Bool]
  ) -> Int? {
    for place in rules.indices where rules[place].matches(route) {
      if case .v6 = route.destination.address, !carriesIPv6[place] { continue }
      return place
    }
    return nil
  }

  /// Whether it can replace or be taken for a route that matches. To the kernel a type of service
  /// or a source block makes it another one.
  private static func sharesAKey(_ route: Route) -> Bool {
    route.typeOfService == 0 && route.sourceLength == 0
  }

  package mutating func lost(_ route: Route, at now: Instant) {
    guard Exports.sharesAKey(route), let place = places[route.destination] else { return }
    guard rule(for: route) != nil else {
      // It was never kept, and takes nothing along. In IPv6 it may have been a next hop of one
      // that is.
      guard case .v6 = route.destination.address else { return }
      if routes.others(like: route, of: entries[Int(place)].routes) != .none { isDoubtful = true }
      return
    }
    if routes.mayHide(route, of: entries[Int(place)].routes)
      || Company.mayHide(route)
        && routes.keepsHidden(like: route, of: entries[Int(place)].routes)
    {
      isDoubtful = true
    }
    switch routes.remove(route, of: &entries[Int(place)].routes) {
    case .removed:
      touch(place, at: now)
      heedRoom()
    case .similar:
      // One of several next hops went, or what we know is old.
      isDoubtful = true
      touch(place, at: now)
    case .unknown: return
    }
  }

  package mutating func becameStale() { isComplete = false }

  package mutating func beginConfirming() {
    routes.beginConfirming()
    company.forget()
    isDoubtful = false
    overflows = 0
  }

  /// All routes of the kernel were listed.
  package mutating func completed(at now: Instant) {
    for place in entries.indices where entries[place].routes != Exports.none {
      if routes.dropUnconfirmed(of: &entries[place].routes) { touch(Int32(place), at: now) }
    }
    isComplete = true
    gather(at: now)
    heedRoom()
  }

  /// A listing is one burst: what it brought waits from its end on, together with what it did not
  /// show any more. So who gets a free place does not depend on how long the listing took.
  private mutating func gather(at now: Instant) {
    for place in pending where entries[Int(place)].isListedAnew {
      let entry = entries[Int(place)]
      entries[Int(place)].isListedAnew = false
      guard let due = entry.due, entry.wanted != entry.told else { continue }
      // Of what went meanwhile another route may have been there until now.
      schedule(place, max(due, self.due(Int(place), at: now)))
    }
  }

  /// What was refused is not heard of again unless it is asked for.
  private mutating func heedRoom() {
    let room = Exports.routeLimit - routes.count
    guard isComplete, overflows > 0, room >= min(overflows, Exports.worthwhileRoom) else { return }
    isDoubtful = true
  }

  package mutating func doubtWasHeard() { isDoubtful = false }

  // MARK: Entries

  private mutating func makeEntry(_ prefix: Prefix) -> Int32 {
    let place: Int32
    if let reused = free.popLast() {
      entries[Int(reused)] = Entry(prefix: prefix)
      place = reused
    } else {
      place = Int32(entries.count)
      entries.append(Entry(prefix: prefix))
    }
    places[prefix] = place
    entries[Int(place)].isReserved = reserved.contains(prefix)
    return place
  }

  /// Something about its routes has changed: when does what follow from it?
  private mutating func touch(_ place: Int32, at now: Instant) {
    let index = Int(place)
    let wanted = routes.firstRule(of: entries[index].routes)
    let before = entries[index].wanted
    entries[index].wanted = wanted
    if wanted == Exports.none { entries[index].since = nil }
    if wanted != Exports.none, before == Exports.none { entries[index].since = now }
    if entries[index].isLeftOut, wanted != before { unlist(index, rule: before) }
    // What waits already does not wait longer because it was told once more.
    if wanted == before, entries[index].due != nil { return }
    let told = entries[index].told
    guard wanted != told else {
      entries[index].due = nil
      // Nothing to announce and nothing announced: only its history keeps it.
      if wanted == Exports.none { schedule(place, historyEnd(index, at: now)) }
      return
    }
    entries[index].isListedAnew = !isComplete
    schedule(place, due(index, at: now))
  }

  /// When what is wanted is told.
  func due(_ index: Int, at now: Instant) -> Instant {
    let entry = entries[index]
    if entry.wanted == Exports.none {
      guard entry.told != Exports.former else { return now }
      let rule = rules[Int(entry.told)]
      return Exports.together(now + max(rule.delay, rule.grace), rule.delay)
    }
    let delay = rules[Int(entry.wanted)].delay
    let soon = Exports.together(now + delay, delay)
    guard entry.told == Exports.none, isDamped(entry, at: now) else { return soon }
    return max(soon, (entry.since ?? now) + Exports.rest)
  }

  /// Not later, and at a moment that it shares with others: changes that come one by one would
  /// leave one by one, each after its own wait.
  private static func together(_ due: Instant, _ delay: Nanoseconds) -> Instant {
    let step = delay.count / 2
    return step > 0 ? Instant(nanoseconds: due.nanoseconds / step * step) : due
  }

  func isDamped(_ entry: Entry, at now: Instant) -> Bool {
    guard let since = entry.flapsSince, entry.withdrawals >= Exports.flaps else { return false }
    // What rests keeps its history.
    return now < since + Exports.flapWindow || entry.due != nil
  }

  func historyEnd(_ index: Int, at now: Instant) -> Instant {
    guard let since = entries[index].flapsSince else { return now }
    return max(now, since + Exports.flapWindow)
  }

  mutating func schedule(_ place: Int32, _ due: Instant) {
    let index = Int(place)
    entries[index].due = due
    next = Instant.earlier(next, due)
    guard !entries[index].isListed else { return }
    entries[index].isListed = true
    pending.append(place)
  }

  mutating func unlist(_ index: Int, rule: Int32) {
    entries[index].isLeftOut = false
    if rule != Exports.none { leftOut[Int(rule)] -= 1 }
  }

  // MARK: Time

  /// Tells what is due: what goes first, so that its places are free for what comes and for those
  /// that wait for one.
  package mutating func turn(at now: Instant) {
    guard isComplete, let next, now >= next else { return }
    var rest: [Int32] = []
    var earliest: Instant?
    for place in pending {
      let index = Int(place)
      guard let due = entries[index].due else {
        entries[index].isListed = false
        continue
      }
      guard now >= due else {
        rest.append(place)
        earliest = Instant.earlier(earliest, due)
        continue
      }
      entries[index].isListed = false
      entries[index].due = nil
      if entries[index].wanted != Exports.none {
        leaveOut(place)
      } else if entries[index].told != Exports.none {
        withdraw(place, at: now)
        rest.append(place)
        entries[index].isListed = true
        let end = historyEnd(index, at: now)
        entries[index].due = end
        earliest = Instant.earlier(earliest, end)
      } else if entries[index].owed != 0 {
        // A slow route server has not heard that it went: until then nothing else comes here.
        rest.append(place)
        entries[index].isListed = true
        entries[index].due = now + Exports.patience
        earliest = Instant.earlier(earliest, entries[index].due)
      } else {
        forget(place)
      }
    }
    pending = rest
    self.next = earliest
    fillPlaces()
    // What one rule has no room for any more leaves room for another's.
    if takeBackSurplus(at: now) { fillPlaces() }
  }

  /// It waits for a place, if only until the others of this turn were looked at.
  mutating func leaveOut(_ place: Int32) {
    let index = Int(place)
    let wanted = entries[index].wanted
    guard wanted != Exports.none, wanted != entries[index].told, !entries[index].isReserved,
      !entries[index].isLeftOut
    else { return }
    entries[index].isLeftOut = true
    leftOut[Int(wanted)] += 1
    joinLine(place)
  }

  mutating func withdraw(_ place: Int32, at now: Instant) {
    let index = Int(place)
    leaveRule(index)
    if let since = entries[index].flapsSince, now < since + Exports.flapWindow {
      entries[index].withdrawals = min(.max - 1, entries[index].withdrawals) + 1
    } else {
      entries[index].withdrawals = 1
      entries[index].flapsSince = now
    }
    changes.append(ExportSlot(index))
  }

  /// It is announced no more by the rule by which it was.
  mutating func leaveRule(_ index: Int) {
    let told = entries[index].told
    entries[index].told = Exports.none
    switch told {
    case Exports.none: return
    case Exports.former:
      formers -= 1
      total -= 1
    default:
      announced[Int(told)] -= 1
      if isAnnounced[Int(told)] { total -= 1 }
    }
  }

  private mutating func forget(_ place: Int32) {
    places[entries[Int(place)].prefix] = nil
    free.append(place)
  }
}
