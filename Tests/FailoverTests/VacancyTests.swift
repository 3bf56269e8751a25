// A VIP that nobody can carry: when it is told, when its routes go, and when they come back.

import Failover
import Model
import Testing

/// One machine of a pair in which health decides, and what it has said.
private final class Pair {
  static let vip = VIPSlot(0)
  static let fellow = FellowSlot(0)
  static let timeout = Nanoseconds.milliseconds(500)

  var failover: Failover
  var verdicts: [Verdict] = []
  var now = Instant.zero

  /// The other one has the lower address, and with it the better rank.
  init(allDown: Plan.AllDown) throws {
    let local = IPv4Address(10, 0, 2, 10)
    let name = try #require(InterfaceName("eth1"))
    failover = Failover(
      Plan(
        local: .init(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: .init(
          platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
          peers: [IPv4Address(10, 0, 1, 4)], damping: .init(window: .seconds(30))),
        vips: [
          .init(
            name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
            role: .healthy(.init()), candidates: [], allDown: allDown)
        ],
        hosts: [.init(name: "self", address: local, isSelf: true, targets: 0..<1)],
        targets: [.init(host: HostSlot(0), evidence: .link(name))],
        group: .init(
          peers: [IPv4Address(10, 0, 2, 9)], address: local, keyFile: "", timeout: Pair.timeout)))
    failover.viewIsComplete(at: now, into: &verdicts)
  }

  func say(_ signal: Signal) {
    failover.learned(TargetSlot(0), signal, at: now, into: &verdicts)
  }

  func hear(_ rung: Rung, epoch: UInt32, wants: Bool) {
    failover.heard(Pair.fellow, at: now)
    failover.heard(
      FellowClaim(epoch: epoch, rung: rung, wants: wants, rank: 100), of: Pair.vip,
      from: Pair.fellow, at: now, into: &verdicts)
    failover.understood(Pair.fellow, at: now, into: &verdicts)
  }

  func pass(_ length: Nanoseconds) {
    let end = now + length
    while let due = failover.deadline, due <= end {
      now = max(now, due)
      failover.turn(at: now, into: &verdicts)
    }
    now = end
  }

  func said() -> [Judgement] {
    defer { verdicts.removeAll() }
    return verdicts.map(\.judgement)
  }

  var standing: Standing? { failover.standing(Pair.vip) }
}

struct VacancyTests {
  // MARK: A watcher

  @Test func aWatcherWithdrawsWhenEveryHostIsDown() throws {
    let watch = try Watch(allDown: .withdraw)
    watch.say(0, .up)
    watch.say(1, .down)
    _ = watch.said()
    watch.say(0, .down)
    #expect(watch.said() == [.allDown, .withdraw(isClaim: true)])
    #expect(watch.failover.standing(Watch.vip) == .withdrawn)
    #expect(watch.failover.waits(of: Watch.vip, at: watch.now).map(\.reason).contains(.vacancy))
    watch.pass(.seconds(600))
    #expect(watch.said() == [])
    watch.say(0, .up)
    #expect(watch.said() == [.recovered, .restore(isClaim: true)])
    #expect(watch.candidate == 0)
  }

  /// The return waits for no damping window: nothing else carries the traffic.
  @Test func whoeverComesBackFirstIsAnnounced() throws {
    let watch = try Watch(allDown: .withdraw)
    watch.say(0, .up)
    watch.say(1, .down)
    watch.say(0, .down)
    _ = watch.said()
    watch.say(1, .up)
    #expect(watch.said() == [.moved, .restore(isClaim: true)])
    #expect(watch.candidate == 1)
  }

  @Test func whatIsNotKnownIsNotDown() throws {
    let watch = try Watch(allDown: .withdraw)
    watch.say(0, .up)
    _ = watch.said()
    watch.say(0, .down)
    #expect(watch.said() == [], "nothing is known of the other one")
    watch.say(0, .unknown)
    watch.say(1, .down)
    #expect(watch.said() == [])
    #expect(watch.candidate == 0)
  }

  @Test func aDoubtOfOurOwnNetworkWithdrawsNothing() throws {
    let watch = try Watch(anchor: true, allDown: .withdraw)
    watch.say(2, .up)
    watch.say(0, .up)
    watch.say(1, .up)
    _ = watch.said()
    watch.say(2, .down)
    watch.say(0, .down)
    watch.say(1, .down)
    #expect(!watch.said().contains(.withdraw(isClaim: true)))
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    // It works again, and they are down all the same.
    watch.say(2, .up)
    #expect(watch.failover.standing(Watch.vip) == .withdrawn)
  }

  @Test func aPauseWithdrawsNothingBeforeOthersWereListenedTo() throws {
    let watch = try Watch(isInGroup: true, allDown: .withdraw)
    watch.pass(Watch.timeout)
    watch.say(0, .up)
    watch.say(1, .up)
    watch.failover.paused(for: .seconds(2), at: watch.now)
    watch.say(0, .down)
    watch.say(1, .down)
    watch.failover.turn(at: watch.now, into: &watch.verdicts)
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    watch.pass(Watch.timeout)
    #expect(watch.failover.standing(Watch.vip) == .withdrawn)
  }

  @Test func aFollowerBelievesALeaderThatSeesSomebody() throws {
    let watch = try Watch(isInGroup: true, allDown: .withdraw)
    let leads = FellowClaim(
      epoch: 1, rung: .owner, wants: true, rank: 100, nextHop: IPv4Address(10, 0, 2, 11))
    watch.say(0, .up)
    watch.hear(leads)
    watch.say(0, .down)
    watch.say(1, .down)
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    var gone = leads
    gone.wants = false
    gone.nextHop = nil
    watch.hear(gone)
    #expect(watch.failover.standing(Watch.vip) == .withdrawn)
    let isTold = watch.failover.ownClaim(Watch.vip).nextHop
    #expect(isTold == nil, "the traffic is sent nowhere")
    _ = watch.said()
    watch.hear(leads)
    #expect(watch.said().contains(.restore(isClaim: false)))
    #expect(watch.candidate == 0)
  }

  @Test func maintenanceWithdrawsNothingAndHidesNobodyWhoIsBack() throws {
    let watch = try Watch(allDown: .withdraw)
    watch.say(0, .up)
    watch.say(1, .up)
    #expect(watch.obey(.outOfService(Watch.vip, true)) == .done)
    watch.say(0, .down)
    watch.say(1, .down)
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    #expect(watch.obey(.outOfService(Watch.vip, false)) == .done)
    #expect(watch.failover.standing(Watch.vip) == .withdrawn)
    #expect(watch.obey(.outOfService(Watch.vip, true)) == .done)
    watch.say(0, .up)
    #expect(watch.candidate == 0)
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
  }

  // MARK: An owner by health

  @Test func holdIsAnAlarmAndNothingElse() throws {
    let pair = try Pair(allDown: .hold)
    pair.pass(Pair.timeout)
    pair.say(.up)
    let claim = try #require(pair.standing)
    #expect(claim.rung.isClaim)
    _ = pair.said()
    pair.say(.down)
    #expect(pair.said() == [.allDown])
    #expect(pair.standing == claim)
    pair.say(.up)
    #expect(pair.said() == [.recovered])
  }

  @Test func anOwnerThatIsDownWithdrawsWhenNobodyElseIsWilling() throws {
    let pair = try Pair(allDown: .withdraw)
    pair.pass(Pair.timeout)
    pair.say(.up)
    let claim = pair.standing
    _ = pair.said()
    pair.say(.down)
    #expect(pair.said() == [.allDown, .withdraw(isClaim: true)])
    #expect(pair.standing == .withdrawn)
    #expect(pair.failover.upcoming(Pair.vip, 0) == claim, "the return is armed")
    pair.say(.up)
    #expect(pair.said() == [.recovered, .restore(isClaim: true)])
    #expect(pair.standing == claim)
  }

  @Test func oneThatIsWillingTakesOverAndNothingIsWithdrawn() throws {
    let pair = try Pair(allDown: .withdraw)
    pair.hear(.standby, epoch: 0, wants: false)
    pair.say(.up)
    pair.hear(.standby, epoch: 1, wants: true)
    _ = pair.said()
    pair.say(.down)
    #expect(pair.said() == [])
    #expect(pair.standing?.isWithdrawn == false)
    let above = try #require(Rung(Rung.owner.value + 2))
    pair.hear(above, epoch: 2, wants: true)
    pair.pass(Pair.timeout / 2)
    #expect(pair.standing?.rung.isClaim == false)
    #expect(pair.standing?.isWithdrawn == false)
  }

  /// Our claim must not come back beside that of the one who is well.
  @Test func whoIsStillDownComesBackBelowTheOneWhoIsWell() throws {
    let pair = try Pair(allDown: .withdraw)
    pair.hear(.standby, epoch: 0, wants: false)
    pair.say(.up)
    pair.say(.down)
    #expect(pair.standing == .withdrawn)
    _ = pair.said()
    pair.hear(.standby, epoch: 1, wants: true)
    #expect(pair.standing == .withdrawn, "it has not claimed yet")
    let above = try #require(Rung(Rung.owner.value + 2))
    pair.hear(above, epoch: 2, wants: true)
    pair.pass(Pair.timeout / 2)
    let standing = try #require(pair.standing)
    #expect(!standing.isWithdrawn)
    #expect(!standing.rung.isClaim)
  }

  @Test func aStartBesideNobodyIsListenedTo() throws {
    let pair = try Pair(allDown: .withdraw)
    pair.say(.down)
    #expect(pair.standing?.isWithdrawn == false)
    pair.pass(Pair.timeout)
    #expect(pair.standing == .withdrawn)
  }

  @Test func ourOwnLinkProvesNothing() throws {
    let pair = try Pair(allDown: .withdraw)
    pair.pass(Pair.timeout)
    pair.say(.up)
    let index = InterfaceIndex(2)
    let address = InterfaceAddress(
      address: .v4(IPv4Address(10, 0, 2, 10)), prefixLength: 24, interface: index,
      isTentative: false, isDeprecated: false)
    pair.failover.learned(address, at: pair.now, into: &pair.verdicts)
    let name = try #require(InterfaceName("eth0"))
    let dead = Link(
      index: index, name: name, isLoopback: false, isUp: true, hasCarrier: false,
      operationalState: .down)
    _ = pair.failover.learned(dead, at: pair.now, into: &pair.verdicts)
    pair.say(.down)
    #expect(pair.standing?.isWithdrawn == false)
  }
}
