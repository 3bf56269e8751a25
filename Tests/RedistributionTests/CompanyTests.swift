// Routes that no rule takes beside one that a rule takes: whom a replacement concerned.

import Model
import Redistribution
import Testing

struct CompanyTests {
  private static let rules = [Plan.Redistribution(name: "bird", origins: [Route.Origin(12)])]
  private static let prefix = "10.64.1.0/24"

  private func ours(via gateway: UInt8 = 1, _ prefix: String = prefix) throws -> Route {
    try Table.route(prefix, via: gateway)
  }

  private func stranger(via gateway: UInt8 = 9, metric: UInt32 = 0) throws -> Route {
    try Table.route(Self.prefix, via: gateway, origin: 4, metric: metric)
  }

  /// The stranger was replaced, and the first route of ours is there until the kernel is asked.
  @Test func whoComesBesideAStrangerIsNotAlone() throws {
    let table = Table(Self.rules)
    table.add(try stranger(), .alone)
    table.add(try ours(), .beside)
    table.add(try ours(via: 2), .instead)
    #expect(table.isAsking == true)
    table.stale()
    table.remove(try ours(via: 2))
    table.list([try ours()])
    table.pass(.seconds(1))
    #expect(table.told.count == 1)
  }

  @Test func aStrangerThatComesLaterIsCompany() throws {
    let table = Table(Self.rules)
    table.add(try ours(), .alone)
    table.add(try stranger(), .beside)
    #expect(table.transplant(Self.rules))
    table.add(try ours(via: 2), .instead)
    #expect(table.isAsking == true)
  }

  /// Nothing but one route of ours is there, so a replacement concerns it, whoever comes.
  @Test func whoIsAloneIsReplacedWithoutAQuestion() throws {
    let table = Table(Self.rules)
    table.add(try ours(), .alone)
    table.add(try ours(via: 2), .instead)
    // Another metric is another key.
    table.add(try stranger(metric: 5), .alone)
    table.pass(.seconds(1))
    #expect(table.told.count == 1)
    table.add(try stranger(), .instead)
    #expect(table.isAsking == false)
    #expect(table.pass(.seconds(1)) == ["-10.64.1.0/24"])
    // And of the stranger that it replaces nobody else is known.
    table.add(try ours(via: 3), .instead)
    #expect(table.isAsking == false)
    #expect(table.pass(.seconds(1)) == ["+10.64.1.0/24"])
  }

  @Test func aListingSaysWhoIsBesideWhom() throws {
    for (list, isAsking) in [
      ([try ours()], false), ([try stranger(), try ours()], true),
      ([try ours(), try stranger()], true), ([try stranger(metric: 5), try ours()], false),
    ] {
      let table = Table(Self.rules)
      // What an earlier listing showed does not count any more.
      table.list([try stranger(), try ours()])
      table.list(list)
      #expect(table.transplant(Self.rules))
      table.add(try ours(via: 2), .instead)
      #expect(table.isAsking == isAsking, "\(list)")
    }
  }

  /// It was taken away again as far as the news says, and a listing may show it all the same.
  @Test func aStrangerOfWhichLaterNewsSaysMoreIsCompany() throws {
    let table = Table(Self.rules, isComplete: false)
    table.pass(try stranger())
    table.add(try ours(), .listed)
    table.complete()
    table.add(try ours(via: 2), .instead)
    #expect(table.isAsking == true)
  }

  /// In IPv6 what comes beside another becomes a next hop of it, and both go with one word.
  @Test func whatGrowsInIPv6IsAskedFor() throws {
    let prefix = try #require(Prefix("2001:db8:1::/48"))
    func route(_ gateways: [UInt64], origin: UInt8 = 12) -> Route {
      Self.route(prefix, gateways, origin: origin)
    }
    let table = Table(Self.rules)
    table.add(route([1]), .alone)
    table.add(route([2, 1]), .beside)
    #expect(table.isAsking == true)
    table.stale()
    table.list([route([1, 2])])
    table.pass(.seconds(1))
    #expect(table.told.count == 1)
    // The listing has shown it anew, and may have passed over others of its key.
    table.remove(route([1, 2]))
    #expect(table.isAsking == true)
    table.stale()
    table.list([])
    #expect(table.pass(.seconds(1)) == ["-2001:db8:1::/48"])
    // A stranger's word may mean a next hop of ours.
    table.add(route([1]), .alone)
    table.add(route([3, 1], origin: 4), .beside)
    table.remove(route([3], origin: 4))
    #expect(table.isAsking == true)
  }

  /// Without a gateway it leads into the interface alone, and is no next hop of anybody's.
  private static func route(_ prefix: Prefix, _ gateways: [UInt64], origin: UInt8 = 12) -> Route {
    var hops = NextHops()
    for low in gateways {
      hops.add(
        NextHop(
          gateway: .v6(IPv6Address(high: 0xfe80 << 48, low: low)), interface: InterfaceIndex(2)))
    }
    if gateways.isEmpty { hops.add(NextHop(gateway: nil, interface: InterfaceIndex(2))) }
    return Route(
      destination: prefix, table: 254, origin: Route.Origin(origin), kind: .unicast, metric: 20,
      nextHops: hops)
  }

  /// A dump passes over what stands between two next hops of one route: not listed is not gone.
  @Test(arguments: [12, 4])
  func aListingMayPassOverOneOfAnotherManner(origin: UInt8) throws {
    let prefix = try #require(Prefix("2001:db8:1::/48"))
    let group = Self.route(prefix, [1, 2], origin: origin)
    let table = Table(Self.rules)
    table.add(Self.route(prefix, [1], origin: origin), .alone)
    table.add(Self.route(prefix, []), .beside)
    table.pass(.seconds(1))
    table.stale()
    table.list([group])
    #expect(table.transplant(Self.rules))
    #expect(table.pass(.seconds(1)).isEmpty)
    table.remove(group)
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.told.count == 1)
    // When nothing hides it, it is gone if it is not listed.
    table.stale()
    table.list([])
    #expect(table.pass(.seconds(1)) == ["-2001:db8:1::/48"])
  }

  /// What an earlier listing may have passed over is asked for when that one goes, and once.
  @Test func whatAListingMayHaveHiddenIsAskedForOnce() throws {
    let prefix = try #require(Prefix("2001:db8:1::/48"))
    let table = Table(Self.rules, isComplete: false)
    table.list([Self.route(prefix, [1, 2])])
    table.pass(.seconds(1))
    // What replaces it stands around the same, which a listing would pass over too.
    table.add(Self.route(prefix, [1, 3]), .instead)
    table.add(Self.route(prefix, [1, 4]), .instead)
    #expect(table.isAsking == false)
    #expect(table.transplant(Self.rules))
    table.remove(Self.route(prefix, [1, 4]))
    #expect(table.isAsking == true)
    table.stale()
    table.list([Self.route(prefix, [])])
    table.pass(.seconds(1))
    #expect(table.told.count == 1)
    table.add(Self.route(prefix, [5]), .instead)
    #expect(table.isAsking == false)
    // One next hop alone hides nothing.
    table.stale()
    table.list([Self.route(prefix, [1, 2])])
    table.add(Self.route(prefix, [5]), .instead)
    #expect(table.isAsking == true)
    table.stale()
    table.list([Self.route(prefix, [5])])
    table.remove(Self.route(prefix, [5]))
    #expect(table.isAsking == false)
    #expect(table.pass(.seconds(1)) == ["-2001:db8:1::/48"])
  }

  /// It was listed, and then said by news that had come before.
  @Test func whatWasListedBeforeItsNewsMayHideToo() throws {
    let prefix = try #require(Prefix("2001:db8:1::/48"))
    let table = Table(Self.rules, isComplete: false)
    table.add(Self.route(prefix, [1, 2]), .alone)
    table.pass(Self.route(prefix, [1, 2]))
    table.complete()
    table.remove(Self.route(prefix, [1, 2]))
    #expect(table.isAsking == true)
  }

  /// A route of several next hops takes the place of another such, never of what stands between.
  @Test func aReplacementConcernsOneOfItsManner() throws {
    let prefix = try #require(Prefix("2001:db8:1::/48"))
    let table = Table(Self.rules)
    table.add(Self.route(prefix, [1, 2]), .alone)
    table.add(Self.route(prefix, []), .beside)
    table.add(Self.route(prefix, [1, 3]), .instead)
    #expect(table.isAsking == false)
    table.pass(.seconds(1))
    table.remove(Self.route(prefix, [1, 3]))
    #expect(table.isAsking == false)
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.told.count == 1)
  }

  /// Its own going may have been lost with other news: who knows is the kernel, when nothing hides
  /// it any more.
  @Test func whatWasKeptUnseenIsAskedForWhenNothingHidesIt() throws {
    let prefix = try #require(Prefix("2001:db8:1::/48"))
    let (group, apart) = (Self.route(prefix, [1, 2]), Self.route(prefix, []))
    for next in [nil, Self.route(prefix, [5])] {
      let table = Table(Self.rules)
      table.add(group, .alone)
      table.add(apart, .beside)
      table.stale()
      table.list([group])
      if let next { table.add(next, .instead) } else { table.remove(group) }
      #expect(table.isAsking == true)
      table.stale()
      table.list(next.map { [$0] } ?? [])
      if let next { table.remove(next) }
      #expect(table.isAsking == false)
      table.pass(.seconds(1))
      #expect(table.told.isEmpty)
    }
  }
}
