// A kernel with more routes than are kept: what is kept stays, and what was refused is asked for.

import Model
import Redistribution
import Testing

struct OverflowTests {
  private static let limit = Exports.routeLimit

  /// A list that is full, of which only the first prefix is announced.
  private func full() throws -> Table {
    let table = Table([Plan.Redistribution(name: "r", limit: 1)], limit: 1)
    for number in 0..<Self.limit { table.add(try route(number)) }
    table.pass(Plan.Redistribution.usualDelay)
    return table
  }

  private func route(_ number: Int, via gateway: UInt8 = 1) throws -> Route {
    var route = try Table.route("10.0.0.0/8", via: gateway)
    route.destination = try #require(
      Prefix(.v4(IPv4Address(bits: 0x0a00_0000 + UInt32(number))), length: 32))
    return route
  }

  @Test func whatIsKeptIsBounded() throws {
    let table = try full()
    for number in 0..<5 { table.add(try route(Self.limit + number)) }
    #expect(table.exports.overflows == 5)
    #expect(table.exports.slotCount == Self.limit)
  }

  /// While nothing is decided, prefixes that come and go are kept all the same; not without end.
  @Test func prefixesAreBoundedWhileNothingIsDecided() throws {
    let limit = 1_000
    let table = Table([Plan.Redistribution(name: "r", limit: 1)], limit: 1, prefixLimit: limit)
    table.stale()
    for number in 0..<limit + 5 {
      let route = try route(number)
      table.add(route)
      table.remove(route)
    }
    #expect(table.exports.slotCount == limit)
    #expect(table.exports.overflows == 5)
    // They have no route and no history.
    table.complete()
    table.pass(.seconds(1))
    table.add(try route(limit + 9))
    #expect(table.exports.slotCount == limit)
    #expect(table.exports.overflows == 5)
  }

  /// Of many thousands that wait for a place each change looks at a few, and what waits no more
  /// does not stay in their line.
  @Test func whoWaitsForAPlaceIsInALineOfItsOwn() throws {
    let table = Table([Plan.Redistribution(name: "r", limit: 2)], limit: 2)
    let count = 20_000
    for number in 0..<count { table.add(try route(number)) }
    #expect(table.pass(Plan.Redistribution.usualDelay) == ["+10.0.0.0/32", "+10.0.0.1/32"])
    // The third in line has gone, and one of the two that have a place.
    table.remove(try route(2))
    table.remove(try route(0))
    #expect(table.pass(Plan.Redistribution.usualDelay) == ["-10.0.0.0/32", "+10.0.0.3/32"])
    for number in 4..<count { table.remove(try route(number)) }
    table.pass(Plan.Redistribution.usualDelay)
    #expect(table.exports.leftOut == [0])
    #expect(table.exports.lineLength < 2_000)
  }

  @Test func anAnswerShowsTheFirst() throws {
    let table = Table([Plan.Redistribution(name: "r", limit: 2)], limit: 2)
    for number in (0..<50).reversed() { table.add(try route(number)) }
    table.pass(Plan.Redistribution.usualDelay)
    let (views, omitted) = table.exports.views(at: table.now, limit: 10) { $0.state == .leftOut }
    #expect(try views.map(\.prefix) == (2..<12).map { try route($0).destination })
    #expect(omitted == 38)
  }

  @Test func aFullListIsConfirmed() throws {
    let table = try full()
    table.stale()
    table.list(try (0..<Self.limit).map { try route($0) })
    #expect(table.exports.overflows == 0)
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.told.count == 1)
  }

  /// A next hop that changed unheard is a new route of a prefix that is still there.
  @Test func anotherNextHopTakesThePlaceOfTheOld() throws {
    let table = try full()
    table.stale()
    table.list(try (0..<Self.limit).map { try route($0, via: 2) })
    #expect(table.exports.overflows == 0)
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.told.count == 1)
  }

  @Test func whatWasRefusedIsAskedForWhenThereIsRoom() throws {
    let table = try full()
    for number in 0..<2 { table.add(try route(Self.limit + number)) }
    table.remove(try route(7))
    // One of the two would be refused again.
    #expect(table.isAsking == false)
    table.remove(try route(8))
    #expect(table.isAsking == true)
    let kernel = (0..<(Self.limit + 2)).filter { $0 != 7 && $0 != 8 }
    table.stale()
    table.list(try kernel.map { try route($0) })
    #expect(table.isAsking == false)
    #expect(table.exports.overflows == 0)
    #expect(table.exports.views(at: table.now).views.count == Self.limit)
  }

  /// Routes that went unheard make room only when all were listed.
  @Test func aListingThatMadeRoomIsFollowedByAnother() throws {
    let table = try full()
    table.stale()
    table.list(try (100..<(Self.limit + 10)).map { try route($0) })
    #expect(table.exports.overflows == 10)
    #expect(table.isAsking == true)
    table.stale()
    table.list(try (100..<(Self.limit + 10)).map { try route($0) })
    #expect(table.exports.overflows == 0)
    #expect(table.isAsking == false)
  }
}
