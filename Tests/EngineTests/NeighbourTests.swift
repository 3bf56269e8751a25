// The kernel's neighbour entries as evidence: one that the network made speaks for nobody.

import Engine
import Failover
import Model
import Testing

/// A watcher of two hosts that are known as neighbours only.
private final class Watching {
  private static let local = IPv4Address(10, 0, 0, 1)
  private var engine: Engine
  private var outputs: Outputs

  init() throws {
    let hosts = (0..<2).map { place in
      Plan.Host(
        name: "ws\(place)", address: IPv4Address(10, 0, 0, UInt8(11 + place)),
        targets: place..<(place + 1))
    }
    let plan = Plan(
      local: .init(asn: ASNumber(65001), address: Watching.local, identifier: Watching.local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: [
        Plan.VIP(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
          role: .watcher(rank: 100),
          candidates: hosts.indices.map { .init(host: HostSlot($0), nextHop: hosts[$0].address) })
      ],
      hosts: hosts,
      targets: hosts.indices.map {
        .init(host: HostSlot($0), evidence: .neighbour(hosts[$0].address))
      })
    engine = Engine(plan, seed: 1)
    outputs = Outputs(for: plan)
  }

  private func give(_ input: Input, _ bytes: [UInt8] = []) {
    outputs.removeAll()
    engine.handle(input, bytes.span, at: .zero, into: &outputs)
  }

  func tell(_ message: [UInt8]) { give(.kernel(.neighbours), message) }

  private func dump(_ what: DumpRequest) throws -> UInt32 {
    for case .dump(what, let sequence) in outputs.list { return sequence }
    throw Missing.dump(what)
  }

  enum Missing: Error { case dump(DumpRequest) }

  /// Both classes are read; who answers for which host is listed.
  func start(macs: [UInt8]) throws {
    give(.opened(.interfaces, port: KernelMessages.port))
    let links = try dump(.links)
    give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    give(.kernel(.interfaces), KernelMessages.done(links))
    let addresses = try dump(.addresses)
    give(
      .kernel(.interfaces), KernelMessages.address(Watching.local, on: 2, .dump(addresses)))
    give(.kernel(.interfaces), KernelMessages.done(addresses))
    give(.opened(.neighbours, port: KernelMessages.port))
    let neighbours = try dump(.neighbours)
    for (place, mac) in macs.enumerated() {
      tell(KernelMessages.neighbour(UInt8(11 + place), mac: mac, .dump(neighbours)))
    }
    tell(KernelMessages.done(neighbours))
    #expect(engine.feed(.neighbours).isCurrent)
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
    watching.tell(KernelMessages.neighbour(11, state: Self.failed))
    #expect(watching.health == [.down, .unknown])
  }
}
