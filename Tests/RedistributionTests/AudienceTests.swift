// What route servers are told, piece by piece: sessions that come, go and are slow.

import Model
import Redistribution
import Testing

struct AudienceTests {
  private static let rules = [
    Plan.Redistribution(name: "static", origins: [Route.Origin(4)]),
    Plan.Redistribution(name: "rest"),
  ]
  private static let delay = Plan.Redistribution.usualDelay
  private let one = PeerSlot(0)
  private let two = PeerSlot(1)

  private func made(_ reserved: [Prefix] = []) -> Exports {
    var exports = Exports(
      Self.rules, limit: 100, reserved: reserved, carriesIPv6: [false, true], audiences: 2)
    exports.completed(at: .zero)
    return exports
  }

  private func announce(
    _ texts: [String], origin: UInt8 = 12, in exports: inout Exports, at now: Instant
  ) throws {
    for text in texts {
      exports.learned(try Table.route(text, origin: origin), .alone, at: now)
    }
    exports.turn(at: now + Self.delay)
    exports.spread()
  }

  private func all(_ peer: PeerSlot, of exports: inout Exports) -> [Prefix] {
    var prefixes: [Prefix] = []
    while let piece = exports.take(for: peer, octets: 8) {
      #expect(piece.withdrawn.isEmpty)
      prefixes += piece.announced.flatMap(\.prefixes)
    }
    return prefixes
  }

  @Test func aSessionIsToldWhatStandsInPieces() throws {
    var exports = made()
    try announce(["10.64.1.0/24", "10.64.2.0/24", "10.64.3.0/24"], in: &exports, at: .zero)
    #expect(!exports.owes(one))
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    // Four octets each: the second one fills the piece.
    #expect(exports.take(for: one, octets: 8)?.announced.first?.prefixes.count == 2)
    #expect(exports.owedCount(one) == 1 && exports.knownCount(one) == 2)
    #expect(exports.take(for: one, octets: 8)?.announced.first?.prefixes.count == 1)
    #expect(exports.take(for: one, octets: 8) == nil)
    #expect(exports.knownCount(two) == 0)
    exports.repeatAll(to: one)
    exports.repeatAll(to: one)
    #expect(all(one, of: &exports).count == 3)
    // Of the family that was not asked for nothing is said again.
    exports.repeatAll(to: one, ofIPv4: false)
    #expect(!exports.owes(one))
  }

  @Test func whatWasNeverToldIsNotTakenBack() throws {
    var exports = made()
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    exports.begin(two, takesIPv4: true, takesIPv6: false)
    try announce(["10.64.1.0/24"], in: &exports, at: .zero)
    #expect(all(one, of: &exports).count == 1)
    // The second one is slow, and never heard of it.
    exports.lost(try Table.route("10.64.1.0/24"), at: .zero + .seconds(1))
    exports.turn(at: .zero + .seconds(2))
    exports.spread()
    #expect(exports.take(for: one, octets: 8)?.withdrawn.count == 1)
    #expect(exports.take(for: two, octets: 8) == nil)
  }

  /// The place of a prefix is not another's before everybody knows that it went.
  @Test func aSlowRouteServerHearsOfItInTheEnd() throws {
    var exports = made()
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    try announce(["10.64.1.0/24"], in: &exports, at: .zero)
    _ = all(one, of: &exports)
    exports.lost(try Table.route("10.64.1.0/24"), at: .zero + .seconds(1))
    var now = Instant.zero
    while now < .zero + .seconds(200) {
      now = now + .milliseconds(500)
      exports.turn(at: now)
      exports.spread()
    }
    try announce(["10.64.9.0/24"], in: &exports, at: now)
    let pieceTaken = exports.take(for: one, octets: 100)
    let piece = try #require(pieceTaken)
    #expect(piece.withdrawn.map(\.description) == ["10.64.1.0/24"])
    #expect(piece.announced.flatMap(\.prefixes).map(\.description) == ["10.64.9.0/24"])
  }

  @Test func aSessionThatEndedKnowsNothing() throws {
    var exports = made()
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    try announce(["10.64.1.0/24"], in: &exports, at: .zero)
    _ = all(one, of: &exports)
    exports.end(one)
    #expect(exports.knownCount(one) == 0 && !exports.owes(one))
    exports.lost(try Table.route("10.64.1.0/24"), at: .zero + .seconds(1))
    exports.turn(at: .zero + .seconds(2))
    exports.spread()
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    #expect(exports.take(for: one, octets: 8) == nil)
  }

  @Test func eachRuleIsAPieceOfItsOwnAndFamiliesAreHeeded() throws {
    var exports = made()
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    exports.begin(two, takesIPv4: true, takesIPv6: true)
    try announce(["10.64.1.0/24", "fd00:1::/48"], in: &exports, at: .zero)
    try announce(["10.65.1.0/24", "fd00:2::/48"], origin: 4, in: &exports, at: .zero + .seconds(1))
    let mineTaken = exports.take(for: one, octets: 1_000)
    let mine = try #require(mineTaken)
    #expect(mine.announced.map(\.rule.index) == [0, 1])
    #expect(mine.announced.flatMap(\.prefixes).count == 2)
    // The first rule has no IPv6 next hop, so its IPv6 route follows the second.
    let theirsTaken = exports.take(for: two, octets: 1_000)
    let theirs = try #require(theirsTaken)
    #expect(theirs.announced.map(\.prefixes.count) == [1, 3])
  }

  @Test func aSessionWithoutIPv4HearsNothingOfIt() throws {
    var exports = made()
    exports.begin(one, takesIPv4: false, takesIPv6: true)
    try announce(["10.64.1.0/24", "fd00:1::/48"], in: &exports, at: .zero)
    #expect(all(one, of: &exports).map(\.description) == ["fd00:1::/48"])
    #expect(exports.knownCount(one) == 1)
    exports.lost(try Table.route("10.64.1.0/24"), at: .zero + .seconds(1))
    exports.turn(at: .zero + .seconds(2))
    exports.spread()
    #expect(exports.take(for: one, octets: 100) == nil)
  }

  @Test func aPrefixOfAVIPIsLeftToIt() throws {
    let vip = try #require(Prefix("10.1.0.5/32"))
    var exports = made([vip])
    exports.begin(one, takesIPv4: true, takesIPv6: false)
    try announce(["10.1.0.5/32", "10.64.1.0/24"], in: &exports, at: .zero)
    #expect(all(one, of: &exports).map(\.description) == ["10.64.1.0/24"])
    let view = exports.views(at: .zero + .seconds(1)).views.first { $0.prefix == vip }
    #expect(view?.state == .reserved)
    #expect(exports.total == 1 && exports.leftOut == [0, 0])
  }
}
