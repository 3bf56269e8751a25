// What differs between two configurations, by key.
import Configuration
import Model
import Testing

struct DifferenceTests {
  private static let text = """
    local: {asn: 65001, address: 10.0.2.10}
    route-servers: {peers: [10.0.1.4, 10.0.1.5]}
    vips:
      web: {prefixes: [10.1.0.5/32], owner: {when: address}}

    """

  private static func plan(_ text: String) throws -> Plan {
    try #require(check(text).plan, "a good file")
  }

  @Test func whatHoldsAnywayIsNoDifference() throws {
    let plan = try Self.plan(Self.text)
    let explicit = try Self.plan(Configuration.effective(plan))
    #expect(Configuration.differences(from: plan, to: explicit) == [])
    #expect(explicit == plan, "so a reload has nothing to do")
  }

  @Test func eachKeyIsNamed() throws {
    let plan = try Self.plan(Self.text)
    var other = plan
    other.routeServers.holdTime = .seconds(60)
    other.vips[0].name = "www"
    let differences = Configuration.differences(from: plan, to: other)
    #expect(
      differences.contains(
        Difference(path: "route-servers.hold-time", before: "30s", after: "60s"))
        || differences.contains(
          Difference(path: "route-servers.hold-time", before: "30s", after: "1m"))
    )
    #expect(
      differences.contains(
        Difference(path: "vips.www.prefixes", before: nil, after: "[10.1.0.5/32]")))
    #expect(
      differences.contains(
        Difference(path: "vips.web.prefixes", before: "[10.1.0.5/32]", after: nil)))
  }
}
