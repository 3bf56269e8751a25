// When shifts were written and acknowledged on one connection, as its stream of bytes goes on.

import Model
import Testing

@testable import Daemon

@Suite struct FlightsTests {
  private static let peer = PeerSlot(0)

  private func at(_ microseconds: Int64) -> Instant { Instant.zero + .microseconds(microseconds) }

  private func timeline() throws -> Timeline {
    let local = IPv4Address(10, 0, 2, 10)
    let owner = Plan.Owner(address: .v4(local), interfaces: [])
    let plan = Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: [
        Plan.VIP(name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))], owner: owner)
      ])
    return Timeline(for: plan)
  }

  /// "SHIFT@MICROSECONDS", of one stage, since the last call.
  private func told(_ stage: Stage, _ timeline: inout Timeline) -> [String] {
    defer { timeline.removeAll() }
    #expect(timeline.stages.allSatisfy { $0.stage == stage && $0.peer == Self.peer })
    return timeline.stages.map { "\($0.shift)@\(($0.at - .zero).count / 1_000)" }
  }

  @Test func shiftsOfOneSendAreWrittenAtOnceAndAcknowledgedAsTheirBytesAre() throws {
    var timeline = try timeline()
    var flights = Flights(vips: 1)
    flights.depart(0, end: 50)
    flights.depart(1, end: 100)
    flights.depart(2, end: 250)
    flights.depart(3, end: 400)
    flights.tellWritten(&timeline, Self.peer)
    #expect(told(.written, &timeline) == [], "the socket has taken nothing")
    flights.sent(upTo: 400, at: at(7))
    flights.tellWritten(&timeline, Self.peer)
    #expect(told(.written, &timeline) == ["1@7", "2@7", "3@7"])
    flights.tellWritten(&timeline, Self.peer)
    #expect(told(.written, &timeline) == [], "each once")
    flights.acknowledged(upTo: 99, at: at(90), &timeline, Self.peer)
    #expect(told(.acknowledged, &timeline) == [])
    flights.acknowledged(upTo: 250, at: at(100), &timeline, Self.peer)
    #expect(told(.acknowledged, &timeline) == ["1@100", "2@100"])
    flights.acknowledged(upTo: 399, at: at(110), &timeline, Self.peer)
    flights.tidy()
    flights.acknowledged(upTo: 400, at: at(120), &timeline, Self.peer)
    #expect(told(.acknowledged, &timeline) == ["3@120"])
    flights.tidy()
    flights.depart(4, end: 500)
    flights.sent(upTo: 500, at: at(200))
    flights.tellWritten(&timeline, Self.peer)
    #expect(told(.written, &timeline) == ["4@200"], "the stream goes on")
  }

  @Test func aShortWriteIsWrittenWhenItsLastByteIs() throws {
    var timeline = try timeline()
    var flights = Flights(vips: 1)
    flights.depart(1, end: 100)
    flights.depart(2, end: 200)
    flights.depart(3, end: 300)
    // A salvo: the bytes of the last two are one message.
    flights.depart(last: 2, end: 320)
    flights.sent(upTo: 210, at: at(5))
    flights.sent(upTo: 320, at: at(9))
    flights.tellWritten(&timeline, Self.peer)
    #expect(told(.written, &timeline) == ["1@5", "2@9", "3@9"])
    flights.acknowledged(upTo: 319, at: at(50), &timeline, Self.peer)
    #expect(told(.acknowledged, &timeline) == ["1@50"])
    flights.removeAll()
    flights.acknowledged(upTo: 320, at: at(60), &timeline, Self.peer)
    #expect(told(.acknowledged, &timeline) == [], "the connection is another")
  }

  /// More sends than are remembered: those that have no place of their own count with the last.
  @Test func moreSendsThanAreRemembered() throws {
    var timeline = try timeline()
    var flights = Flights(vips: 100)
    for number in 1...100 {
      flights.depart(UInt32(number), end: UInt64(100 * number))
      flights.sent(upTo: UInt64(100 * number), at: at(Int64(number)))
    }
    flights.tellWritten(&timeline, Self.peer)
    #expect(
      told(.written, &timeline)
        == (1...63).map { "\($0)@\($0)" } + (64...100).map { "\($0)@100" })
  }

  /// A route server that acknowledges nothing for long: the oldest are forgotten, nothing grows,
  /// and the newest are told.
  @Test func moreShiftsThanMayWait() throws {
    var timeline = try timeline()
    var flights = Flights(vips: 1)
    let limit = 1 + Flights.reserve
    for number in 1...500 {
      flights.depart(UInt32(number), end: UInt64(100 * number))
      flights.sent(upTo: UInt64(100 * number), at: at(Int64(number)))
      flights.tellWritten(&timeline, Self.peer)
      #expect(told(.written, &timeline) == ["\(number)@\(number)"])
    }
    flights.acknowledged(upTo: 50_000, at: at(900), &timeline, Self.peer)
    #expect(
      told(.acknowledged, &timeline) == ((500 - limit + 1)...500).map { "\($0)@900" })
  }
}
