// A VIP that nobody can carry: when it is told, when its routes go, and when they come back.

import Failover
import Model
import Testing

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

  /// Whoever was down before a long pause may be well, and is asked first.
  @Test func aLongPauseWithdrawsNothingBeforeEverybodyWasAskedAgain() throws {
    let watch = try Watch(allDown: .withdraw, isProbing: true)
    watch.say(0, .up)
    watch.say(1, .down)
    watch.failover.paused(for: .seconds(21), at: watch.now)
    watch.failover.turn(at: watch.now, into: &watch.verdicts)
    watch.say(0, .down)
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    let waits = watch.failover.waits(of: Watch.vip, at: watch.now)
    let due = watch.now + Watch.detection
    #expect(waits.contains { $0.reason == .asking && $0.until == due })
    watch.pass(Watch.detection - .milliseconds(1))
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    watch.pass(.milliseconds(1))
    #expect(watch.failover.standing(Watch.vip) == .withdrawn)
  }

  /// A machine that is late again and again has to see a death as well.
  @Test func aShortPauseHoldsNoWithdrawalBack() throws {
    let watch = try Watch(allDown: .withdraw, isProbing: true)
    watch.say(0, .up)
    watch.say(1, .down)
    watch.failover.paused(for: Watch.detection, at: watch.now)
    watch.say(0, .down)
    #expect(watch.failover.standing(Watch.vip)?.isWithdrawn == false)
    watch.failover.turn(at: watch.now, into: &watch.verdicts)
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
