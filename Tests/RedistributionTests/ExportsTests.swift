// One rule at a time: what is announced, when, and what is held back.

import Model
import Redistribution
import Testing

struct ExportsTests {
  private static let delay = Plan.Redistribution.usualDelay
  private static let branches = Plan.Redistribution(name: "branches")

  @Test func whatMatchesIsAnnouncedAfterTheDelay() throws {
    let table = Table([Self.branches])
    table.add(try Table.route("10.64.1.0/24"))
    #expect(table.pass(Self.delay - .milliseconds(1)).isEmpty)
    #expect(table.pass(.milliseconds(1)) == ["+10.64.1.0/24"])
    #expect(table.state("10.64.1.0/24") == .announced)
    table.remove(try Table.route("10.64.1.0/24"))
    #expect(table.pass(Self.delay) == ["-10.64.1.0/24"])
    #expect(table.exports.total == 0)
  }

  @Test func whatComesAndGoesWithinTheDelayIsNothing() throws {
    let table = Table([Self.branches])
    let route = try Table.route("10.64.1.0/24")
    table.add(route)
    table.remove(route)
    #expect(table.pass(.seconds(1)).isEmpty)
    table.add(route)
    table.pass(Self.delay)
    // Deleted and made anew: the daemon that did it thinks of it as one change, and so do we.
    table.remove(route)
    table.add(try Table.route("10.64.1.0/24", via: 2))
    #expect(table.pass(.seconds(1)).isEmpty)
    table.add(try Table.route("10.64.1.0/24", via: 3), .instead)
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.exports.total == 1)
  }

  /// A routing daemon that has heard of many routes installs them one by one. Each with a wait of
  /// its own, they would leave one by one as well.
  @Test func whatComesOneByOneLeavesTogether() throws {
    let table = Table([Self.branches])
    var tellings = 0
    for number in 0..<300 {
      table.add(try Table.route("10.\(64 + number / 256).\(number % 256).0/24"))
      if !table.pass(.microseconds(100)).isEmpty { tellings += 1 }
    }
    if !table.pass(Self.delay).isEmpty { tellings += 1 }
    #expect(table.exports.total == 300)
    // Thirty milliseconds and the last wait, twice in each delay.
    #expect((3...8).contains(tellings))
  }

  @Test func aPrefixIsThereWhileOneOfItsRoutesIs() throws {
    let table = Table([Self.branches])
    table.add(try Table.route("10.64.1.0/24", metric: 10))
    table.add(try Table.route("10.64.1.0/24", metric: 20))
    table.pass(Self.delay)
    table.remove(try Table.route("10.64.1.0/24", metric: 10))
    #expect(table.pass(.seconds(1)).isEmpty)
    table.remove(try Table.route("10.64.1.0/24", metric: 20))
    #expect(table.pass(.seconds(1)) == ["-10.64.1.0/24"])
  }

  @Test func onlyWhatMatches() throws {
    let rule = Plan.Redistribution(
      name: "r", tables: [254, 100], origins: [Route.Origin(12)],
      allow: [try .init("10.64.0.0/12", 12...24), try .init("fd00::/8", 8...48)],
      deny: [try .init("10.65.0.0/16", 16...32)], metrics: 0...100)
    let table = Table([rule])
    for (text, isTaken) in [
      ("10.64.1.0/24", true), ("10.64.1.0/25", false), ("10.65.1.0/24", false),
      ("10.80.0.0/16", false), ("10.64.0.0/12", true), ("10.0.0.0/8", false),
      ("fd00:1::/48", true), ("fd00:1::/64", false), ("0.0.0.0/0", false),
    ] {
      table.add(try Table.route(text))
      #expect(table.pass(Self.delay).isEmpty != isTaken, "\(text)")
    }
    for other in [
      try Table.route("10.66.0.0/16", table: 255), try Table.route("10.66.0.0/16", origin: 2),
      try Table.route("10.66.0.0/16", metric: 101), try Table.route("10.66.0.0/16", kind: 6),
    ] {
      table.add(other)
      #expect(table.pass(Self.delay).isEmpty, "\(other)")
    }
    let all = Plan.Redistribution(name: "all", includesDefault: true)
    let open = Table([all])
    open.add(try Table.route("0.0.0.0/0"))
    #expect(open.pass(Self.delay) == ["+0.0.0.0/0"])
  }

  /// The first rule of the Plan counts, and another one's word is a replacement.
  @Test func anotherRuleIsOneChange() throws {
    let static4 = Plan.Redistribution(name: "static", origins: [Route.Origin(4)])
    let table = Table([static4, Self.branches])
    table.add(try Table.route("10.64.1.0/24", origin: 12))
    #expect(table.pass(Self.delay) == ["+10.64.1.0/24"])
    table.add(try Table.route("10.64.1.0/24", via: 9, origin: 4), .instead)
    #expect(table.pass(Self.delay) == ["+10.64.1.0/24"])
    #expect(table.told.values.map { $0 } == [0])
    #expect(table.exports.announced == [1, 0])
  }

  @Test func graceKeepsWhatIsGone() throws {
    let rule = Plan.Redistribution(name: "r", grace: .seconds(10))
    let table = Table([rule])
    let route = try Table.route("10.64.1.0/24")
    table.add(route)
    table.pass(Self.delay)
    table.remove(route)
    #expect(table.pass(.seconds(9)).isEmpty)
    guard case .leaving = table.state("10.64.1.0/24") else {
      Issue.record("\(String(describing: table.state("10.64.1.0/24")))")
      return
    }
    table.add(route)
    #expect(table.pass(.seconds(60)).isEmpty)
    table.remove(route)
    #expect(table.pass(.seconds(10)) == ["-10.64.1.0/24"])
  }

  // MARK: Flaps

  @Test func aRouteThatFlapsHasToRest() throws {
    let table = Table([Self.branches])
    let route = try Table.route("10.64.1.0/24")
    for _ in 0..<Exports.flaps {
      table.add(route)
      #expect(table.pass(.seconds(1)) == ["+10.64.1.0/24"])
      table.remove(route)
      #expect(table.pass(.seconds(1)) == ["-10.64.1.0/24"])
    }
    table.add(route)
    #expect(table.pass(Exports.rest - .milliseconds(1)).isEmpty)
    guard case .damped = table.state("10.64.1.0/24") else {
      Issue.record("\(String(describing: table.state("10.64.1.0/24")))")
      return
    }
    #expect(table.pass(.milliseconds(1)) == ["+10.64.1.0/24"])
  }

  @Test func whatGoesWhileItRestsBeginsAnew() throws {
    let table = Table([Self.branches])
    let route = try Table.route("10.64.1.0/24")
    for _ in 0..<Exports.flaps {
      table.add(route)
      table.pass(.seconds(1))
      table.remove(route)
      table.pass(.seconds(1))
    }
    table.add(route)
    table.pass(Exports.rest / 2)
    table.remove(route)
    table.add(route)
    #expect(table.pass(Exports.rest - .milliseconds(1)).isEmpty)
    #expect(table.pass(.milliseconds(1)) == ["+10.64.1.0/24"])
  }

  @Test func whatFlapsSlowlyIsNotHeldBack() throws {
    let table = Table([Self.branches])
    let route = try Table.route("10.64.1.0/24")
    for _ in 0..<10 {
      table.add(route)
      #expect(table.pass(.seconds(1)) == ["+10.64.1.0/24"])
      table.remove(route)
      #expect(table.pass(Exports.flapWindow) == ["-10.64.1.0/24"])
    }
    table.pass(Exports.flapWindow)
    #expect(table.exports.views(at: table.now).views.isEmpty)
  }

  // MARK: Limits

  @Test func whatThereIsNoRoomForIsLeftOutInOrder() throws {
    let table = Table([Plan.Redistribution(name: "r", limit: 2)])
    for text in ["10.64.3.0/24", "10.64.1.0/24", "10.64.0.0/16", "10.64.2.0/24"] {
      table.add(try Table.route(text))
    }
    #expect(table.pass(Self.delay) == ["+10.64.0.0/16", "+10.64.1.0/24"])
    #expect(table.state("10.64.2.0/24") == .leftOut && table.state("10.64.3.0/24") == .leftOut)
    #expect(table.exports.leftOut == [2])
    // A shorter one that comes later does not push anybody out.
    table.add(try Table.route("10.0.0.0/8"))
    #expect(table.pass(Self.delay).isEmpty)
    table.remove(try Table.route("10.64.1.0/24"))
    #expect(table.pass(Self.delay) == ["-10.64.1.0/24", "+10.0.0.0/8"])
    table.remove(try Table.route("10.64.2.0/24"))
    table.pass(Self.delay)
    #expect(table.exports.leftOut == [1])
  }

  /// However long the kernel takes to list them, and in whatever order: the places go to the same.
  @Test func theOrderOfAListingGivesNobodyAPlace() throws {
    let table = Table([Plan.Redistribution(name: "r", limit: 2)], isComplete: false)
    for text in ["10.64.3.0/24", "10.64.2.0/24", "10.64.1.0/24", "10.64.0.0/16"] {
      table.add(try Table.route(text))
      #expect(table.pass(Self.delay * 2).isEmpty)
    }
    table.complete()
    #expect(table.pass(Self.delay) == ["+10.64.0.0/16", "+10.64.1.0/24"])
  }

  @Test func allRulesTogetherHaveALimit() throws {
    let static4 = Plan.Redistribution(name: "static", origins: [Route.Origin(4)])
    let table = Table([static4, Self.branches], limit: 1)
    table.add(try Table.route("10.64.1.0/24", origin: 4))
    table.add(try Table.route("10.64.2.0/24"))
    #expect(table.pass(Self.delay) == ["+10.64.1.0/24"])
    #expect(table.exports.leftOut == [0, 1] && table.exports.total == 1)
  }

  /// It keeps what was announced, which is better than nothing, and moves when there is room.
  @Test func whatMovesToAFullRuleFollowsLater() throws {
    let static4 = Plan.Redistribution(name: "static", origins: [Route.Origin(4)], limit: 1)
    let table = Table([static4, Self.branches])
    table.add(try Table.route("10.64.1.0/24", origin: 4))
    table.add(try Table.route("10.64.2.0/24"))
    table.pass(Self.delay)
    table.add(try Table.route("10.64.2.0/24", origin: 4), .instead)
    #expect(table.pass(Self.delay).isEmpty)
    #expect(table.exports.leftOut == [1, 0])
    #expect(table.exports.announced == [1, 1])
    table.remove(try Table.route("10.64.1.0/24", origin: 4))
    #expect(table.pass(Self.delay) == ["-10.64.1.0/24", "+10.64.2.0/24"])
    #expect(table.exports.leftOut == [0, 0])
    #expect(table.exports.announced == [1, 0])
  }

  /// Each that moves makes room for the next one.
  @Test func aChainOfMovesIsOneTurn() throws {
    let rules = [4, 12, 16].map {
      Plan.Redistribution(name: "r\($0)", origins: [Route.Origin($0)], limit: 1)
    }
    let table = Table(rules)
    for (text, origin) in [("10.64.3.0/24", 4), ("10.64.2.0/24", 12), ("10.64.1.0/24", 16)] {
      table.add(try Table.route(text, origin: UInt8(origin)))
    }
    table.pass(Self.delay)
    table.add(try Table.route("10.64.2.0/24", origin: 4), .instead)
    table.add(try Table.route("10.64.1.0/24", origin: 12), .instead)
    #expect(table.pass(Self.delay).isEmpty)
    table.remove(try Table.route("10.64.3.0/24", origin: 4))
    #expect(
      table.pass(Self.delay) == ["-10.64.3.0/24", "+10.64.2.0/24", "+10.64.1.0/24"])
    #expect(table.exports.leftOut == [0, 0, 0])
  }

  // MARK: Losses

  @Test func nothingChangesOnAStaleView() throws {
    let table = Table([Self.branches], isComplete: false)
    let kept = try Table.route("10.64.1.0/24")
    let gone = try Table.route("10.64.2.0/24")
    table.list([kept, gone])
    #expect(table.pass(Self.delay) == ["+10.64.1.0/24", "+10.64.2.0/24"])
    table.stale()
    table.remove(kept)
    #expect(table.exports.deadline == nil)
    let new = try Table.route("10.64.3.0/24")
    table.list([kept, new])
    #expect(table.pass(Self.delay) == ["-10.64.2.0/24", "+10.64.3.0/24"])
  }

  /// IPv6 routes lose one next hop of several; what is left the kernel tells only when it is asked.
  @Test func aLossThatIsNotUnderstoodIsADoubt() throws {
    let table = Table([Self.branches])
    table.add(try Table.route("10.64.1.0/24", via: 1))
    table.remove(try Table.route("10.64.1.0/24", via: 2))
    #expect(table.exports.isDoubtful)
    table.list([try Table.route("10.64.1.0/24", via: 3)])
    #expect(!table.exports.isDoubtful)
    #expect(table.pass(Self.delay) == ["+10.64.1.0/24"])
  }
}
