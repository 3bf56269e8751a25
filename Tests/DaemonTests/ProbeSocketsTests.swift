// Which sockets wake the loop, and which are read when somebody is asked.

import Engine
import Linux
import Model
import Probes
import Testing

@testable import Daemon

struct ProbeSocketsTests {
  private static let echo = Int(ProbeSocket.echo.rawValue)
  private static let bfd = Int(ProbeSocket.bfd.rawValue)

  /// `count` hosts that are asked by ARP and by echo request each, and one with BFD.
  private static func plan(_ count: Int, interval: Nanoseconds) -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let name = InterfaceName("eth0") ?? .none
    let kinds: [Plan.Probe.Kind] = [.arp(interface: name, trustsProxy: false), .icmp]
    func target(_ host: Int, _ kind: Plan.Probe.Kind) -> Plan.Target {
      Plan.Target(
        host: HostSlot(host),
        evidence: .probe(
          Plan.Probe(
            kind: kind, address: IPv4Address(10, 0, 2, UInt8(20 + host)), interval: interval,
            timeout: interval, fall: 3, rise: 2)))
    }
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30), peers: []),
      vips: [],
      hosts: (0..<count).map {
        Plan.Host(name: "h\($0)", address: IPv4Address(10, 0, 2, UInt8(20 + $0)))
      },
      targets: (0..<count).flatMap { host in kinds.map { target(host, $0) } }
        + [target(0, .bfd(isMultihop: false))])
  }

  private static func sockets(_ plan: Plan) -> ProbeSockets {
    ProbeSockets(plan, Probes(plan, seed: 1))
  }

  /// What a test asks of sockets that cannot be copied.
  private static func gathered(_ sockets: borrowing ProbeSockets) -> [Bool] {
    (0..<sockets.lineCount).map { sockets.gathers($0) }
  }

  @Test func fewAreReadAtOnce() {
    let sockets = Self.sockets(Self.plan(9, interval: .milliseconds(100)))
    let due = sockets.gatherDue
    #expect(due == nil)
    #expect(Self.gathered(sockets) == [false, false, false, false])
  }

  /// From ten hosts on they are gathered; fifty have slots twice as long.
  @Test(arguments: [(10, ProbeSchedule.slot), (50, ProbeSchedule.crowdedSlot)])
  func manyAreReadTogetherButNotBFD(_ hosts: Int, _ slot: Nanoseconds) throws {
    var sockets = Self.sockets(Self.plan(hosts, interval: .milliseconds(100)))
    let slots = (Self.echo, Self.bfd, port: sockets.slot(of: PortSlot(0)))
    let gathered = Self.gathered(sockets)
    #expect(gathered[slots.0] && !gathered[slots.1] && gathered[slots.port])
    let now = Instant.zero + .seconds(7)
    sockets.gathered(at: now)
    let due = sockets.gatherDue
    // Longer than from one slot to the next, so that it is the asking that wakes.
    #expect(due == now + slot + ProbeSockets.gatheringSlack)
  }

  @Test func anotherPlanReadsAsItHasTo() {
    let (many, few) = (
      Self.plan(10, interval: .milliseconds(100)), Self.plan(10, interval: .seconds(1))
    )
    let succession = Succession(from: many, to: few)
    let before = Self.sockets(many)
    let after = ProbeSockets(
      few, Probes(few, seed: 1), after: before, Probes(many, seed: 1), succession)
    #expect(Self.gathered(after) == [false, false, false, false])
  }
}
