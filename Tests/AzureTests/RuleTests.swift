// What the daemon wishes of tables, and what a table says that stands against an announcement.

import Azure
import Model
import Testing

struct RuleTests {
  private func line(_ voice: String, _ wanted: Bool, _ hop: String, _ more: String = "") -> [UInt8]
  {
    let text = """
      {"v":1,"id":"7","type":"desired","at-ns":12,"vip":"web","generation":"17.4",
      "voice":"\(voice)","wanted":\(wanted),"mode":"floor",
      "routes":["100.64.0.0/31","fd00::/64"],"next-hop":\(hop),
      "next-hop6":null,"host":"a"\(more)}
      """
    return Array(text.utf8)
  }

  @Test func theDaemonsWordsAreRead() throws {
    let desired = try #require(Desired(line("ours", true, "\"10.0.0.5\"")))
    #expect(desired.vip == "web")
    #expect(desired.mode == .floor)
    let generation = Generation(epoch: 17, counter: 4)
    let ipv4 = try #require(Prefix("100.64.0.0/31"))
    let ipv6 = try #require(Prefix("fd00::/64"))
    #expect(desired.routes == [ipv4, ipv6])
    let hop = IPAddress.v4(IPv4Address(10, 0, 0, 5))
    #expect(desired.intent(for: ipv4) == Intent(generation, .hop(hop)))
    // There is no hop of this family.
    #expect(desired.intent(for: ipv6) == Intent(generation, .notOurs))
    let unwanted = try #require(Desired(line("ours", false, "null")))
    #expect(unwanted.intent(for: ipv4) == Intent(generation, .absent))
    for voice in ["others", "unsure"] {
      let other = try #require(Desired(line(voice, true, "\"10.0.0.5\"")))
      #expect(other.intent(for: ipv4) == Intent(generation, .notOurs))
    }
  }

  @Test func otherLinesAreNone() {
    #expect(Desired(line("perhaps", true, "null")) == nil)
    let whole = line("ours", true, "\"10.0.0.5\"")
    for count in 0..<whole.count { #expect(Desired(Array(whole.prefix(count))) == nil) }
    #expect(Desired(Array("{\"v\":1,\"id\":\"7\",\"type\":\"complete\"}".utf8)) == nil)
  }

  @Test func routesHaveNamesThatAzureTakes() throws {
    let ipv4 = try #require(Prefix("100.64.0.0/31"))
    #expect(Desired.routeName("web", ipv4) == "hopshift-web-100.64.0.0_31")
    let ipv6 = try #require(Prefix("fd00::/64"))
    #expect(Desired.routeName("web", ipv6) == "hopshift-web-fd00___64")
    #expect(Desired.routeName(String(repeating: "w", count: 70), ipv4) == nil)
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
