// What a daemon that was killed takes up again, and what it does with a damaged file.

import Engine
import Failover
import Hello
import Model
import Testing
import World

struct MemoryTests {
  private static func plan() throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let route = try #require(Prefix("10.9.0.0/16"))
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)], damping: .azure),
      vips: [
        .init(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))], role: .watcher(rank: 100),
          candidates: [
            .init(host: HostSlot(0), nextHop: IPv4Address(10, 0, 2, 11)),
            .init(host: HostSlot(1), nextHop: IPv4Address(10, 0, 2, 12)),
          ])
      ],
      hosts: [
        .init(name: "ws1", address: IPv4Address(10, 0, 2, 11), targets: 0..<1),
        .init(name: "ws2", address: IPv4Address(10, 0, 2, 12), targets: 1..<2),
      ],
      targets: [
        .init(host: HostSlot(0), evidence: .route(route)),
        .init(host: HostSlot(1), evidence: .route(route)),
      ],
      group: .init(peers: [IPv4Address(10, 0, 2, 20)], address: local, keyFile: "/k"))
  }

  /// A driver that an operator has spoken to, and what it keeps.
  private static func kept() throws -> [UInt8] {
    let driver = Driver(try plan(), seed: 1)
    _ = driver.feed(.opened(.interfaces, port: 7), at: .zero)
    _ = driver.feed(.command(.outOfService(VIPSlot(0), true)), at: .zero)
    let hasChanged = driver.engine.hasUnsavedMemory
    #expect(hasChanged)
    return driver.engine.memory(isEnding: false)
  }

  private static func recalled(_ bytes: [UInt8]) throws -> (Driver, [Effect]) {
    let driver = Driver(try plan(), seed: 1)
    return (driver, driver.feed(.recalled(isSameBoot: true), bytes, at: .zero))
  }

  @Test func whatWasSaidIsKnownAgain() throws {
    let (driver, effects) = try Self.recalled(try Self.kept())
    #expect(effects == [])
    let isOut = driver.engine.failover.isOutOfService(VIPSlot(0))
    #expect(isOut)
    let again = driver.engine.memory(isEnding: false)
    #expect(again == (try Self.kept()))
  }

  /// An address that was given away is not fetched back because a daemon was killed; a machine that
  /// was started anew has forgotten it, and so has whoever places the address.
  @Test func whatWasGivenIsGivenAfterAKill() throws {
    let vip = VIPSlot(0)
    let plan = try Self.owners()
    let stage = EngineStage(plan)
    _ = stage.move()
    _ = stage.driver.takeMemory()
    let given = stage.feed(.command(.give(vip, isForced: true)))
    #expect(given.contains(.note(.placement(vip, .asked))))
    let asked = try #require(stage.driver.takeMemory(), "it is kept at once")
    let changes = stage.driver.engine.serviceChanges
    #expect(stage.leave().contains(.note(.placement(vip, .gone))))
    let gone = try #require(stage.driver.takeMemory())
    #expect(stage.driver.engine.serviceChanges > changes, "the file is looked at again")
    for memory in [asked, gone] {
      let again = EngineStage(plan, recalled: (memory, isSameBoot: true))
      let isUnwanted = again.driver.engine.failover.isAddressUnwanted(vip)
      #expect(isUnwanted)
      #expect(again.move().contains(.note(.placement(vip, .returned))))
      let isKept = again.driver.engine.failover.isAddressUnwanted(vip)
      #expect(!isKept)
      let anew = EngineStage(plan, recalled: (memory, isSameBoot: false))
      let isForgotten = anew.driver.engine.failover.isAddressUnwanted(vip)
      #expect(!isForgotten)
    }
  }

  /// One that decides by its address, without hello; and another of an address that never comes.
  private static func owners(isShared: Bool = false) throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let other = IPAddress.v4(IPv4Address(10, 1, 0, 6))
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4)],
        damping: .init(window: .seconds(30), isShared: isShared)),
      vips: [
        .init(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
          owner: .init(address: .v4(EngineStage.vip), interfaces: [], settle: .zero)),
        .init(
          name: "other", prefixes: [try #require(Prefix("10.1.0.6/32"))],
          owner: .init(address: other, interfaces: [], settle: .zero)),
      ])
  }

  private static func rung(_ stage: EngineStage) -> Rung? {
    stage.driver.engine.failover.standing(VIPSlot(0))?.rung
  }

  /// A daemon that came back at owner would claim as much as the frozen owner that it had beaten.
  @Test func aClaimIsTakenUpAfterAKill() throws {
    let plan = try Self.owners()
    let stage = EngineStage(plan)
    _ = stage.move()
    #expect(Self.rung(stage) == .firstTakeover)
    let memory = try #require(stage.driver.takeMemory(), "a claim is kept")
    let again = EngineStage(plan, recalled: (memory, isSameBoot: true), isHeld: true)
    #expect(Self.rung(again) == .firstTakeover)
    let kept = again.driver.engine.memory(isEnding: false)
    #expect(kept == memory)
    // The address was away meanwhile: somebody may have claimed above us, and frozen.
    let late = EngineStage(plan, recalled: (memory, isSameBoot: true))
    #expect(Self.rung(late) == .standby)
    _ = late.move()
    #expect(Self.rung(late)?.description == "takeover-3")
    // With the machine, its routes have ended; with a run that ended in order, its claims.
    let anew = EngineStage(plan, recalled: (memory, isSameBoot: false), isHeld: true)
    #expect(Self.rung(anew) == .owner)
    let ending = stage.driver.engine.memory(isEnding: true)
    let next = EngineStage(plan, recalled: (ending, isSameBoot: true), isHeld: true)
    #expect(Self.rung(next) == .owner)
  }

  /// The platform counts from the shift, whatever has become of the daemon since.
  @Test(arguments: [false, true]) func theWindowGoesOnAfterAKill(_ isShared: Bool) throws {
    let plan = try Self.owners(isShared: isShared)
    let stage = EngineStage(plan)
    _ = stage.live(for: .seconds(7))
    _ = stage.move()
    let end = stage.now + .seconds(30)
    let memory = try #require(stage.driver.takeMemory())
    for isSameBoot in [true, false] {
      let again = EngineStage(plan, recalled: (memory, isSameBoot), isHeld: true)
      let now = stage.now + .seconds(10)
      let give = OperatorCommand.give(VIPSlot(0), isForced: false)
      let answer = again.driver.engine.failover.answer(to: give, at: now)
      #expect(answer == (isSameBoot ? .damped(until: end) : .done))
      let free = again.driver.engine.failover.answer(to: give, at: end)
      #expect(free == .done)
      // The other VIP has not moved, and waits only where one window is that of all.
      let all = again.driver.engine.failover.waits(of: VIPSlot(1), at: now)
      let waits = all.filter { $0.reason == .damping }
      #expect(waits == (isSameBoot && isShared ? [Wait(reason: .damping, until: end)] : []))
      // A shift after that comes inside the window, and says so.
      _ = again.turn(to: stage.now + .seconds(20))
      _ = again.leave()
      _ = again.move()
      let moment = again.driver.engine.latest
      let held = again.driver.engine.failover.heldBack(VIPSlot(0), shiftedAt: moment)
      #expect(held == (isSameBoot ? end : nil))
    }
  }

  /// What the group had come to, and what a fellow said who cannot say it again.
  @Test func theGroupIsKnownAgain() throws {
    var plan = try Self.owners()
    plan.group = .init(
      peers: [IPv4Address(10, 0, 2, 20)], address: plan.local.address, keyFile: "/k")
    let stage = EngineStage(plan)
    var writer = HelloWriter()
    writer.begin(
      HelloHeader(sender: IPv4Address(10, 0, 2, 20), start: 1, sequence: 1, pauses: 0))
    let rung = try #require(Rung(20))
    writer.add(
      HelloEntry(vip: VIPDigest("web"), epoch: 7, rung: rung, rank: 3, flags: .wants))
    _ = stage.feed(.hello(FellowSlot(0)), writer.bytes)
    let memory = stage.driver.engine.memory(isEnding: false)
    for isSameBoot in [true, false] {
      let again = Driver(plan, seed: 1)
      _ = again.feed(.recalled(isSameBoot: isSameBoot), memory, at: .zero)
      let epoch = again.engine.failover.contests[0].epoch
      #expect(epoch == 7)
      let claim = again.engine.failover.fellows?[0, FellowSlot(0)]
      #expect(claim == FellowClaim(epoch: 7, rung: rung, wants: true, rank: 3))
    }
  }

  @Test func everyDamageIsNoticed() throws {
    let bytes = try Self.kept()
    for place in bytes.indices {
      for damage in [bytes[place] ^ 1, bytes[place] ^ 0x80] {
        var broken = bytes
        broken[place] = damage
        let (driver, effects) = try Self.recalled(broken)
        #expect(effects == [.note(.forgotten)], "byte \(place)")
        let isOut = driver.engine.failover.isOutOfService(VIPSlot(0))
        #expect(!isOut)
      }
      let (_, effects) = try Self.recalled(Array(bytes[..<place]))
      #expect(effects == [.note(.forgotten)], "cut at \(place)")
    }
  }
}
