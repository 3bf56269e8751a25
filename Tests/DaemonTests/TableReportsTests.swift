// The kernel's routes and the courier: what is reported of them, and which hops are ours alone.

import Model
import Testing

@testable import Daemon

struct TableReportsTests {
  private static func words(_ text: String) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  @Test func routesShareAReport() throws {
    var reports = TableReports()
    let first = try #require(Prefix("10.64.1.0/24"))
    let second = try #require(Prefix("fd00:1::/64"))
    #expect(reports.take(Self.words("/routes 1.2 done - 10.64.1.0/24 fd00:1::/64")) == nil)
    #expect(reports[first]?.stage == .done)
    #expect(reports[second]?.generation == Generation(epoch: 1, counter: 2))
    #expect(reports.take(["/routes", "1.3", "failed", "-rt: no", "10.64.1.0/24"]) == nil)
    #expect(reports.troubles.map(\.prefix) == [first])
    #expect(reports[first]?.detail == "rt: no")
    #expect(reports.take(Self.words("/routes 1.4 gone - 10.64.1.0/24")) == nil)
    #expect(reports[first] == nil)
    #expect(reports.troubles.isEmpty)
  }

  @Test(arguments: [
    ("/routes 1.2 done -", "takes a generation"), ("/routes 1.2 done x 10.0.0.0/8", "takes a gen"),
    ("/routes 12 done - 10.0.0.0/8", "12 is no generation"),
    ("/routes 1.2 ready - 10.0.0.0/8", "known are queued, accepted, done, foreign, failed, gone"),
    ("/routes 1.2 done - 10.0.0.1/8", "routes are prefixes"),
  ])
  func whatIsWrongIsSaid(_ words: String, _ answer: String) {
    var reports = TableReports()
    let text = reports.take(Self.words(words))?.text ?? ""
    #expect(text.contains(answer), "\(text)")
  }

  @Test func thereIsAnEnd() {
    var reports = TableReports()
    for number in 0..<TableReports.limit {
      let prefix = "10.\(number / 256).\(number % 256).0/24"
      #expect(reports.take(["/routes", "1.2", "done", "-", prefix]) == nil)
    }
    #expect(reports.take(["/routes", "1.2", "done", "-", "172.16.0.0/24"]) != nil)
    #expect(reports.take(["/routes", "1.2", "gone", "-", "10.0.0.0/24"]) == nil)
    #expect(reports.take(["/routes", "1.2", "done", "-", "172.16.0.0/24"]) == nil)
  }

  /// A rule that names this machine is on another machine as well, and leads its routes here.
  @Test func aHopThatARuleNamesIsNotOursAlone() throws {
    let own = IPv4Address(10, 0, 0, 4)
    let own6 = try #require(IPv6Address("fd00::4"))
    func hops(_ nextHop: NextHopAddresses?, _ mode: Plan.TableMode?) -> [String?] {
      let rule = Plan.Redistribution(name: "branches", nextHop: nextHop, tablesMode: mode)
      let plan = Plan(
        local: Plan.Local(
          asn: ASNumber(65001), address: own, address6: own6, identifier: own),
        routeServers: Plan.RouteServers(
          platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30), peers: []),
        vips: [], redistributions: [Plan.Redistribution(name: "other", tablesMode: .only), rule])
      let found = TableSetReport.ownHops(plan)
      return [found.ipv4?.description, found.ipv6?.description]
    }
    #expect(hops(nil, .only) == ["10.0.0.4", "fd00::4"])
    #expect(hops(NextHopAddresses(IPv4Address(10, 0, 0, 9)), .only) == ["10.0.0.4", "fd00::4"])
    #expect(hops(NextHopAddresses(own), .only) == [nil, "fd00::4"])
    #expect(hops(NextHopAddresses(own), .mirror) == [nil, "fd00::4"])
    // Who announces it to route servers alone writes nothing.
    #expect(hops(NextHopAddresses(own), nil) == ["10.0.0.4", "fd00::4"])
  }
}
