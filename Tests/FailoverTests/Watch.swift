// A watcher with two hosts, small enough to think about: what the tests of choices stand on.

import Failover
import Model
import Testing

/// A failover that watches `ws1` and `ws2`, each by one route, and what it has said.
final class Watch {
  static let window = Nanoseconds.seconds(30)
  static let vip = VIPSlot(0)
  static let routes = ["10.9.1.0/24", "10.9.2.0/24"]

  var failover: Failover
  var verdicts: [Verdict] = []
  var now = Instant.zero
  private let targetsPerHost: Int

  static let timeout = Nanoseconds.milliseconds(500)
  static let fellow = FellowSlot(0)

  /// How long the packets need that judge the hosts of a watcher that probes.
  static let detection = Nanoseconds.milliseconds(1_900)

  /// `isInGroup`: another watcher of a lower address is told of in the Plan. `memory`: of a run
  /// before this one. `isProbing`: packets judge the hosts, not routes. `fellowIs`: that host
  /// is the other watcher's own machine. `hasNeighbours`: packets judge the hosts, and beside them
  /// what the kernel knows of them as neighbours.
  init(
    failback: Nanoseconds? = .seconds(60), anchor: Bool = false, isInGroup: Bool = false,
    allDown: Plan.AllDown = .hold, memory: UnitMemory? = nil, isProbing: Bool = false,
    fellowIs: Int? = nil, hasNeighbours: Bool = false
  ) throws {
    let local = IPv4Address(10, 0, 2, 10)
    var hosts: [Plan.Host] = []
    var targets: [Plan.Target] = []
    for (place, route) in Watch.routes.enumerated() {
      let prefix = try #require(Prefix(route))
      let probe = Plan.Probe(
        kind: .icmp, address: IPv4Address(10, 0, 2, UInt8(11 + place)),
        interval: .milliseconds(500), timeout: .milliseconds(400), fall: 3, rise: 2)
      let first = targets.count
      let isAsked = isProbing || hasNeighbours
      targets.append(
        .init(host: HostSlot(place), evidence: isAsked ? .probe(probe) : .route(prefix)))
      if hasNeighbours {
        targets.append(.init(host: HostSlot(place), evidence: .neighbour(probe.address)))
      }
      hosts.append(
        .init(
          name: "ws\(place + 1)", address: IPv4Address(10, 0, 2, UInt8(11 + place)),
          targets: first..<targets.count))
    }
    targetsPerHost = hasNeighbours ? 2 : 1
    if anchor {
      let name = try #require(InterfaceName("eth0"))
      targets.append(.init(host: HostSlot(2), evidence: .link(name)))
      hosts.append(
        .init(name: "gw", address: IPv4Address(10, 0, 2, 1), targets: 2..<3, isAnchor: true))
    }
    let plan = Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)], damping: .init(window: Watch.window)),
      vips: [
        .init(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))], role: .watcher(rank: 100),
          candidates: (0..<2).map {
            .init(host: HostSlot($0), nextHop: IPv4Address(10, 0, 2, UInt8(11 + $0)))
          }, failback: failback, allDown: allDown)
      ], hosts: hosts, targets: targets,
      group: isInGroup
        ? .init(
          peers: [IPv4Address(10, 0, 2, fellowIs.map { UInt8(11 + $0) } ?? 9)], address: local,
          keyFile: "", timeout: Watch.timeout)
        : nil)
    failover = Failover(plan)
    if let memory { failover.recall(memory, of: Watch.vip, isSameBoot: true) }
    failover.viewIsComplete(at: now, into: &verdicts)
  }

  /// Time passes; deadlines are judged as they come.
  func pass(_ length: Nanoseconds) {
    let end = now + length
    while let due = failover.deadline, due <= end {
      now = max(now, due)
      failover.turn(at: now, into: &verdicts)
    }
    now = end
  }

  func say(_ host: Int, _ signal: Signal) {
    failover.learned(TargetSlot(host * targetsPerHost), signal, at: now, into: &verdicts)
  }

  /// The kernel's entry for a host is in this state (NUD_*), or goes.
  func learnNeighbour(_ host: Int, _ state: UInt16, on index: Int32 = 2, isGone: Bool = false) {
    let neighbour = Neighbour(
      address: .v4(IPv4Address(10, 0, 2, UInt8(11 + host))), interface: InterfaceIndex(index),
      hardwareAddress: nil, state: NeighbourState(bits: state))
    failover.learned(neighbour, isGone: isGone, at: now, into: &verdicts)
  }

  /// The kernel lists its neighbours, and these have failed.
  func listNeighbours(failed: [Int]) {
    failover.beginConfirming(.neighbours)
    for host in failed { learnNeighbour(host, Watch.failed) }
    failover.isComplete(.neighbours, at: now, into: &verdicts)
  }

  static let reachable: UInt16 = 0x02
  static let failed: UInt16 = 0x20

  /// The other watcher is heard, and says this.
  func hear(_ claim: FellowClaim) {
    failover.heard(Watch.fellow, at: now)
    failover.heard(claim, of: Watch.vip, from: Watch.fellow, at: now, into: &verdicts)
    failover.understood(Watch.fellow, at: now, into: &verdicts)
  }

  func obey(_ command: OperatorCommand) -> OperatorAnswer {
    failover.obey(command, at: now, into: &verdicts)
  }

  /// What was said since the last call.
  func said() -> [Judgement] {
    defer { verdicts.removeAll() }
    return verdicts.map(\.judgement)
  }

  var candidate: Int? { failover.standing(Watch.vip)?.candidate }
}
