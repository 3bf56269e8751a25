// The kernel's neighbour entries as evidence: one that the network made speaks for nobody.

import Engine
import Failover
import Model
import Probes
import Testing

/// A watcher of two hosts that are known by their neighbours' entries, or by ARP.
private final class Watching {
  private static let local = IPv4Address(10, 0, 0, 1)
  private let evidence: [Plan.Evidence]
  private var engine: Engine
  private var outputs: Outputs
  private var now = Instant.zero

  /// The evidence of the first host and of the second.
  init(_ evidence: [Plan.Evidence] = [neighbour(11), neighbour(12)]) throws {
    self.evidence = evidence
    let plan = try Watching.plan(evidence, [])
    engine = Engine(plan, seed: 1)
    outputs = Outputs(for: plan)
  }

  static func neighbour(_ last: UInt8) -> Plan.Evidence { .neighbour(IPv4Address(10, 0, 0, last)) }

  private static func plan(_ evidence: [Plan.Evidence], _ near: [String]) throws -> Plan {
    let hosts = evidence.indices.map { place in
      Plan.Host(
        name: "ws\(place)", address: IPv4Address(10, 0, 0, UInt8(11 + place)),
        targets: place..<(place + 1))
    }
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: try (["10.1.0.5/32"] + near).map { prefix in
        Plan.VIP(
          name: "vip \(prefix)", prefixes: [try #require(Prefix(prefix))],
          role: .watcher(rank: 100),
          candidates: hosts.indices.map { .init(host: HostSlot($0), nextHop: hosts[$0].address) })
      },
      hosts: hosts,
      targets: hosts.indices.map { .init(host: HostSlot($0), evidence: evidence[$0]) })
  }

  private func give(_ input: Input, _ bytes: [UInt8] = []) {
    outputs.removeAll()
    engine.handle(input, bytes.span, at: now, into: &outputs)
  }

  func tell(_ message: [UInt8]) { give(.kernel(.neighbours), message) }

  private func dump(_ what: DumpRequest) throws -> UInt32 {
    for case .dump(what, let sequence) in outputs.list { return sequence }
    throw Missing.dump(what)
  }

  enum Missing: Error { case dump(DumpRequest) }

  /// Both classes are read; who answers for which host is listed.
  func start(macs: [UInt8?]) throws {
    give(.opened(.interfaces, port: KernelMessages.port))
    let links = try dump(.links)
    give(.kernel(.interfaces), KernelMessages.link(2, "eth0", mac: 1, .dump(links)))
    give(.kernel(.interfaces), KernelMessages.done(links))
    let addresses = try dump(.addresses)
    give(
      .kernel(.interfaces), KernelMessages.address(Watching.local, on: 2, .dump(addresses)))
    give(.kernel(.interfaces), KernelMessages.done(addresses))
    give(.drained(.interfaces))
    give(.opened(.neighbours, port: KernelMessages.port))
    let neighbours = try dump(.neighbours)
    for (place, mac) in macs.enumerated() where mac != nil {
      tell(KernelMessages.neighbour(UInt8(11 + place), mac: mac, .dump(neighbours)))
    }
    tell(KernelMessages.done(neighbours))
    give(.drained(.neighbours))
    #expect(engine.feed(.neighbours).isCurrent)
  }

  /// Whoever is asked by ARP has this MAC and answers, until `health` is so or for a minute.
  func answer(mac: UInt8, until health: [Health]) {
    give(.probe(.portOpened(PortSlot(0))))
    while self.health != health, now < .zero + .seconds(60) {
      now = max(now, engine.deadline ?? now + .milliseconds(1))
      give(.probe(.heard(until: now)))
      give(.turn)
      var questions: [[UInt8]] = []
      for case .frame(_, _, let range) in outputs.probes.list {
        questions.append(Array(outputs.probes.bytes[range]))
      }
      give(.probe(.sent(at: now)))
      now = now + .milliseconds(1)
      for question in questions {
        give(
          .probe(.frame(PortSlot(0), ProbeStamp(at: now))),
          KernelMessages.answer(to: question, mac: mac))
      }
    }
  }

  /// These addresses are VIPs' besides, as a new file has it.
  func reload(near: [String]) throws {
    give(.idle)
    let isReady = engine.canBeSucceeded
    try #require(isReady)
    let next = try Watching.plan(evidence, near)
    let kept = engine.sessionsKept(for: next, hasSamePassword: true)
    outputs.removeAll()
    engine.retire(for: next, keeping: kept, at: now, into: &outputs)
    outputs = Outputs(for: next)
    var successor = Engine(next, succeeding: &engine, keeping: kept, at: now, into: &outputs)
    swap(&engine, &successor)
  }

  /// A word about links and addresses.
  func hear(_ message: [UInt8]) { give(.kernel(.interfaces), message) }

  /// What the last input led to, in words.
  var notes: [Note] {
    outputs.list.compactMap { if case .note(let note) = $0 { note } else { nil } }
  }

  var health: [Health] { (0..<2).map { engine.failover.hosts[HostSlot($0)].health } }
}

@Suite struct NeighbourTests {
  private static let failed: UInt16 = 0x20

  @Test func anEntryThatFailedIsAHostThatIsGone() throws {
    let watching = try Watching()
    try watching.start(macs: [7, 8])
    #expect(watching.health == [.unknown, .unknown], "nobody is well for an entry alone")
    watching.tell(KernelMessages.neighbour(11, state: Self.failed))
    #expect(watching.health == [.down, .unknown])
    watching.tell(KernelMessages.neighbour(11, state: Self.failed, isGone: true))
    #expect(watching.health == [.unknown, .unknown])
  }

  @Test func anEntryThatTheNetworkMadeSpeaksForNobody() throws {
    let watching = try Watching()
    try watching.start(macs: [7, 7])
    watching.tell(KernelMessages.neighbour(11, state: Self.failed))
    #expect(watching.health == [.unknown, .unknown], "one MAC answered for both")
    // The other host has a MAC of its own after all: both are hosts again.
    watching.tell(KernelMessages.neighbour(12, mac: 8))
    #expect(watching.health == [.down, .unknown], "the entry that failed is there still")
  }

  /// A word that ends an old failure makes nobody dead on its way.
  @Test func whoComesBackWithAMACOfItsOwnWasNotGone() throws {
    let watching = try Watching()
    try watching.start(macs: [7, 7])
    watching.tell(KernelMessages.neighbour(11, state: Self.failed))
    watching.tell(KernelMessages.neighbour(11, mac: 9))
    #expect(!watching.notes.contains(.health(HostSlot(0), .down)))
    #expect(watching.health == [.unknown, .unknown])
  }

  @Test func aReloadSaysWhoseTheAddressesAre() throws {
    let watching = try Watching()
    try watching.start(macs: [7, 7])
    watching.tell(KernelMessages.neighbour(11, state: Self.failed))
    #expect(watching.health == [.unknown, .unknown], "one MAC answered for both")
    // Whoever carries a VIP answers for it: that makes the other no proxy.
    try watching.reload(near: ["10.0.0.12/32"])
    #expect(watching.health == [.down, .unknown])
    try watching.reload(near: [])
    #expect(watching.health == [.unknown, .unknown])
  }

  /// The first host is asked by ARP; with the MAC of the second it is nobody's word.
  private func answeredForBoth() throws -> Watching {
    let eth0 = try #require(InterfaceName("eth0"))
    let probe = Plan.Probe(
      kind: .arp(interface: eth0, trustsProxy: false), address: IPv4Address(10, 0, 0, 11),
      interval: .milliseconds(100), timeout: .milliseconds(50), fall: 3, rise: 2)
    let watching = try Watching([.probe(probe), Watching.neighbour(12)])
    try watching.start(macs: [nil, 8])
    watching.answer(mac: 7, until: [.up, .unknown])
    #expect(watching.health == [.up, .unknown])
    watching.tell(KernelMessages.neighbour(12, mac: 7))
    #expect(watching.health == [.unknown, .unknown], "one MAC answers for both")
    return watching
  }

  /// What the network made is not the host's because somebody else was forgotten.
  @Test func anInterfaceThatGoesGivesNobodyAnOldFailure() throws {
    let watching = try answeredForBoth()
    watching.tell(KernelMessages.neighbour(12, state: Self.failed))
    #expect(watching.health[1] == .unknown)
    watching.hear(KernelMessages.linkGone(2))
    #expect(watching.health[1] == .unknown, "nobody has heard anything of the second")
  }

  @Test func aReloadSaysWhoseTheAnswersAre() throws {
    let watching = try answeredForBoth()
    try watching.reload(near: ["10.0.0.12/32"])
    #expect(watching.health == [.up, .unknown])
    try watching.reload(near: [])
    #expect(watching.health == [.unknown, .unknown])
  }
}
