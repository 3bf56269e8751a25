// A new Plan takes the place of an old one: who was told what stays true, whatever the rules are.

package import Model

/// What the rules of one Plan are to those of the Plan before.
package struct RuleSuccession: Equatable, Sendable {
  /// By rule of old: the one of now with its name, or that differs from it in nothing but the name.
  package let byName: [Int?]
  /// By rule of old: those of now that say the same of a route.
  private let saysSame: [Set<Int>]
  /// The same routes match the same rules: what was of no use before is of none now.
  package let selectsSame: Bool
  package let isSame: Bool

  package init(from old: Plan, to new: Plan) {
    let rules = new.redistributions
    byName = RuleSuccession.places(old.redistributions, rules)
    let sayings = rules.map { Saying($0, of: new) }
    saysSame = old.redistributions.map { rule in
      let saying = Saying(rule, of: old)
      return Set(sayings.indices.filter { sayings[$0] == saying })
    }
    selectsSame =
      old.redistributions.map { Selection($0, of: old) } == rules.map { Selection($0, of: new) }
    isSame = old.redistributions == rules && old.local.nextHops == new.local.nextHops
  }

  /// For rooms that know no Plan: rules that say the same.
  package init(_ old: [Plan.Redistribution], _ new: [Plan.Redistribution]) {
    byName = RuleSuccession.places(old, new)
    saysSame = old.map { rule in
      Set(new.indices.filter { Saying(rule, nil) == Saying(new[$0], nil) })
    }
    selectsSame = old.map { Selection($0, true) } == new.map { Selection($0, true) }
    isSame = old == new
  }

  private static func places(
    _ old: [Plan.Redistribution], _ new: [Plan.Redistribution]
  ) -> [Int?] {
    let names = Set(old.map(\.name))
    return old.map { rule in
      new.firstIndex { $0.name == rule.name }
        ?? new.firstIndex { other in
          var renamed = rule
          renamed.name = other.name
          return renamed == other && !names.contains(other.name)
        }
    }
  }

  func saysSame(_ old: Int, _ new: Int) -> Bool { saysSame[old].contains(new) }

  func first(like old: Int) -> Int? { saysSame[old].min() }

  /// What route servers are told of a route; nil: nothing.
  private struct Saying: Equatable {
    let nextHops: NextHopAddresses?
    let rung: Rung?
    let attributes: RouteAttributes?

    init(_ rule: Plan.Redistribution, of plan: Plan) { self.init(rule, plan.nextHops(of: rule)) }

    init(_ rule: Plan.Redistribution, _ hops: NextHopAddresses?) {
      nextHops = rule.isAnnounced ? hops ?? rule.nextHop : nil
      rung = rule.isAnnounced ? rule.rung : nil
      attributes = rule.isAnnounced ? rule.attributes : nil
    }
  }

  /// Which routes match.
  private struct Selection: Equatable {
    var rule: Plan.Redistribution
    let carriesIPv6: Bool

    init(_ rule: Plan.Redistribution, of plan: Plan) {
      self.init(rule, plan.nextHops(of: rule).ipv6 != nil)
    }

    init(_ rule: Plan.Redistribution, _ carriesIPv6: Bool) {
      self.carriesIPv6 = carriesIPv6
      self.rule = rule
      (self.rule.name, self.rule.nextHop, self.rule.prepend) = ("", nil, 0)
      (self.rule.attributes, self.rule.limit, self.rule.tablesMode) = (.none, 0, nil)
      (self.rule.grace, self.rule.delay) = (.zero, .zero)
    }
  }
}

extension Exports {
  /// Goes on where another stood. `peers` says by route server of now which it was before; nil:
  /// nothing of what is told to it now was told before.
  ///
  /// What is announced stays so until the first turn in which the kernel's routes are known: then
  /// each prefix is what the rules of now say, by one change. Before that nothing is taken back,
  /// since a route that nobody wanted before may be the one that matters now.
  package mutating func succeed(
    _ old: Exports, _ succession: RuleSuccession, peers: [Int?], at now: Instant
  ) {
    (entries, free, places) = (old.entries, old.free, old.places)
    (routes, company) = (old.routes, old.company)
    (pending, next, changes) = (old.pending, old.next, old.changes)
    (isComplete, isDoubtful) = (old.isComplete, old.isDoubtful)
    overflows = old.overflows
    for (peer, before) in peers.enumerated() {
      if let before { audiences[peer] = old.audiences[before] }
    }
    for place in entries.indices {
      entries[place].owed = Exports.mask(entries[place].owed, peers)
      entries[place].known = Exports.mask(entries[place].known, peers)
      if entries[place].told != Exports.none || entries[place].wanted != Exports.none {
        follow(place, succession, old, at: now)
      }
      reserve(place, at: now)
    }
    rebuildLines()
    if !succession.isSame || isOverfull { next = now }
    // Without a rule nothing is asked of the kernel, and nothing has to be known of it.
    if rules.isEmpty { (isComplete, isDoubtful, overflows) = (true, false, 0) }
  }

  private static func mask(_ mask: UInt8, _ peers: [Int?]) -> UInt8 {
    var result: UInt8 = 0
    for (peer, before) in peers.enumerated() {
      if let before, mask & 1 << UInt8(before) != 0 { result |= 1 << UInt8(peer) }
    }
    return result
  }

  /// One prefix under the rules of now.
  private mutating func follow(
    _ place: Int, _ succession: RuleSuccession, _ old: Exports, at now: Instant
  ) {
    let before = entries[place]
    if !succession.isSame {
      let (rules, carriesIPv6) = (rules, carriesIPv6)
      routes.rejudge(of: &entries[place].routes) { item in
        let route = item.route(to: before.prefix)
        return Exports.rule(for: route, of: rules, carriesIPv6).map(Int32.init) ?? Exports.none
      }
    }
    let wanted = routes.firstRule(of: entries[place].routes)
    let told = told(before, wanted, succession, old)
    (entries[place].wanted, entries[place].told) = (wanted, told)
    count(told)
    entries[place].since = wanted == Exports.none ? nil : before.since ?? now
    if before.isLeftOut {
      entries[place].isLeftOut = wanted != Exports.none && wanted != told
      if entries[place].isLeftOut { leftOut[Int(wanted)] += 1 }
    }
    if told == Exports.former {
      // What was on its way out before stays as long as it would have.
      let isLeaving = wanted == Exports.none && before.wanted == Exports.none
      if isLeaving, before.due != nil { return }
      return schedule(Int32(place), now)
    }
    guard wanted != told else {
      if wanted != Exports.none {
        entries[place].due = nil
      } else if before.told != Exports.none || before.wanted != Exports.none {
        schedule(Int32(place), historyEnd(place, at: now))
      }
      return
    }
    // What waits already, to be told or for a place, does not wait longer.
    if before.due != nil || entries[place].isLeftOut { return }
    schedule(Int32(place), due(place, at: now))
  }

  /// By which rule of now a prefix is announced as it was announced before.
  private func told(
    _ before: Entry, _ wanted: Int32, _ succession: RuleSuccession, _ old: Exports
  ) -> Int32 {
    guard before.told >= 0 else { return before.told }
    let rule = Int(before.told)
    // What no rule selects any more goes without a grace: that is for what went by itself.
    let isDropped = wanted == Exports.none && before.wanted != Exports.none
    if !isDropped {
      if let same = succession.byName[rule], succession.saysSame(rule, same) { return Int32(same) }
      if wanted != Exports.none, succession.saysSame(rule, Int(wanted)) { return wanted }
      // On its way out, or without a place under the rule that it should follow, it stays for now.
      let isWaiting = wanted == Exports.none || before.isLeftOut
      if isWaiting, let same = succession.first(like: rule) { return Int32(same) }
    }
    return old.isAnnounced[rule] ? Exports.former : Exports.none
  }

  private mutating func count(_ told: Int32) {
    switch told {
    case Exports.none: return
    case Exports.former:
      formers += 1
      total += 1
    default:
      announced[Int(told)] += 1
      if isAnnounced[Int(told)] { total += 1 }
    }
  }

  /// A prefix may be of a VIP now, or of none any more.
  private mutating func reserve(_ place: Int, at now: Instant) {
    let isReserved = reserved.contains(entries[place].prefix)
    guard isReserved != entries[place].isReserved else { return }
    entries[place].isReserved = isReserved
    if isReserved {
      if entries[place].isLeftOut { unlist(place, rule: entries[place].wanted) }
      guard entries[place].told != Exports.none else { return }
      leaveRule(place)
      // What the VIP says takes the place of what was said; nothing has to be taken back.
      entries[place].known = 0
    } else if entries[place].wanted != Exports.none {
      schedule(Int32(place), now)
    }
  }

  // MARK: More than there is room for

  /// Less may be announced than under the Plan before.
  private var isOverfull: Bool {
    total > limit || rules.indices.contains { announced[$0] > rules[$0].limit }
  }

  /// After every prefix had its turn: what there is no room for any more is taken back, and waits
  /// like any other. Who would have got a place last loses it first. The answer is whether anything
  /// was.
  mutating func takeBackSurplus(at now: Instant) -> Bool {
    let before = total
    if formers > 0 {
      for place in entries.indices
      where entries[place].told == Exports.former && entries[place].due == nil {
        takeBack(place, at: now)
      }
    }
    guard isOverfull else { return total < before }
    for rule in rules.indices where announced[rule] > rules[rule].limit {
      let last = inOrder { $0.told == Int32(rule) }.suffix(announced[rule] - rules[rule].limit)
      for place in last { takeBack(place, at: now) }
    }
    if total > limit {
      let last = inOrder { $0.told >= 0 && isAnnounced[Int($0.told)] }.suffix(total - limit)
      for place in last { takeBack(place, at: now) }
    }
    return total < before
  }

  private func inOrder(_ isMeant: (Entry) -> Bool) -> [Int] {
    entries.indices.filter { isMeant(entries[$0]) }.sorted {
      let (one, other) = (entries[$0].prefix, entries[$1].prefix)
      return (one.length, one.address) < (other.length, other.address)
    }
  }

  private mutating func takeBack(_ place: Int, at now: Instant) {
    let wanted = entries[place].wanted
    if entries[place].isLeftOut { unlist(place, rule: wanted) }
    withdraw(Int32(place), at: now)
    if wanted == Exports.none {
      schedule(Int32(place), historyEnd(place, at: now))
    } else {
      entries[place].due = nil
      leaveOut(Int32(place))
    }
  }
}

extension RouteList.Item {
  /// As much of it as a rule asks for.
  fileprivate func route(to destination: Prefix) -> Route {
    Route(
      destination: destination, table: table, origin: Route.Origin(origin),
      kind: Route.Kind(kind), metric: metric)
  }
}
