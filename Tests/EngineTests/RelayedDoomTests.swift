// What a hello says of its sender's machine, and where traffic goes then.

import Engine
import Failover
import Hello
import Model
import Testing
import World

/// A leading watcher; the machine of the other watcher is the first of its hosts.
private final class Watching {
  private static let other = IPv4Address(10, 0, 2, 11)
  private static let timeout = Nanoseconds.milliseconds(500)
  let stage: EngineStage
  private var sequence: UInt64 = 0

  init() throws {
    let local = IPv4Address(10, 0, 2, 10)
    let link = try #require(InterfaceName("eth0"))
    let prefix = try #require(Prefix("10.1.0.5/32"))
    let hosts = [Watching.other, IPv4Address(10, 0, 2, 12)].enumerated().map { place, address in
      Plan.Host(name: "ws\(place)", address: address, targets: place..<(place + 1))
    }
    var vip = Plan.VIP(
      name: "web", prefixes: [prefix], role: .watcher(rank: 100),
      candidates: hosts.enumerated().map {
        Plan.Candidate(host: HostSlot($0), nextHop: $1.address)
      })
    vip.udr = Plan.UDR(mode: .mirror, prefixes: [prefix])
    stage = EngineStage(
      Plan(
        local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: Plan.RouteServers(
          platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
          peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
        vips: [vip], hosts: hosts,
        targets: (0..<2).map { Plan.Target(host: HostSlot($0), evidence: .link(link)) },
        group: Plan.Group(
          peers: [Watching.other], address: local, keyFile: "", timeout: Watching.timeout),
        azure: Plan.Azure()))
  }

  /// The other watcher is there and follows.
  func hear(_ flags: HelloHeader.Flags) -> [Effect] {
    sequence += 1
    var writer = HelloWriter()
    writer.begin(
      HelloHeader(sender: Watching.other, start: 1, sequence: sequence, pauses: 0, flags: flags))
    writer.add(
      HelloEntry(vip: VIPDigest("web"), epoch: 0, rung: .standby, rank: 200, flags: []))
    return stage.feed(.hello(FellowSlot(0)), writer.bytes)
  }

  func live(_ flags: HelloHeader.Flags, for length: Nanoseconds) -> [Effect] {
    let end = stage.now + length
    var effects: [Effect] = []
    while stage.now < end {
      effects += hear(flags) + stage.turn(to: stage.now + .milliseconds(100))
    }
    return effects
  }

  var candidate: Int? { stage.driver.engine.routeWish(of: VIPSlot(0))?.wish.candidate }
}

struct RelayedDoomTests {
  @Test func theHostOfWhoIsDoomedIsLeft() throws {
    let watching = try Watching()
    _ = watching.live([], for: .seconds(4))
    #expect(watching.candidate == 0)
    // At once, and whatever the damping says.
    _ = watching.hear(.doomed) + watching.stage.turn(to: watching.stage.now)
    #expect(watching.candidate == 1)
    _ = watching.live(.doomed, for: .seconds(4))
    #expect(watching.candidate == 1)
  }
}
