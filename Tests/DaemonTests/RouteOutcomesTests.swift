// Reports of what became of a route: what is taken, and what is wrong with the others.

import Model
import Testing

@testable import Daemon

struct RouteOutcomesTests {
  private func take(_ words: [String]) throws -> String {
    let local = IPv4Address(10, 0, 2, 10)
    let prefix = try #require(Prefix("10.1.0.5/32"))
    let owner = Plan.Owner(address: prefix.address, interfaces: [])
    var written = Plan.VIP(name: "web", prefixes: [prefix], owner: owner)
    written.udr = Plan.UDR(mode: .mirror, prefixes: [prefix])
    let plan = Plan(
      local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .absent,
      vips: [Plan.VIP(name: "plain", prefixes: [], owner: owner), written])
    var outcomes = RouteOutcomes(vips: 2)
    switch outcomes.take(words, plan, at: .zero) {
    case .failure(let error): return error.text
    case .success(let vip):
      let outcome = try #require(outcomes[vip])
      let line = RouteOutcomes.record("x", vip, outcome, plan, .zero + .milliseconds(7))
      return String(decoding: line, as: UTF8.self)
    }
  }

  @Test(arguments: [
    ("web 1.2 done durable", #""vip":"web","generation":"1.2","stage":"done","durable":true"#),
    ("web 1.2 failed volatile 403", #""durable":false,"detail":"403","age-ms":7}"#),
    ("web 1.2 done", "report takes a VIP"), ("web 1.2 done durable a b", "report takes a VIP"),
    ("mail 1.2 done durable", "there is no VIP called mail with udr"),
    ("plain 1.2 done durable", "there is no VIP called plain with udr"),
    ("web 12 done durable", "12 is no generation"), ("web 1.x done durable", "1.x is no gen"),
    ("web 1.2 ready durable", "known are queued, written, accepted, done, foreign, failed"),
    ("web 1.2 done surely", "surely is neither durable nor volatile"),
  ])
  func aReport(_ words: String, _ answer: String) throws {
    let got = try take(words.split(separator: " ").map(String.init))
    #expect(got.contains(answer), "\(got)")
  }

  @Test func whatIsLongIsCut() throws {
    let long = String(repeating: "x", count: 2 * RouteOutcomes.detailLimit)
    let got = try take(["web", "1.2", "failed", "durable", long])
    #expect(got.contains(String(repeating: "x", count: RouteOutcomes.detailLimit) + "\""))
  }
}
