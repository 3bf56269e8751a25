// What is counted of shifts and routes: each stage once, and only what belongs together.

import Model
import Testing

@testable import Daemon

@Suite struct MeasuresTests {
  private static func plan(peers: Int = 2) throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let owner = Plan.Owner(address: .v4(local), interfaces: [])
    let prefix = try #require(Prefix(.v4(IPv4Address(10, 1, 0, 5)), length: 32))
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: (0..<peers).map { IPv4Address(10, 0, 1, UInt8(4 + $0)) }),
      vips: [Plan.VIP(name: "web", prefixes: [prefix], owner: owner)])
  }

  private static let web = VIPSlot(0)

  private func at(_ microseconds: Int64) -> Instant { Instant.zero + .microseconds(microseconds) }

  private func total(_ counts: TimeCounts) -> UInt64 { counts.counts.reduce(0, +) }

  @Test(
    arguments: [
      (0, 0), (10_000, 0), (10_001, 1), (300_000_000_000, 21), (300_000_000_001, 22), (-5, 0),
    ] as [(Int64, Int)])
  func buckets(_ nanoseconds: Int64, _ place: Int) {
    var counts = TimeCounts()
    counts.add(Nanoseconds(nanoseconds))
    #expect(counts.counts.firstIndex(of: 1) == place)
    #expect(counts.counts.count == TimeCounts.bounds.count + 1)
    #expect(counts.sum == max(Nanoseconds(nanoseconds), .zero))
    #expect(TimeCounts.bounds == TimeCounts.bounds.sorted())
  }

  @Test func aShiftIsCountedOnceAtEachRouteServer() throws {
    var measures = Measures(for: try Self.plan())
    measures.decided(1, Self.web, seen: at(100), at: at(107))
    #expect(measures.decisions.sum == .microseconds(7))
    #expect(measures.shifts == [1])
    #expect(measures.lastShift == [at(100)])
    // An acknowledgement of what was not written is none of ours.
    measures.acknowledged(1, at: PeerSlot(0), at(120))
    #expect(total(measures.acknowledgements[0]) == 0)
    measures.written(1, at: PeerSlot(0), at(117))
    measures.written(1, at: PeerSlot(0), at(5_000))
    #expect(measures.writes[0].sum == .microseconds(10))
    measures.acknowledged(1, at: PeerSlot(0), at(317))
    measures.acknowledged(1, at: PeerSlot(0), at(9_000))
    #expect(measures.acknowledgements[0].sum == .microseconds(200))
    #expect(total(measures.writes[1]) == 0)
    measures.written(1, at: PeerSlot(1), at(127))
    #expect(measures.writes[1].sum == .microseconds(20))
  }

  @Test func aShiftIsConfirmedOnce() throws {
    var measures = Measures(for: try Self.plan())
    measures.confirmed(1, at: at(50))
    measures.decided(1, Self.web, seen: at(100), at: at(107))
    measures.confirmed(2, at: at(150))
    #expect(total(measures.confirmations) == 0)
    measures.confirmed(1, at: at(207))
    measures.confirmed(1, at: at(9_000))
    #expect(measures.confirmations.sum == .microseconds(100))
    #expect(total(measures.confirmations) == 1)
  }

  /// Its place is another shift's by then.
  @Test func whatIsForgottenIsNotCounted() throws {
    var measures = Measures(for: try Self.plan())
    measures.decided(1, Self.web, seen: at(0), at: at(0))
    measures.decided(1 + 1_025, Self.web, seen: at(1), at: at(1))
    measures.written(1, at: PeerSlot(0), at(2))
    #expect(total(measures.writes[0]) == 0)
    measures.written(2, at: PeerSlot(0), at(2))
    #expect(total(measures.writes[0]) == 0)
    measures.written(1_026, at: PeerSlot(0), at(2))
    #expect(total(measures.writes[0]) == 1)
    #expect(measures.shifts == [2])
  }

  private func outcome(_ stage: RouteOutcomes.Stage, _ generation: String) -> RouteOutcomes.Outcome
  {
    RouteOutcomes.Outcome(
      generation: generation, stage: stage, isDurable: true, detail: "", at: .zero)
  }

  @Test func aRouteIsDoneWhenItWasWritten() throws {
    var measures = Measures(for: try Self.plan())
    measures.wished(Self.web, 3, at: at(0))
    measures.reported(Self.web, outcome(.done, "9.3"), run: 9, at: at(50))
    #expect(total(measures.completions) == 0)
    measures.reported(Self.web, outcome(.accepted, "9.2"), run: 9, at: at(50))
    measures.reported(Self.web, outcome(.accepted, "8.3"), run: 9, at: at(50))
    #expect(total(measures.acceptances) == 0)
    measures.reported(Self.web, outcome(.accepted, "9.3"), run: 9, at: at(60))
    measures.reported(Self.web, outcome(.accepted, "9.3"), run: 9, at: at(70))
    #expect(measures.acceptances.sum == .microseconds(60))
    measures.reported(Self.web, outcome(.done, "9.3"), run: 9, at: at(80))
    measures.reported(Self.web, outcome(.done, "9.3"), run: 9, at: at(90))
    #expect(measures.completions.sum == .microseconds(80))
    measures.wished(Self.web, 4, at: at(100))
    measures.reported(Self.web, outcome(.done, "9.4"), run: 9, at: at(110))
    #expect(total(measures.completions) == 1)
  }

  @Test func withoutRouteServers() throws {
    var measures = Measures(for: try Self.plan(peers: 0))
    measures.decided(1, Self.web, seen: at(0), at: at(1))
    #expect(measures.writes.isEmpty)
    #expect(total(measures.decisions) == 1)
  }
}
