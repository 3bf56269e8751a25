// Another Plan takes over: what stands goes on to stand, and what is new begins as after a start.

import BGP
import Engine
import Failover
import Model
import Testing
import World

/// The Plans of these tests, and what was said on the wire.
private enum Reload {
  static let local = IPv4Address(10, 0, 2, 10)
  static let web = VIPSlot(0)

  static func plan(_ vips: [Plan.VIP], hosts: [String] = []) throws -> Plan {
    let links = try hosts.map { try #require(InterfaceName($0)) }
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)], damping: .azure),
      vips: vips,
      hosts: hosts.enumerated().map { place, name in
        .init(
          name: name, address: address(of: name), targets: place..<(place + 1))
      },
      targets: links.enumerated().map { place, link in
        .init(host: HostSlot(place), evidence: .link(link))
      })
  }

  static func address(of host: String) -> IPv4Address {
    IPv4Address(10, 0, 4, host.utf8.last ?? 0)
  }

  static func owned(_ name: String, _ prefix: String) throws -> Plan.VIP {
    .init(
      name: name, prefixes: [try #require(Prefix(prefix))],
      owner: .init(address: .v4(EngineStage.vip), interfaces: [], settle: .zero))
  }

  static func watched(_ name: String, _ prefix: String, _ order: [Int], of hosts: [String]) throws
    -> Plan.VIP
  {
    .init(
      name: name, prefixes: [try #require(Prefix(prefix))], role: .watcher(rank: 100),
      candidates: order.map {
        .init(host: HostSlot($0), nextHop: address(of: hosts[$0]))
      })
  }

  /// What a route server was told, message by message, but for KEEPALIVEs.
  static func told(_ effects: [Effect], _ peer: Int = 0) -> [String] {
    effects.flatMap { effect -> [String] in
      switch effect {
      case .fire(let slot, var bytes, _), .send(let slot, var bytes):
        guard slot.peer.index == peer else { return [] }
        return WireMessage.take(from: &bytes).map(\.message.text).filter { $0 != "KEEPALIVE" }
      default: return []
      }
    }
  }

  static func closed(_ effects: [Effect]) -> [Int] {
    effects.compactMap { if case .close(let slot) = $0 { slot.peer.index } else { nil } }
  }

  static func standing(_ stage: EngineStage, _ vip: VIPSlot) -> Standing? {
    stage.driver.engine.failover.standing(vip)
  }

  static func shifts(_ effects: [Effect]) -> Int {
    effects.count {
      if case .note(.standing(_, _, _, let shift, _)) = $0 { shift != 0 } else { false }
    }
  }

  /// Hosts whose links run, and a VIP that is watched.
  static func watching(_ hosts: [String], _ plan: Plan) -> EngineStage {
    let stage = EngineStage(plan)
    for place in hosts.indices { _ = link(stage, hosts, place, true) }
    _ = stage.live(for: .seconds(40))
    return stage
  }

  static func link(
    _ stage: EngineStage, _ hosts: [String], _ place: Int, _ isUp: Bool
  ) -> [Effect] {
    stage.change {
      $0.set(KernelLink(index: UInt32(10 + place), name: hosts[place], hasCarrier: isUp))
    }
  }
}

struct SuccessionTests {
  private static let hosts = ["ws1", "ws2", "ws3"]

  @Test func theSamePlanSaysNothing() throws {
    let plan = try Reload.plan([Reload.owned("web", "10.1.0.5/32")])
    let stage = EngineStage(plan)
    _ = stage.move()
    _ = stage.live(for: .seconds(1))
    let stood = Reload.standing(stage, Reload.web)
    let effects = try stage.reload(plan)
    #expect(Reload.told(effects) == [] && Reload.told(effects, 1) == [])
    #expect(Reload.closed(effects) == [])
    let deadline = try #require(stage.driver.deadline)
    #expect(deadline >= stage.now, "whoever keeps time by it has not stood still")
    #expect(Reload.standing(stage, Reload.web) == stood)
    let sessions = stage.driver.engine.speaker.sessions
    #expect(sessions.allSatisfy { $0.state == .established })
    // It goes on as before: the session lives, and the next shift takes the next rung.
    #expect(Reload.told(stage.live(for: .seconds(60))) == [])
    _ = stage.leave()
    let back = stage.move()
    #expect(Reload.shifts(back) == 1)
    #expect(Reload.told(back).count == 1 && Reload.told(back, 1).count == 1)
  }

  @Test func aNewVIPIsAnnouncedAndTheOldOnesAreLeftAlone() throws {
    let web = try Reload.owned("web", "10.1.0.5/32")
    let stage = EngineStage(try Reload.plan([web]))
    _ = stage.move()
    _ = stage.live(for: .seconds(1))
    let new = try Reload.owned("mail", "10.1.0.6/32")
    let effects = try stage.reload(try Reload.plan([new, web]))
    // The address was here before the VIP was: that is no takeover.
    for peer in 0...1 {
      #expect(
        Reload.told(effects, peer) == [
          "UPDATE 10.1.0.6/32 next-hop 10.0.2.10 path 65001x15"
        ])
    }
    #expect(Reload.standing(stage, VIPSlot(1))?.rung == .firstTakeover)
    let moved = stage.leave() + stage.turn(to: stage.now + .seconds(6))
    #expect(Reload.told(moved).count == 2, "both follow the address")
  }

  @Test func anAddressThatNobodyWaitedForIsLookedFor() throws {
    let web = try Reload.owned("web", "10.1.0.5/32")
    let stage = EngineStage(try Reload.plan([web]))
    let other = IPv4Address(10, 1, 0, 6)
    _ = stage.change {
      $0.add(KernelAddress(interface: EngineStage.link, address: other, prefixLength: 24))
    }
    var mail = try Reload.owned("mail", "10.1.0.6/32")
    mail.role = .address(.init(address: .v4(other), interfaces: []))
    let effects = try stage.reload(try Reload.plan([web, mail]))
    #expect(
      Reload.told(effects) == ["UPDATE 10.1.0.6/32 next-hop 10.0.2.10 path 65001x15"])
    let isCurrent = stage.driver.engine.interfaces.isCurrent
    #expect(isCurrent)
  }

  @Test func aVIPThatIsGoneIsWithdrawn() throws {
    let (web, mail) = (
      try Reload.owned("web", "10.1.0.5/32"), try Reload.owned("mail", "10.1.0.6/32")
    )
    let stage = EngineStage(try Reload.plan([web, mail]))
    _ = stage.move()
    let effects = try stage.reload(try Reload.plan([mail]))
    for peer in 0...1 {
      #expect(Reload.told(effects, peer) == ["UPDATE withdraw 10.1.0.5/32"])
    }
    #expect(Reload.standing(stage, VIPSlot(0))?.rung == .firstTakeover)
    #expect(Reload.shifts(effects) == 0)
  }

  /// Under another name it stands where it stood as soon as it is decided; nothing goes in between.
  @Test func aVIPUnderAnotherNameIsNotWithdrawn() throws {
    let stage = EngineStage(try Reload.plan([Reload.owned("web", "10.1.0.5/32")]))
    let effects = try stage.reload(try Reload.plan([Reload.owned("www", "10.1.0.5/32")]))
    #expect(!Reload.told(effects).contains { $0.contains("withdraw") })
  }

  @Test func aPrefixMoreOrLessIsOneUpdate() throws {
    var web = try Reload.owned("web", "10.1.0.5/32")
    let stage = EngineStage(try Reload.plan([web]))
    _ = stage.move()
    web.prefixes.append(try #require(Prefix("10.1.0.7/32")))
    let more = try stage.reload(try Reload.plan([web]))
    #expect(
      Reload.told(more) == [
        "UPDATE 10.1.0.5/32 10.1.0.7/32 next-hop 10.0.2.10 path 65001x14"
      ])
    web.prefixes.reverse()
    let turned = try stage.reload(try Reload.plan([web]))
    #expect(Reload.told(turned) == [], "their order is nothing")
    web.prefixes.removeFirst()
    let less = try stage.reload(try Reload.plan([web]))
    #expect(Reload.told(less) == ["UPDATE withdraw 10.1.0.7/32"])
  }

  @Test func otherAttributesReplaceWhatStands() throws {
    var web = try Reload.owned("web", "10.1.0.5/32")
    let stage = EngineStage(try Reload.plan([web]))
    _ = stage.move()
    web.attributes.communities = [Community(value: 7)]
    let effects = try stage.reload(try Reload.plan([web]))
    for peer in 0...1 {
      #expect(
        Reload.told(effects, peer) == [
          "UPDATE 10.1.0.5/32 next-hop 10.0.2.10 path 65001x14 community 0:7"
        ])
    }
    #expect(Reload.shifts(effects) == 0)
    let plan = stage.driver.engine.plan
    let again = try stage.reload(plan)
    #expect(Reload.told(again) == [])
  }

  @Test func onlyTheSessionThatChangedEnds() throws {
    let plan = try Reload.plan([Reload.owned("web", "10.1.0.5/32")])
    let stage = EngineStage(plan)
    _ = stage.move()
    var next = plan
    // The first is gone, the second comes first, and there is a new one.
    next.routeServers.peers = [plan.routeServers.peers[1], IPv4Address(10, 10, 1, 9)]
    let effects = try stage.reload(next)
    #expect(Reload.closed(effects) == [0])
    #expect(Reload.told(effects) == ["NOTIFICATION 6/3"])
    #expect(Reload.told(effects, 1) == [])
    #expect(effects.contains(.connect(PeerSlot(1))))
    #expect(!effects.contains(.connect(PeerSlot(0))))
    let sessions = stage.driver.engine.speaker.sessions
    #expect(sessions[0].state == .established && sessions[1].state == .connect)
    let up = stage.establish(PeerSlot(1))
    #expect(
      Reload.told(up, 1).contains("UPDATE 10.1.0.5/32 next-hop 10.0.2.10 path 65001x14"))
    // The one that stayed is told of what happens, under its new number.
    #expect(Reload.told(stage.leave() + stage.turn(to: stage.now + .seconds(6))).count == 1)
  }

  @Test(arguments: ["holdTime", "asn", "local", "password", "ttl"])
  func whatAllSessionsShareEndsThemAll(_ what: String) throws {
    let plan = try Reload.plan([Reload.owned("web", "10.1.0.5/32")])
    let stage = EngineStage(plan)
    var next = plan
    switch what {
    case "holdTime": next.routeServers.holdTime = .seconds(60)
    case "asn": next.local.asn = ASNumber(65002)
    case "local": next.local.address = IPv4Address(10, 0, 2, 11)
    case "ttl": next.routeServers.ttlSecurity = 1
    default: break
    }
    let effects = try stage.reload(next, hasSamePassword: what != "password")
    #expect(Reload.closed(effects).sorted() == [0, 1])
    #expect(Reload.told(effects) == ["NOTIFICATION 6/6"])
    #expect(effects.contains(.connect(PeerSlot(0))) && effects.contains(.connect(PeerSlot(1))))
  }

  @Test func anotherOrderOfHostsMovesNothingBeforeItsTime() throws {
    let hosts = Self.hosts
    let watched = try Reload.watched("web", "10.1.0.5/32", [0, 1], of: hosts)
    let stage = Reload.watching(hosts, try Reload.plan([watched], hosts: hosts))
    _ = stage.live(for: .seconds(200))
    #expect(Reload.standing(stage, Reload.web)?.candidate == 0)
    let turned = try Reload.watched("web", "10.1.0.5/32", [1, 0], of: hosts)
    let effects = try stage.reload(try Reload.plan([turned], hosts: hosts))
    #expect(Reload.told(effects) == [])
    let standing = Reload.standing(stage, Reload.web)
    #expect(standing?.candidate == 1, "the same host under its new number")
    #expect(Reload.told(stage.live(for: .seconds(59))) == [])
    let moved = stage.live(for: .seconds(2))
    #expect(
      Reload.told(moved) == ["UPDATE 10.1.0.5/32 next-hop 10.0.4.50 path 65001x15"],
      "after the failback time it is preferred")
  }

  @Test func aNewHostIsNotPreferredBeforeItIsKnown() throws {
    let hosts = Self.hosts
    let stage = Reload.watching(
      hosts,
      try Reload.plan(
        [Reload.watched("web", "10.1.0.5/32", [0, 1], of: hosts)], hosts: hosts))
    let more = try Reload.watched("web", "10.1.0.5/32", [2, 0, 1], of: hosts)
    let effects = try stage.reload(try Reload.plan([more], hosts: hosts))
    #expect(Reload.told(effects) == [])
    #expect(Reload.standing(stage, Reload.web)?.candidate == 1)
    // It is followed like any other from now on.
    let fallen = Reload.link(stage, hosts, 0, false)
    #expect(Reload.shifts(fallen) == 1)
    #expect(Reload.told(fallen) == ["UPDATE 10.1.0.5/32 next-hop 10.0.4.51 path 65001x15"])
  }

  /// To look at a host in another way, or more often, is no reason to leave it or to come back.
  @Test func anotherProbeMovesNothing() throws {
    let hosts = Self.hosts
    let watched = try Reload.watched("web", "10.1.0.5/32", [0, 1], of: hosts)
    var plan = try Reload.plan([watched], hosts: hosts)
    let stage = Reload.watching(hosts, plan)
    var probe = Plan.Probe(
      kind: .icmp, address: Reload.address(of: "ws1"), interval: .milliseconds(500),
      timeout: .milliseconds(400), fall: 3, rise: 2)
    plan.targets[0].evidence = .probe(probe)
    let first = try stage.reload(plan)
    #expect(Reload.told(first) == [])
    let health = stage.driver.engine.failover.hosts[HostSlot(0)]
    #expect(health.health == .up)
    probe.interval = .milliseconds(100)
    plan.targets[0].evidence = .probe(probe)
    let second = try stage.reload(plan)
    #expect(Reload.told(second) == [])
    let again = stage.driver.engine.failover.hosts[HostSlot(0)]
    #expect(again == health, "since when it is well stays as it was")
    #expect(Reload.told(stage.live(for: .seconds(20))) == [])
    // What was assumed is not assumed for ever.
    let late = stage.driver.engine.failover.hosts[HostSlot(0)]
    #expect(late.health == .unknown)
  }

  @Test func aHostThatIsGoneHandsItsTrafficOn() throws {
    let hosts = Self.hosts
    let stage = Reload.watching(
      hosts,
      try Reload.plan(
        [Reload.watched("web", "10.1.0.5/32", [0, 1, 2], of: hosts)], hosts: hosts))
    let rest = Array(hosts[1...])
    let fewer = try Reload.watched("web", "10.1.0.5/32", [0, 1], of: rest)
    let effects = try stage.reload(try Reload.plan([fewer], hosts: rest))
    #expect(Reload.told(effects) == ["UPDATE 10.1.0.5/32 next-hop 10.0.4.50 path 65001x15"])
    #expect(Reload.shifts(effects) == 1)
  }

  @Test func theDampingWindowAndWhatAnOperatorSaidStay() throws {
    let hosts = Self.hosts
    var watched = try Reload.watched("web", "10.1.0.5/32", [0, 1], of: hosts)
    let stage = Reload.watching(hosts, try Reload.plan([watched], hosts: hosts))
    _ = stage.feed(
      .command(.move(Reload.web, to: HostSlot(1), isForced: true)))
    _ = stage.feed(.command(.outOfService(Reload.web, true)))
    watched.attributes.med = 7
    watched.failback = .seconds(10)
    _ = try stage.reload(try Reload.plan([watched], hosts: hosts))
    let waits = stage.driver.engine.failover.waits(of: Reload.web, at: stage.now)
    #expect(waits.map(\.reason) == [.outOfService, .damping, .pinned])
    #expect(
      waits.first { $0.reason == .damping }?.until == stage.now + .seconds(30))
  }

  /// The address is away and the claim stands for its grace: it is resigned when that is over.
  @Test func aShiftThatRunsGoesOn() throws {
    var web = try Reload.owned("web", "10.1.0.5/32")
    let stage = EngineStage(try Reload.plan([web]))
    _ = stage.move()
    _ = stage.leave()
    _ = stage.turn(to: stage.now + .seconds(3))
    web.failback = nil
    let effects = try stage.reload(try Reload.plan([web]))
    #expect(Reload.told(effects) == [])
    #expect(Reload.told(stage.turn(to: stage.now + .milliseconds(1_999))) == [])
    let resigned = stage.turn(to: stage.now + .milliseconds(2))
    #expect(Reload.told(resigned) == ["UPDATE 10.1.0.5/32 next-hop 10.0.2.10 path 65001x29"])
  }

  @Test func itWaitsForADumpToEnd() throws {
    let plan = try Reload.plan([Reload.owned("web", "10.1.0.5/32")])
    let driver = Driver(plan, seed: 1)
    _ = driver.feed(.opened(.interfaces, port: 7), at: .zero)
    let isDone = driver.reload(plan, at: .zero) != nil
    #expect(!isDone)
  }

  @Test func whatNeedsANewStartIsNamed() throws {
    let plan = try Reload.plan([Reload.owned("web", "10.1.0.5/32")])
    var next = plan
    next.isShadow = true
    #expect(Succession.obstacles(from: plan, to: next) == [.shadow])
    #expect(Succession.obstacles(from: next, to: plan) == [])
    next.group = .init(
      peers: [IPv4Address(10, 0, 2, 20)], address: Reload.local, keyFile: "/k")
    next.redistributions = [.init(name: "branches")]
    #expect(Succession.obstacles(from: plan, to: next) == [.group, .shadow])
    var slower = next
    slower.group?.interval = .seconds(1)
    slower.group?.keyFile = "/other"
    #expect(Succession.obstacles(from: next, to: slower) == [])
    // What route tables have of the kernel's routes is limited by what VIPs have there.
    next.redistributions = [.init(name: "branches", tablesMode: .mirror)]
    next.azure = .init()
    slower = next
    slower.vips[0].udr = .init(mode: .mirror, prefixes: slower.vips[0].prefixes)
    #expect(Succession.obstacles(from: next, to: slower) == [.tables])
    slower.vips[0].udr = nil
    slower.azure?.writer = VIPSlot(0)
    #expect(Succession.obstacles(from: next, to: slower) == [.tables])
    slower.azure?.writer = nil
    slower.azure?.repairsDrift = false
    #expect(Succession.obstacles(from: next, to: slower) == [])
  }
}
