// Modes of routes, and what a table says that stands against an announcement.

import Azure
import Model
import Testing

struct RuleTests {
  let hop = IPAddress.v4(IPv4Address(10, 0, 0, 5))
  let through = Delivery(established: 2, acknowledged: 2)

  private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

  @Test(arguments: [RouteMode.floor, .only, .mirror]) func followsTheClaim(_ mode: RouteMode) {
    var rule = RouteRule(mode, patience: .seconds(1), now: .zero)
    let result1 = rule.wish(at: .zero)
    #expect(result1 == .notOurs)
    rule.claimed(hop, at: at(1))
    let result2 = rule.wish(at: at(1))
    #expect(result2 == .hop(hop))
    rule.delivered(through, at: at(2))
    let result3 = rule.wish(at: at(100))
    #expect(result3 == .hop(hop))
    #expect(rule.deadline == nil)
    rule.claimed(nil, at: at(101))
    let result4 = rule.wish(at: at(101))
    #expect(result4 == .notOurs)
  }

  @Test func aFallbackWaitsForBGP() {
    var rule = RouteRule(.fallback, patience: .seconds(2), now: .zero)
    rule.claimed(hop, at: at(10))
    let result5 = rule.wish(at: at(10))
    #expect(result5 == .notOurs)
    #expect(rule.deadline == at(12))
    rule.delivered(through, at: at(11))
    // BGP carries it: what a dead writer has left shadows that, and goes.
    let result6 = rule.wish(at: at(11))
    #expect(result6 == .absent)
    #expect(rule.deadline == nil)
  }

  @Test func aFallbackIsWrittenAndRemoved() {
    var rule = RouteRule(.fallback, patience: .seconds(2), now: .zero)
    rule.claimed(hop, at: at(10))
    // One of two does not acknowledge.
    rule.delivered(Delivery(established: 2, acknowledged: 1), at: at(11))
    let result7 = rule.wish(at: at(11))
    #expect(result7 == .notOurs)
    let result8 = rule.wish(at: at(12))
    #expect(result8 == .hop(hop))
    #expect(rule.deadline == nil)
    rule.delivered(through, at: at(50))
    let result9 = rule.wish(at: at(50))
    #expect(result9 == .hop(hop))
    #expect(rule.deadline == at(110))
    // It went away once more before the rest was over.
    rule.delivered(Delivery(established: 0, acknowledged: 0), at: at(100))
    let result10 = rule.wish(at: at(111))
    #expect(result10 == .hop(hop))
    rule.delivered(through, at: at(120))
    let result11 = rule.wish(at: at(180))
    #expect(result11 == .absent)
  }

  @Test func anAcknowledgementOfTheLastClaimDoesNotCount() {
    var rule = RouteRule(.fallback, patience: .seconds(2), now: .zero)
    rule.claimed(hop, at: at(1))
    rule.delivered(through, at: at(1))
    let result12 = rule.wish(at: at(1))
    #expect(result12 == .absent)
    rule.claimed(.v4(IPv4Address(10, 0, 0, 6)), at: at(20))
    let result13 = rule.wish(at: at(20))
    #expect(result13 == .notOurs)
    let result14 = rule.wish(at: at(22))
    #expect(result14 == .hop(.v4(IPv4Address(10, 0, 0, 6))))
  }

  @Test func whatShadowsIsFound() throws {
    let body = """
      {"etag":"t","properties":{"disableBgpRoutePropagation":true,"subnets":[{"id":"s"}],"routes":[
      {"name":"vip","properties":{"addressPrefix":"100.64.0.0/31","nextHopType":"VirtualAppliance",
      "nextHopIpAddress":"10.0.0.4"}},
      {"name":"hand","properties":{"addressPrefix":"100.64.0.1/32","nextHopType":"None"}},
      {"name":"wide","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"Internet"}},
      {"name":"tag","properties":{"addressPrefix":"Storage","nextHopType":"Internet"}},
      {"name":"copy","properties":{"addressPrefix":"100.64.0.0/31","nextHopType":"Internet"}}]}}
      """
    let table = try #require(TableRecord(Array(body.utf8)))
    let floor = try #require(Prefix("100.64.0.0/31"))
    let vip = try #require(Prefix("100.64.0.1/32"))
    let findings = Inspection.findings(
      of: table, managed: [ManagedRoute(name: "VIP", prefix: floor, candidates: [])],
      announced: [vip])
    #expect(
      findings == [
        .propagationDisabled(subnets: 1), .shadowed(vip, by: "hand"), .otherName(floor, "copy"),
      ])
  }
}
