// Owners that go by their health: who carries the VIP with others, and what an operator may ask.

import Failover
import Model
import Testing

struct OwnerTests {
  private static let above = Rung(Rung.owner.value + 2) ?? .last

  // MARK: Balance

  @Test(arguments: [true, false]) func whoeverIsWellCarriesItAtOneLength(_ isInGroup: Bool) throws {
    let pair = try Pair(isBalanced: true, isInGroup: isInGroup)
    #expect(pair.standing?.rung == .standby, "nothing is known yet")
    _ = pair.said()
    pair.say(.up)
    #expect(pair.said() == [.claim(.owner, isLast: false)])
    // Another that carries it too changes nothing.
    if isInGroup { pair.hear(.owner, epoch: 7, wants: true) }
    pair.pass(.seconds(600))
    #expect(pair.standing?.rung == .owner)
    pair.say(.failing)
    pair.say(.unknown)
    #expect(pair.said() == [], "what is not known is not down")
    pair.say(.down)
    #expect(pair.said() == [.resign(Rung.owner.resigned)])
    // No window and no failback: nobody else is left by it.
    pair.say(.up)
    #expect(pair.said() == [.claim(.owner, isLast: false)])
  }

  @Test func outOfServiceResignsAndIsRefusedASwitch() throws {
    let pair = try Pair(isBalanced: true)
    pair.say(.up)
    _ = pair.said()
    #expect(pair.obey(.take(Pair.vip, isForced: true)) == .balanced)
    #expect(pair.obey(.give(Pair.vip, isForced: true)) == .balanced)
    #expect(pair.obey(.outOfService(Pair.vip, true)) == .done)
    #expect(pair.said() == [.resign(Rung.owner.resigned)])
    pair.say(.down)
    pair.say(.up)
    #expect(pair.said() == [])
    #expect(pair.obey(.outOfService(Pair.vip, false)) == .done)
    #expect(pair.said() == [.claim(.owner, isLast: false)])
  }

  // MARK: Switching between owners

  /// This one claims, and the other stands by and is well.
  private func leading() throws -> Pair {
    let pair = try Pair()
    pair.hear(.standby, epoch: 0, wants: false)
    pair.say(.up)
    let claim = try #require(pair.standing)
    #expect(claim.rung.isClaim)
    pair.hear(.standby, epoch: 1, wants: true)
    _ = pair.said()
    return pair
  }

  @Test func whatIsGivenIsHeldUntilTheOtherHasClaimed() throws {
    let pair = try leading()
    let wish = OperatorCommand.give(Pair.vip, isForced: false)
    guard case .damped(let until) = pair.obey(wish) else {
      Issue.record("inside the window it needs force")
      return
    }
    #expect(until == Instant.zero + Pair.window)
    let forced = OperatorCommand.give(Pair.vip, isForced: true)
    #expect(pair.failover.answer(to: forced, at: pair.now) == .done)
    #expect(pair.obey(forced) == .done)
    #expect(pair.standing?.rung.isClaim == true, "one change, made by the other one")
    #expect(!pair.failover.ownClaim(Pair.vip).wants)
    pair.hear(OwnerTests.above, epoch: 2, wants: true)
    pair.pass(Pair.timeout / 2)
    #expect(pair.standing?.rung.isClaim == false)
    #expect(pair.obey(forced) == .unchanged)
  }

  @Test func whatNobodyTakesIsKept() throws {
    let pair = try leading()
    #expect(pair.obey(.give(Pair.vip, isForced: true)) == .done)
    for _ in 0..<12 {
      pair.pass(Pair.timeout)
      pair.hear(.standby, epoch: 1, wants: true)
    }
    #expect(pair.failover.ownClaim(Pair.vip).wants, "the patience is over")
    #expect(pair.standing?.rung.isClaim == true)
    pair.hear(.standby, epoch: 1, wants: false)
    #expect(pair.obey(.give(Pair.vip, isForced: true)) == .nobodyToTakeOver)
  }

  @Test func whatIsTakenIsClaimedAtOnce() throws {
    let pair = try Pair()
    pair.hear(.owner, epoch: 1, wants: true)
    pair.say(.up)
    pair.pass(Pair.timeout / 2)
    #expect(pair.standing?.rung.isClaim == false)
    let wish = OperatorCommand.take(Pair.vip, isForced: false)
    if case .damped = pair.failover.answer(to: wish, at: pair.now) {
      while pair.now < Instant.zero + Pair.window + .seconds(1) {
        pair.hear(.owner, epoch: 1, wants: true)
        pair.pass(Pair.timeout / 2)
      }
    }
    _ = pair.said()
    #expect(pair.obey(wish) == .done)
    #expect(pair.standing?.rung.isClaim == true)
    #expect(pair.standing.map { $0.rung > .owner } == true, "above the one that stands")
    #expect(pair.obey(wish) == .unchanged)
  }

  @Test func whoIsNotWellIsAskedWithForce() throws {
    let pair = try Pair()
    pair.hear(.owner, epoch: 0, wants: true)
    pair.say(.down)
    #expect(pair.obey(.take(Pair.vip, isForced: false)) == .notWell)
    #expect(pair.obey(.take(Pair.vip, isForced: true)) == .done)
    #expect(pair.standing?.rung.isClaim == true)
    #expect(pair.obey(.move(Pair.vip, to: HostSlot(0), isForced: true)) == .notWatched)
    #expect(pair.obey(.release(Pair.vip)) == .notWatched)
  }

  @Test func outOfServiceHandsOverAndTakesNothingBack() throws {
    let pair = try leading()
    #expect(pair.obey(.outOfService(Pair.vip, true)) == .done)
    #expect(pair.standing?.rung.isClaim == true, "until the other has claimed")
    pair.hear(OwnerTests.above, epoch: 2, wants: true)
    pair.pass(Pair.timeout / 2)
    #expect(pair.standing?.rung.isClaim == false)
    // The other falls silent: out of service is out of service.
    pair.pass(.seconds(60))
    #expect(pair.standing?.rung.isClaim == false)
    #expect(pair.obey(.outOfService(Pair.vip, false)) == .done)
    #expect(pair.standing?.rung.isClaim == true)
  }
}
