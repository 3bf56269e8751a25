// Routes of one prefix side by side: what goes takes nothing else along.

import Model
import Redistribution
import Testing

struct RouteKeysTests {
  private static let bird = Plan.Redistribution(name: "bird", origins: [Route.Origin(12)])
  private static let prefix = "10.64.1.0/24"

  private func announced(_ rules: [Plan.Redistribution] = [bird]) throws -> Table {
    let table = Table(rules)
    table.add(try Table.route(Self.prefix))
    #expect(table.pass(.seconds(1)) == ["+10.64.1.0/24"])
    return table
  }

  /// To the kernel these are other routes, and no rule takes them.
  @Test func aTypeOfServiceOrASourceMakesItAnother() throws {
    var ofService = try Table.route(Self.prefix)
    ofService.typeOfService = 16
    var ofSource = try Table.route(Self.prefix)
    ofSource.sourceLength = 8
    for other in [ofService, ofSource] {
      let table = try announced()
      table.add(other)
      table.add(other, .instead)
      table.remove(other)
      #expect(table.isAsking == false)
      #expect(table.pass(.seconds(1)).isEmpty)
      #expect(table.told.count == 1)
    }
  }

  @Test func whatNoRuleTakesRemovesNothing() throws {
    for other in [
      try Table.route(Self.prefix, origin: 4), try Table.route(Self.prefix, via: 2, origin: 4),
      try Table.route(Self.prefix, kind: 2),
    ] {
      let table = try announced()
      table.add(other, .beside)
      table.remove(other)
      #expect(table.isAsking == false)
      #expect(table.pass(.seconds(1)).isEmpty)
      #expect(table.told.count == 1)
    }
  }

  @Test func equalRoutesOfTwoProtocolsAreTwo() throws {
    let table = try announced([Plan.Redistribution(name: "all")])
    let other = try Table.route(Self.prefix, origin: 4)
    table.add(other, .beside)
    table.remove(other)
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.isAsking == false)
    table.remove(try Table.route(Self.prefix))
    #expect(table.pass(.seconds(1)) == ["-10.64.1.0/24"])
  }

  /// Two of one key, and one of them is replaced: the other is there still when that one goes.
  @Test func aReplacementAmongSeveralIsADoubt() throws {
    let table = try announced()
    let other = try Table.route(Self.prefix, via: 2)
    table.add(other, .beside)
    #expect(table.isAsking == false)
    let new = try Table.route(Self.prefix, via: 3)
    table.add(new, .instead)
    #expect(table.isAsking == true)
    table.stale()
    table.remove(new)
    table.list([other])
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.told.count == 1)
  }

  /// A grace does not begin while nobody knows what else is there.
  @Test func aGraceInDoubtBeginsWithTheListing() throws {
    let table = Table([Plan.Redistribution(name: "r", grace: .seconds(2))])
    let route = try Table.route(Self.prefix)
    table.add(route)
    table.pass(.seconds(1))
    table.stale()
    table.remove(route)
    table.pass(.seconds(1))
    table.list([])
    #expect(table.pass(.milliseconds(1_990)).isEmpty)
    #expect(table.pass(.milliseconds(10)) == ["-10.64.1.0/24"])
  }

  /// Which of several routes was replaced is not said.
  @Test func aReplacementThatNoRuleTakesIsADoubt() throws {
    let table = try announced()
    table.add(try Table.route(Self.prefix, via: 2, origin: 4), .beside)
    table.add(try Table.route(Self.prefix, via: 3, origin: 4), .instead)
    #expect(table.isAsking == true)
    table.stale()
    table.list([try Table.route(Self.prefix)])
    #expect(table.pass(.seconds(1)).isEmpty)
    #expect(table.told.count == 1)
  }
}
