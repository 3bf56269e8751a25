// What a Plan says of itself: the next hops of a VIP, by candidate and family.

import Model
import Testing

struct PlanTests {
  private let address6 = IPv6Address(high: 0xfd00_0000_0000_0000, low: 7)

  private func plan(_ candidates: [Plan.Candidate]) -> Plan {
    Plan(
      local: Plan.Local(
        asn: ASNumber(65001), address: IPv4Address(10, 0, 0, 7), address6: address6,
        identifier: IPv4Address(10, 0, 0, 7)),
      routeServers: Plan.RouteServers(
        platform: .generic, asn: ASNumber(65000), holdTime: .seconds(30), peers: []),
      vips: [Plan.VIP(name: "web", prefixes: [], role: .watcher(rank: 1), candidates: candidates)],
      hosts: [
        Plan.Host(name: "self", address: IPv4Address(10, 0, 0, 7), isSelf: true),
        Plan.Host(name: "ws1", address: IPv4Address(10, 0, 0, 8)),
      ])
  }

  @Test func aloneThisMachineIsTheNextHop() {
    #expect(
      plan([]).nextHopAddresses(of: VIPSlot(0))
        == [NextHopAddresses(IPv4Address(10, 0, 0, 7), address6)])
  }

  /// Nobody else's IPv6 traffic is drawn to this machine.
  @Test func onlyThisMachineHasItsIPv6Address() {
    let theirs = IPv6Address(high: 0xfd00_0000_0000_0000, low: 8)
    let side = IPv4Address(10, 9, 0, 1)
    let plan = plan([
      Plan.Candidate(host: HostSlot(0), nextHop: side),
      Plan.Candidate(host: HostSlot(1), nextHop: side),
      Plan.Candidate(host: HostSlot(1), nextHop: side, nextHop6: theirs),
      Plan.Candidate(host: HostSlot(0), nextHop: side, nextHop6: theirs),
    ])
    let found = plan.nextHopAddresses(of: VIPSlot(0))
    #expect(found.map(\.ipv6) == [address6, nil, theirs, theirs])
    #expect(found.map(\.ipv4) == plan.nextHops(of: VIPSlot(0)))
  }
}
