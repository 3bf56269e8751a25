// Rules of redistribution: every key, what holds without it, and what is printed.
import Configuration
import Model
import Testing

struct RouteTests {
  static let text = """
    local: {asn: 65001, address: 10.0.2.10, address6: "fd00::10"}
    route-servers: {platform: generic, asn: 65515, peers: [10.0.1.4, 10.0.1.5]}
    hosts:
      other: {address: 10.0.2.30}
    redistribute:
      everything:
        tables: [main, 100]
        protocols: [bird, 196]
        types: [unicast, blackhole]
        allow: ["10.64.0.0/12 ge 16 le 24", 0.0.0.0/0, "fd00:1::/32 le 48"]
        deny: [10.65.0.0/16 le 32]
        metric: 10-200
        default-route: true
        prepend: 3
        med: 7
        communities: [no-export]
        large-communities: ["65001:1:2"]
        limit: 1000
        grace: 10s
        delay: 100ms
      least: {allow: [10.128.0.0/9 ge 24], metric: 5, next-hop: other}
    """

  @Test func everyKeyIsTaken() throws {
    let report = check(Self.text)
    let plan = try #require(report.plan)
    #expect(report.problems.isEmpty, "\(report.problems)")
    func filter(_ text: String, _ lengths: ClosedRange<UInt8>) throws -> Plan.PrefixFilter {
      Plan.PrefixFilter(try #require(Prefix(text)), lengths)
    }
    let everything = Plan.Redistribution(
      name: "everything", tables: [254, 100], origins: [Route.Origin(12), Route.Origin(196)],
      kinds: [.unicast, Route.Kind(6)],
      allow: [
        try filter("10.64.0.0/12", 16...24), try filter("0.0.0.0/0", 0...0),
        try filter("fd00:1::/32", 32...48),
      ],
      deny: [try filter("10.65.0.0/16", 16...32)], metrics: 10...200, includesDefault: true,
      prepend: 3,
      attributes: RouteAttributes(
        med: 7, communities: [Community(value: 0xffff_ff01)],
        largeCommunities: [try #require(LargeCommunity("65001:1:2"))]),
      limit: 1_000, grace: .seconds(10), delay: .milliseconds(100))
    let least = Plan.Redistribution(
      name: "least", allow: [try filter("10.128.0.0/9", 24...32)], metrics: 5...5,
      nextHop: NextHopAddresses(IPv4Address(10, 0, 2, 30)))
    #expect(plan.redistributions == [everything, least])
    #expect(plan.redistributions.map(\.rung.pathLength) == [4, 1])
    #expect(plan.exportLimit == 1_500)
    #expect(check(Configuration.effective(plan)).plan == plan)
  }

  /// Half of what the platform takes, less what the VIPs have.
  @Test func thePlatformsLimitIsShared() throws {
    let text = file() + "redistribute: {all: {allow: [10.64.0.0/12 le 24], limit: 9000}}\n"
    #expect(try #require(check(text).plan).exportLimit == 1_999)
  }

  /// There is somebody to tell of routes, also when every VIP stands in route tables only.
  @Test func routesNeedRouteServers() {
    let text = """
      local: {address: 10.0.2.10}
      vips:
        web: {prefixes: [10.1.0.5], owner: {when: address}, udr: {mode: only}}
      redistribute: {all: {allow: [10.64.0.0/12]}}
      """
    let errors = check(text).problems.filter { $0.severity == .error }
    #expect(errors.map(\.path) == ["route-servers"])
    #expect(errors.first?.suggestion == "add route-servers: with peers below it")
  }
}
