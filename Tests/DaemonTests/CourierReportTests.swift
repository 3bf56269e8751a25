// What status says of whoever writes route tables: what would not survive, what is in trouble.

import Chronicle
import Control
import Engine
import Model
import Testing

@testable import Daemon

struct CourierReportTests {
  private func plan() throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let vips = try ["web", "mail", "news"].enumerated().map { place, name in
      let prefix = try #require(Prefix("10.1.0.\(place + 5)/32"))
      var vip = Plan.VIP(
        name: name, prefixes: [prefix], owner: .init(address: prefix.address, interfaces: []))
      vip.udr = Plan.UDR(mode: .mirror, prefixes: [prefix])
      return vip
    }
    return Plan(
      local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .absent, vips: vips, azure: Plan.Azure())
  }

  /// The record after these reports, each the words of one.
  private func record(_ reports: [String]) throws -> Record {
    let plan = try plan()
    var outcomes = RouteOutcomes(vips: plan.vips.count)
    for report in reports {
      let words = report.split(separator: " ").map(String.init)
      guard case .success = outcomes.take(words, plan, at: .zero) else {
        Issue.record("\(report) is not taken")
        continue
      }
    }
    let engine = Engine(plan, seed: 1)
    let moment = Moment(
      facts: ProcessFacts(
        configuration: "/etc/x.yaml", configurationText: [], configurationSum: 0, processID: 7,
        capabilities: "none", mayOpenRawSockets: false, started: .zero),
      door: Door.Facts(sockets: 1, strangers: 0), turned: .zero, turns: TurnLengths(),
      pauses: Pauses(), outcomes: outcomes, tables: TableReports(), events: MachineEvents(),
      measures: Measures(for: plan), hasCourier: true, vacated: [], now: .zero + .seconds(3))
    let line = CourierReport.answer("a", engine, moment)
    return try Record(line: Array(line.dropLast()).span)
  }

  @Test func whatIsNotOnTheDiskIsNamed() throws {
    let record = try record([
      "web 1.2 done durable", "mail 1.2 done volatile", "news 1.2 failed volatile 403",
    ])
    #expect(record["not-durable"] == .array([.string("mail"), .string("news")]))
    #expect(record["troubles"] == .array([.string("news: failed: 403")]))
    // The disk works again, and everything is told anew.
    let after = try self.record([
      "mail 1.2 done volatile", "mail 1.2 done durable",
    ])
    #expect(after["not-durable"] == .array([]))
    #expect(after["troubles"] == .array([]))
  }
}
