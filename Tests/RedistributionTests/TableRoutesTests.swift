// Which exports stand in route tables: whose turn it is, what a change is, and who is told what.

import Model
import Redistribution
import Testing

struct TableRoutesTests {
  private static let written = Plan.Redistribution(
    name: "written", metrics: 1...1, limit: 1_000, tablesMode: .mirror)
  private static let alone = Plan.Redistribution(
    name: "alone", metrics: 2...2, limit: 1_000, tablesMode: .only)
  private static let announced = Plan.Redistribution(name: "announced", limit: 1_000)

  private struct Scene {
    var exports: Exports
    var tables: TableRoutes
    var now = Instant.zero

    init(limit: Int = 300, exportLimit: Int = 1_000, reserved: [Prefix] = []) {
      let rules = [TableRoutesTests.written, TableRoutesTests.alone, TableRoutesTests.announced]
      exports = Exports(rules, limit: exportLimit, audiences: 1)
      exports.completed(at: now)
      exports.begin(PeerSlot(0), takesIPv4: true, takesIPv6: false)
      tables = TableRoutes(rules, limit: limit, reserved: reserved)
    }

    mutating func pass() {
      now = now + .seconds(1)
      exports.turn(at: now)
      tables.follow(exports)
      exports.spread()
    }

    mutating func add(_ text: String, metric: UInt32, _ arrival: RouteArrival = .alone) throws {
      exports.learned(try Table.route(text, metric: metric), arrival, at: now)
    }

    mutating func remove(_ text: String, metric: UInt32) throws {
      exports.lost(try Table.route(text, metric: metric), at: now)
    }

    var places: [String] { tables.places.map { "\($0.prefix) \($0.rule.index) \($0.generation)" } }

    /// What the route server is told.
    mutating func told() -> [String] {
      var words: [String] = []
      while let piece = exports.take(for: PeerSlot(0), octets: 1_000) {
        words += piece.withdrawn.map { "-\($0)" }
        for (_, prefixes) in piece.announced { words += prefixes.map { "+\($0)" } }
      }
      return words
    }
  }

  @Test func aTurnIsOneChange() throws {
    var scene = Scene()
    try scene.add("10.64.1.0/24", metric: 1)
    try scene.add("10.64.2.0/24", metric: 2)
    try scene.add("10.64.3.0/24", metric: 3)
    scene.pass()
    #expect(scene.places == ["10.64.1.0/24 0 1", "10.64.2.0/24 1 1"])
    // What is for route tables only is not announced.
    #expect(scene.told() == ["+10.64.1.0/24", "+10.64.3.0/24"])
    #expect(scene.exports.total == 2)
    scene.pass()
    #expect(scene.tables.generation == 1)
    try scene.remove("10.64.1.0/24", metric: 1)
    scene.pass()
    #expect(scene.places == ["10.64.2.0/24 1 1"])
    #expect(scene.tables.gone.map(\.prefix.description) == ["10.64.1.0/24"])
    #expect(scene.tables.gone.map(\.generation) == [2])
  }

  @Test func anotherRuleIsAnotherWord() throws {
    var scene = Scene()
    try scene.add("10.64.1.0/24", metric: 2)
    scene.pass()
    #expect(scene.told().isEmpty)
    // The first rule in the file that matches: announced as well from now on.
    try scene.add("10.64.1.0/24", metric: 1)
    scene.pass()
    #expect(scene.places == ["10.64.1.0/24 0 2"])
    #expect(scene.told() == ["+10.64.1.0/24"])
    try scene.remove("10.64.1.0/24", metric: 1)
    scene.pass()
    #expect(scene.places == ["10.64.1.0/24 1 3"])
    #expect(scene.told() == ["-10.64.1.0/24"])
    #expect(scene.exports.total == 0)
    try scene.remove("10.64.1.0/24", metric: 2)
    scene.pass()
    #expect(scene.places.isEmpty)
    #expect(scene.told().isEmpty)
  }

  @Test func whoHasAPlaceKeepsItAndTheShortestIsNext() throws {
    var scene = Scene(limit: 2)
    for text in ["10.64.9.0/24", "10.64.8.0/24"] { try scene.add(text, metric: 1) }
    scene.pass()
    for text in ["10.64.7.0/24", "10.65.0.0/16", "10.64.6.0/24"] {
      try scene.add(text, metric: 1)
    }
    scene.pass()
    #expect(scene.tables.places.map(\.prefix.description) == ["10.64.8.0/24", "10.64.9.0/24"])
    #expect(scene.tables.leftOut == 3)
    try scene.remove("10.64.9.0/24", metric: 1)
    scene.pass()
    #expect(scene.tables.item(try #require(Prefix("10.65.0.0/16")))?.generation == 2)
    #expect(scene.tables.leftOut == 2)
    // Who leaves the line and comes again has one place, not two.
    try scene.remove("10.64.6.0/24", metric: 1)
    scene.pass()
    try scene.add("10.64.6.0/24", metric: 1)
    scene.pass()
    try scene.remove("10.65.0.0/16", metric: 1)
    try scene.remove("10.64.8.0/24", metric: 1)
    scene.pass()
    #expect(scene.tables.places.map(\.prefix.description) == ["10.64.6.0/24", "10.64.7.0/24"])
    #expect(scene.tables.count == 2)
    #expect(scene.tables.leftOut == 0)
  }

  /// The limit of all rules is that of route servers: what they are not told of does not count.
  @Test func routeTablesTakeNoRoomOfRouteServers() throws {
    var scene = Scene(exportLimit: 1)
    try scene.add("10.64.1.0/24", metric: 2)
    try scene.add("10.64.2.0/24", metric: 2)
    try scene.add("10.64.3.0/24", metric: 3)
    scene.pass()
    #expect(scene.exports.total == 1)
    #expect(scene.places.count == 2)
    // To be announced as well it needs room there, and keeps its place here until then.
    try scene.add("10.64.1.0/24", metric: 1)
    scene.pass()
    #expect(scene.exports.total == 1)
    #expect(scene.exports.leftOut == [1, 0, 0])
    #expect(scene.places == ["10.64.1.0/24 1 1", "10.64.2.0/24 1 1"])
    try scene.remove("10.64.3.0/24", metric: 3)
    scene.pass()
    #expect(scene.places == ["10.64.2.0/24 1 1", "10.64.1.0/24 0 2"])
    #expect(scene.exports.total == 1)
  }

  @Test func aVIPsRouteIsTheVIPs() throws {
    var scene = Scene(reserved: [try #require(Prefix("10.64.1.0/24"))])
    try scene.add("10.64.1.0/24", metric: 1)
    scene.pass()
    #expect(scene.places.isEmpty)
    #expect(scene.tables.leftOut == 0)
  }

  @Test func aVoiceIsAChange() {
    var scene = Scene()
    #expect(scene.tables.voice == .unsure)
    scene.tables.hear(.ours)
    scene.tables.hear(.ours)
    #expect(scene.tables.voiceGeneration == 1)
    scene.tables.hear(.others)
    #expect(scene.tables.voiceGeneration == 2)
    #expect(scene.tables.generation == 2)
  }

  @Test func itsStateCanBeMoved() throws {
    var scene = Scene(limit: 3)
    for number in 0..<6 { try scene.add("10.64.\(number).0/24", metric: 1) }
    scene.pass()
    scene.tables.hear(.ours)
    try scene.remove("10.64.0.0/24", metric: 1)
    scene.pass()
    var writer = Keeper()
    scene.tables.keep(in: &writer)
    var moved = Scene(limit: 3).tables
    var reader = Keeper(reading: writer.finish())
    moved.keep(in: &reader)
    let isWhole = reader.isComplete()
    #expect(isWhole)
    #expect(moved.places == scene.tables.places)
    #expect(moved.leftOut == 2)
    #expect(moved.voice == .ours)
    // Whoever follows has missed what went before.
    #expect(moved.goneSince == scene.tables.generation)
  }

  @Test func whoHasMissedTooMuchIsToldSo() throws {
    var scene = Scene()
    for round in 0..<6 {
      for number in 0..<250 { try scene.add("10.64.\(number).0/24", metric: 1) }
      for _ in 0..<40 { scene.pass() }
      for number in 0..<250 { try scene.remove("10.64.\(number).0/24", metric: 1) }
      for _ in 0..<40 { scene.pass() }
      if round < 4 { #expect(scene.tables.goneSince == 0) }
    }
    #expect(scene.tables.goneSince > 0)
    #expect(scene.tables.gone.count <= TableRoutes.goneLimit)
  }
}
