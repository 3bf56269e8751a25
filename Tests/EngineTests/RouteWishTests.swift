// What route tables should say: whose word it is, where routes lead, and when BGP needs a fallback.

import BGP
import Engine
import Failover
import Model
import Testing
import World

struct RouteWishTests {
  private static let web = VIPSlot(0)
  private static let peers = [PeerSlot(0), PeerSlot(1)]
  private static let after = Nanoseconds.seconds(2)

  /// One address, and a VIP for each mode that follows it.
  private static func stage(_ modes: [Plan.UDR.Mode]) throws -> EngineStage {
    let local = IPv4Address(10, 0, 2, 10)
    let owner = Plan.Owner(address: .v4(EngineStage.vip), interfaces: [], settle: .zero)
    let vips = try modes.enumerated().map { place, mode in
      let prefix = try #require(Prefix("10.1.\(place).0/24"))
      var vip = Plan.VIP(name: "\(mode)", prefixes: [prefix], owner: owner)
      vip.udr = Plan.UDR(mode: mode, prefixes: [prefix], after: after)
      return vip
    }
    let plan = Plan(
      local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: peers.map { IPv4Address(10, 10, 1, UInt8(4 + $0.index)) }),
      vips: vips, azure: Plan.Azure())
    return EngineStage(plan)
  }

  private static func told(_ effects: [Effect]) -> [RouteWish] {
    effects.compactMap {
      if case .note(.wish(_, let wish, _)) = $0 { wish } else { nil }
    }
  }

  private static func prove(_ stage: EngineStage, _ peers: [PeerSlot] = peers) {
    for peer in peers { _ = stage.feed(.acknowledged(ConnectionSlot(peer, .outgoing))) }
  }

  @Test func theWordIsOursWhileWeHaveTheAddress() throws {
    let stage = try Self.stage([.floor])
    _ = stage.turn(to: stage.now)
    #expect(stage.driver.engine.routeWish(of: Self.web)?.wish.voice == .others)
    let moved = stage.move() + stage.turn(to: stage.now)
    #expect(Self.told(moved) == [RouteWish(voice: .ours, candidate: 0, isWanted: true)])
    // Volleys first: nothing of route tables is said before them.
    let fire = moved.firstIndex { if case .fire = $0 { true } else { false } }
    let wish = moved.firstIndex { if case .note(.wish) = $0 { true } else { false } }
    #expect(try #require(fire) < #require(wish))
    // The address is gone, and nobody else claims yet: whoever waits writes nothing wrong.
    let left = stage.leave() + stage.turn(to: stage.now)
    #expect(Self.told(left).map(\.voice) == [.unsure])
    let resigned = stage.turn(to: stage.now + .seconds(6))
    #expect(Self.told(resigned).map(\.voice) == [.others])
  }

  @Test func generationsOnlyGrow() throws {
    let stage = try Self.stage([.floor, .mirror])
    var last: UInt64 = 0
    for _ in 0..<5 {
      for effect in stage.move() + stage.turn(to: stage.now) + stage.leave()
        + stage.turn(to: stage.now + .seconds(6))
      {
        guard case .note(.wish(_, _, let generation)) = effect else { continue }
        #expect(generation > last)
        last = generation
      }
    }
    #expect(last >= 20)
  }

  /// The session has nothing to say of it, and the address decides all the same.
  @Test func whatStandsInRouteTablesOnlyIsNotAnnounced() throws {
    let stage = try Self.stage([.only])
    let moved = stage.move() + stage.turn(to: stage.now)
    #expect(!moved.contains { if case .fire = $0 { true } else { false } })
    #expect(Self.told(moved).map(\.voice) == [.ours])
    let many = stage.hear(PeerSlot(0), WireMessage.writeRefresh())
    #expect(!many.contains { if case .fire = $0 { true } else { false } })
  }

  /// Nothing else happens when an operator chooses.
  @Test func whatAnOperatorChoseIsWished() throws {
    let local = IPv4Address(10, 0, 2, 10)
    let link = try #require(InterfaceName("eth0"))
    let prefix = try #require(Prefix("10.1.0.5/32"))
    let hosts = (0..<2).map { place in
      Plan.Host(
        name: "ws\(place)", address: IPv4Address(10, 0, 2, UInt8(11 + place)),
        targets: place..<(place + 1))
    }
    var vip = Plan.VIP(
      name: "web", prefixes: [prefix], role: .watcher(rank: 1),
      candidates: hosts.enumerated().map {
        Plan.Candidate(host: HostSlot($0), nextHop: $1.address)
      })
    vip.udr = Plan.UDR(mode: .mirror, prefixes: [prefix])
    let stage = EngineStage(
      Plan(
        local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: Plan.RouteServers(
          platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
          peers: Self.peers.map { IPv4Address(10, 10, 1, UInt8(4 + $0.index)) }),
        vips: [vip], hosts: hosts,
        targets: (0..<2).map { Plan.Target(host: HostSlot($0), evidence: .link(link)) },
        azure: Plan.Azure()))
    _ = stage.turn(to: stage.now + .seconds(1))
    #expect(stage.driver.engine.routeWish(of: Self.web)?.wish.candidate == 0)
    let chosen =
      stage.feed(.command(.move(Self.web, to: HostSlot(1), isForced: true)))
      + stage.turn(to: stage.now)
    #expect(Self.told(chosen) == [RouteWish(voice: .ours, candidate: 1, isWanted: true)])
  }

  // MARK: Fallback

  @Test func aFallbackIsWantedWhenADeliveryIsNotProved() throws {
    let stage = try Self.stage([.fallback])
    Self.prove(stage)
    _ = stage.move()
    Self.prove(stage, [PeerSlot(0)])
    let soon = stage.turn(to: stage.now + Self.after - .milliseconds(1))
    #expect(Self.told(soon) == [RouteWish(voice: .ours, candidate: 0, isWanted: false)])
    let late = stage.turn(to: stage.now + .milliseconds(1))
    #expect(Self.told(late) == [RouteWish(voice: .ours, candidate: 0, isWanted: true)])
    // Proved late: the route stays for a minute, and a doubt meanwhile begins it anew.
    Self.prove(stage)
    #expect(Self.told(stage.live(for: .seconds(40))).isEmpty)
    _ = stage.leave()
    _ = stage.move()
    _ = stage.turn(to: stage.now)
    Self.prove(stage)
    let kept = stage.live(for: .seconds(59))
    #expect(Self.told(kept).allSatisfy { $0.isWanted })
    let gone = stage.live(for: .seconds(2))
    #expect(Self.told(gone) == [RouteWish(voice: .ours, candidate: 0, isWanted: false)])
  }

  @Test func aFallbackIsWantedWhenNobodyHearsUs() throws {
    let stage = try Self.stage([.fallback])
    _ = stage.move()
    _ = stage.turn(to: stage.now)
    Self.prove(stage)
    // One instance restarts: that is no reason.
    _ = stage.feed(.closed(ConnectionSlot(PeerSlot(0), .outgoing)))
    #expect(Self.told(stage.live(for: .seconds(10))).isEmpty)
    _ = stage.feed(.closed(ConnectionSlot(PeerSlot(1), .outgoing)))
    let both = stage.turn(to: stage.now + Self.after)
    #expect(Self.told(both) == [RouteWish(voice: .ours, candidate: 0, isWanted: true)])
  }

  @Test func aProofInTimeWantsNothing() throws {
    let stage = try Self.stage([.fallback])
    Self.prove(stage)
    _ = stage.move()
    _ = stage.turn(to: stage.now + .seconds(1))
    Self.prove(stage)
    let rest = stage.live(for: .seconds(120))
    #expect(Self.told(rest).allSatisfy { !$0.isWanted })
    #expect(stage.driver.engine.routeWish(of: Self.web)?.wish.isWanted == false)
  }
}
