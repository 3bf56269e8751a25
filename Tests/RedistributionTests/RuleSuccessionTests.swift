// Other rules take over: what they say of a route too stays as it is, and the rest is one change.

import Model
import Redistribution
import Testing

struct RuleSuccessionTests {
  private static let bird = Plan.Redistribution(
    name: "bird", origins: [Route.Origin(12)], grace: .seconds(5))
  private static let fixed = Plan.Redistribution(name: "static", origins: [Route.Origin(4)])

  /// Two routes of BIRD's and one of a person's, all announced.
  private func made(_ rules: [Plan.Redistribution] = [bird, fixed]) throws -> Table {
    let table = Table(rules)
    for route in try Self.kernel() { table.add(route) }
    table.pass(.seconds(1))
    return table
  }

  private static func kernel() throws -> [Route] {
    [
      try Table.route("10.64.1.0/24"), try Table.route("10.64.2.0/24"),
      try Table.route("10.64.3.0/24", origin: 4),
    ]
  }

  private func named(_ name: String, _ rule: Plan.Redistribution) -> Plan.Redistribution {
    var rule = rule
    rule.name = name
    return rule
  }

  @Test func theSameInAnotherOrderOrUnderAnotherNameSaysNothing() throws {
    let table = try made()
    table.follow([Self.bird, Self.fixed])
    #expect(table.pass(.seconds(60)) == [])
    table.follow([Self.fixed, named("learned", Self.bird)])
    table.list(try Self.kernel())
    #expect(table.pass(.seconds(60)) == [])
    #expect(table.exports.total == 3 && table.exports.announced == [1, 2])
    // What goes by itself has its grace under the new name too.
    table.remove(try Table.route("10.64.1.0/24"))
    #expect(table.pass(.seconds(4)) == [])
    #expect(table.pass(.seconds(2)) == ["-10.64.1.0/24"])
  }

  /// A grace is for what went by itself, not for what somebody does not want any more.
  @Test func whatNoRuleSelectsAnyMoreGoesWhenTheKernelWasListed() throws {
    let table = try made()
    table.follow([Self.fixed])
    #expect(table.pass(.seconds(60)) == [], "before that it is not known")
    #expect(table.state("10.64.1.0/24") == .former && table.state("10.64.3.0/24") == .announced)
    table.list(try Self.kernel())
    #expect(table.pass(.zero).sorted() == ["-10.64.1.0/24", "-10.64.2.0/24"])
    #expect(table.state("10.64.1.0/24") == nil)
    #expect(table.exports.total == 1 && table.exports.announced == [1])
    table.follow([])
    #expect(table.exports.total == 1)
    table.complete()
    #expect(table.pass(.zero) == ["-10.64.3.0/24"])
    #expect(table.exports.total == 0)
    #expect(table.pass(.seconds(100)) == [])
  }

  /// The same rule with a narrower filter.
  @Test func aNarrowerRuleTakesBackWhatItLeavesOut() throws {
    let table = try made()
    var narrow = Self.bird
    narrow.allow = [try .init("10.64.1.0/24", 24...24)]
    table.follow([narrow, Self.fixed])
    table.list(try Self.kernel())
    #expect(table.pass(.zero) == ["-10.64.2.0/24"])
    table.follow([Self.bird, Self.fixed])
    table.list(try Self.kernel())
    #expect(table.pass(.seconds(1)) == ["+10.64.2.0/24"])
  }

  @Test func anotherRuleThatSelectsItIsOneReplacement() throws {
    var other = named("all", Plan.Redistribution(name: "all"))
    other.prepend = 2
    let table = try made([Self.bird])
    table.follow([other])
    table.list(try Self.kernel())
    #expect(
      table.pass(.seconds(1)).sorted() == ["+10.64.1.0/24", "+10.64.2.0/24", "+10.64.3.0/24"])
    #expect(table.exports.announced == [3])
  }

  /// The old rule took the route of one table, the new one takes that of another: between them
  /// there is no moment without it.
  @Test func aRouteThatNobodyWantedBeforeKeepsThePrefix() throws {
    var other = Plan.Redistribution(name: "other", tables: [100])
    other.prepend = 1
    let table = try made([Self.bird])
    table.follow([other])
    #expect(table.pass(.seconds(2)) == [])
    table.list([try Table.route("10.64.1.0/24", table: 100)])
    let changes = table.pass(.seconds(1))
    #expect(changes.sorted() == ["+10.64.1.0/24", "-10.64.2.0/24"])
  }

  @Test func anotherWayToSayItIsSaidOnceOfEach() throws {
    let table = try made()
    var longer = Self.bird
    longer.prepend = 3
    table.follow([longer, Self.fixed])
    // The same routes match, so nothing has to be listed.
    #expect(table.pass(.zero).sorted() == ["+10.64.1.0/24", "+10.64.2.0/24"])
    #expect(table.pass(.seconds(60)) == [])
  }

  @Test func whatIsOnItsWayOutKeepsItsGrace() throws {
    let table = try made()
    table.remove(try Table.route("10.64.1.0/24"))
    table.pass(.seconds(3))
    table.follow([named("learned", Self.bird), Self.fixed])
    #expect(table.pass(.milliseconds(1_900)) == [])
    #expect(table.pass(.milliseconds(200)) == ["-10.64.1.0/24"])
    let second = try made()
    second.remove(try Table.route("10.64.1.0/24"))
    second.pass(.seconds(3))
    var slower = Self.bird
    slower.grace = .seconds(50)
    second.follow([slower, Self.fixed])
    #expect(second.pass(.milliseconds(1_900)) == [])
    #expect(second.pass(.milliseconds(200)) == ["-10.64.1.0/24"])
  }

  /// What it says of the others has changed, and what is on its way out is no part of that.
  @Test func anotherWayToSayItLeavesAGraceAlone() throws {
    let table = try made()
    table.remove(try Table.route("10.64.1.0/24"))
    table.pass(.seconds(3))
    var longer = Self.bird
    longer.prepend = 2
    table.follow([longer, Self.fixed])
    if case .leaving(let end)? = table.state("10.64.1.0/24") {
      #expect(end > table.now)
    } else {
      Issue.record("what is on its way out says so")
    }
    #expect(table.pass(.milliseconds(1_900)) == ["+10.64.2.0/24"])
    #expect(table.pass(.milliseconds(200)) == ["-10.64.1.0/24"])
  }

  /// The limit of all together is what keeps the other rule's route out.
  @Test func whatALimitTakesBackMakesRoomForAnotherRule() throws {
    let table = Table([Self.bird, Self.fixed], limit: 2)
    for route in try Self.kernel() { table.add(route) }
    table.pass(.seconds(1))
    #expect(table.exports.announced == [2, 0] && table.exports.leftOut == [0, 1])
    var tight = Self.bird
    tight.limit = 1
    table.follow([tight, Self.fixed], limit: 2)
    #expect(table.pass(.seconds(1)).sorted() == ["+10.64.3.0/24", "-10.64.2.0/24"])
    #expect(table.exports.announced == [1, 1] && table.exports.leftOut == [1, 0])
  }

  @Test func aLimitThatShrinksTakesTheLastOnesAndOneThatGrowsGivesThemBack() throws {
    let table = try made()
    var tight = Self.bird
    tight.limit = 1
    table.follow([tight, Self.fixed])
    #expect(table.pass(.zero) == ["-10.64.2.0/24"])
    #expect(table.state("10.64.2.0/24") == .leftOut)
    #expect(table.pass(.seconds(60)) == [])
    table.follow([Self.bird, Self.fixed])
    #expect(table.pass(.zero) == ["+10.64.2.0/24"])
    // More VIPs leave less for the rules together.
    table.follow([Self.bird, Self.fixed], limit: 1)
    #expect(table.pass(.zero).sorted() == ["-10.64.2.0/24", "-10.64.3.0/24"])
    #expect(table.exports.total == 1 && table.exports.leftOut == [1, 1])
  }

  /// Both stand under one key. The one that is not wanted any more is not kept, so when one of the
  /// two is replaced only the kernel knows which.
  @Test func whatNoRuleTakesAnyMoreStandsBesideTheRest() throws {
    let table = Table([Self.bird, Self.fixed])
    let (ours, other) = (
      try Table.route("10.64.1.0/24"), try Table.route("10.64.1.0/24", via: 9, origin: 4)
    )
    table.list([ours, other])
    table.follow([Self.bird])
    table.complete()
    table.add(try Table.route("10.64.1.0/24", via: 2), .instead)
    #expect(table.isAsking == true)
  }

  @Test func routeServersThatKnowNothingOfItAreToldNothing() throws {
    var exports = Exports([Self.bird], limit: 10, audiences: 2)
    exports.completed(at: .zero)
    exports.begin(PeerSlot(0), takesIPv4: true, takesIPv6: true)
    for route in try Self.kernel() { exports.learned(route, .alone, at: .zero) }
    exports.turn(at: .zero + .seconds(1))
    exports.spread()
    let said = exports.take(for: PeerSlot(0), octets: 100)
    #expect(said?.announced.first?.prefixes.count == 2)
    var next = Exports([Self.fixed], limit: 10, audiences: 2)
    let now = Instant.zero + .seconds(2)
    next.succeed(
      exports, RuleSuccession([Self.bird], [Self.fixed]), peers: [0, nil], at: now)
    next.becameStale()
    // A session that begins meanwhile, and one that asks for everything again.
    next.begin(PeerSlot(1), takesIPv4: true, takesIPv6: true)
    next.repeatAll(to: PeerSlot(0))
    #expect(next.take(for: PeerSlot(0), octets: 100) == nil)
    #expect(next.take(for: PeerSlot(1), octets: 100) == nil)
    next.beginConfirming()
    next.completed(at: now)
    next.turn(at: now)
    next.spread()
    #expect(next.take(for: PeerSlot(0), octets: 100)?.withdrawn.count == 2)
    #expect(next.take(for: PeerSlot(1), octets: 100) == nil)
  }

  // MARK: Walks

  private static let sets: [[Plan.Redistribution]] = [
    [bird, fixed],
    [fixed, Plan.Redistribution(name: "rest", limit: 3, grace: .milliseconds(300))],
    [Plan.Redistribution(name: "bird", origins: [Route.Origin(12)], prepend: 2, limit: 2)],
    [],
    [Plan.Redistribution(name: "other", tables: [100], limit: 5), bird],
  ]

  /// Whatever the rules were before: in the end it is what the last ones say.
  @Test(arguments: 1...60)
  func whateverTheRulesWereBeforeTheLastOnesCount(seed: Int) throws {
    var state = UInt64(seed)
    func pick(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
    var rules = Self.sets[0]
    let table = Table(rules)
    var kernel: [Route] = []
    for _ in 0..<300 {
      switch pick(9) {
      case 0...3:
        let route = try Table.route(
          "10.64.\(pick(12)).0/24", table: pick(4) == 0 ? 100 : 254,
          origin: pick(3) == 0 ? 4 : 12)
        if kernel.contains(route) { continue }
        kernel.append(route)
        table.add(route)
      case 4...5:
        if kernel.isEmpty { continue }
        table.remove(kernel.remove(at: pick(kernel.count)))
      case 6:
        rules = Self.sets[pick(Self.sets.count)]
        table.follow(rules, limit: 8)
        // News may come before the listing.
        if pick(2) == 0, !kernel.isEmpty { table.remove(kernel.removeLast()) }
        table.list(kernel)
      case 7: #expect(table.transplant(rules, limit: 8))
      default: table.pass(.milliseconds(Int64(pick(400))))
      }
    }
    table.pass(.seconds(120))
    let wanted = Set(
      kernel.filter { route in rules.contains { $0.matches(route) } }.map(\.destination))
    let views = table.exports.views(at: table.now).views
    #expect(Set(views.map(\.prefix)) == wanted)
    #expect(views.count { $0.state == .announced } == table.told.count)
    #expect(table.exports.total == table.told.count)
    let isFull = zip(table.exports.announced, rules).map { $0 >= $1.limit }
    for view in views {
      #expect(view.state == .announced || view.state == .leftOut, "\(view)")
      if view.state == .leftOut {
        let rule = try #require(view.rule).index
        #expect(table.exports.total == 8 || isFull[rule], "\(view)")
        continue
      }
      let first = rules.firstIndex { rule in
        kernel.contains { $0.destination == view.prefix && rule.matches($0) }
      }
      // By another rule only where the first has no room.
      #expect(view.rule?.index == first || first.map { isFull[$0] } ?? false, "\(view)")
    }
  }
}
