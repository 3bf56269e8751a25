// A route server that asks for everything ten thousand times in a second, and the platform's limit.

import BGP
import Engine
import Model
import Testing
import World

struct RefreshTests {
  private static let limit = 4_000
  private static let held = 2_000

  /// Two sessions are established, with as many prefixes as Azure allows.
  private static func stage() throws -> EngineStage {
    let local = IPv4Address(10, 0, 2, 10)
    let owner = Plan.Owner(address: .v4(EngineStage.vip), interfaces: [])
    let prefixes = try (0..<RefreshTests.held).map { number in
      try #require(Prefix(.v4(IPv4Address(bits: 0x0a01_0000 + UInt32(number))), length: 32))
    }
    // Two VIPs that say the same may share UPDATEs, which must not be too large then either.
    let plan = Plan(
      local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
      vips: [
        Plan.VIP(name: "one", prefixes: Array(prefixes[..<1_500]), owner: owner),
        Plan.VIP(name: "two", prefixes: Array(prefixes[1_500...]), owner: owner),
      ])
    return EngineStage(plan)
  }

  /// The UPDATEs of volleys fired at a peer.
  private static func fired(_ effects: [Effect], at peer: PeerSlot) -> [WireUpdate] {
    effects.flatMap { effect -> [WireUpdate] in
      guard case .fire(let slot, let bytes, _) = effect, slot.peer == peer else { return [] }
      var stream = bytes
      return WireMessage.take(from: &stream).compactMap {
        if case .update(let update) = $0.message { update } else { nil }
      }
    }
  }

  @Test func aStormIsAnsweredAFewTimesAndDelaysNoShift() throws {
    let stage = try RefreshTests.stage()
    let (stormy, calm) = (PeerSlot(0), PeerSlot(1))
    var routes = 0
    var largest = 0
    var answers = 0
    for number in 0..<10_000 {
      var effects = stage.turn(to: stage.now + .microseconds(100))
      effects += stage.hear(stormy, WireMessage.writeRefresh())
      let updates = Self.fired(effects, at: stormy)
      if !updates.isEmpty { answers += 1 }
      routes += updates.reduce(0) { $0 + $1.announced.count }
      largest = max(largest, updates.map(\.announced.count).max() ?? 0)
      #expect(Self.fired(effects, at: calm).isEmpty)
      guard number == 5_000 else { continue }
      // In the midst of it the address comes: both hear of it in the same input.
      let shift = stage.move()
      for peer in [stormy, calm] {
        let moved = Self.fired(shift, at: peer)
        #expect(moved.reduce(0) { $0 + $1.announced.count } == RefreshTests.held)
        #expect(moved.allSatisfy { $0.path.count == Rung.owner.pathLength })
      }
    }
    #expect(answers >= 2 && answers <= 6)
    #expect(routes == answers * RefreshTests.held)
    #expect(largest + RefreshTests.held <= RefreshTests.limit)
    // The last request is answered too, with what stands now, and then there is silence.
    let last = Self.fired(stage.turn(to: stage.now + .seconds(2)), at: stormy)
    #expect(last.reduce(0) { $0 + $1.announced.count } == RefreshTests.held)
    #expect(last.allSatisfy { $0.path.count == Rung.owner.pathLength })
    #expect(Self.fired(stage.turn(to: stage.now + .seconds(5)), at: stormy).isEmpty)
  }

  /// One read of 64 KiB that is full of requests.
  @Test func requestsInOneReadAreOneAnswer() throws {
    let stage = try RefreshTests.stage()
    let many = [[UInt8]](repeating: WireMessage.writeRefresh(), count: 2_800).flatMap { $0 }
    let updates = Self.fired(stage.hear(PeerSlot(0), many), at: PeerSlot(0))
    #expect(updates.reduce(0) { $0 + $1.announced.count } == RefreshTests.held)
  }
}
