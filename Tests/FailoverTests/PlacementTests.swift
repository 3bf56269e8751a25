// An address that an operator gives away: how long it is asked for, and when it may stay again.

import Failover
import Model
import Testing

struct PlacementTests {
  private static let patience = Failover.placementPatience

  /// The other machine gets the address and claims; its rungs are every second one.
  private func hand(_ holder: Holder, isInGroup: Bool, epoch: UInt32 = 2) {
    holder.leave()
    guard isInGroup else { return }
    holder.hear(Rung(Rung.owner.value + UInt8(epoch)) ?? .last, epoch: epoch, wants: true)
  }

  @Test(arguments: [true, false]) func whatIsGivenStaysGivenWhenItHasGone(
    _ isInGroup: Bool
  ) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(!holder.isUnwanted)
    let answer = holder.failover.answer(
      to: .give(Holder.vip, isForced: false), at: holder.now)
    #expect(answer == .done && !holder.isUnwanted && holder.told() == [], "a dry run does nothing")
    #expect(holder.give() == .done)
    #expect(holder.isUnwanted && holder.told() == [.asked])
    #expect(holder.said() == [], "nothing is sent: the claim of the other is the one change")
    #expect(holder.give() == .unchanged)
    holder.pass(.seconds(3))
    hand(holder, isInGroup: isInGroup)
    #expect(holder.isUnwanted && holder.told() == [.gone])
    #expect(holder.said().allSatisfy { $0 == .ready }, "who has lost it says nothing yet")
    // Long after the patience: whoever places it must not fetch it back.
    holder.pass(Self.patience * 4)
    #expect(holder.isUnwanted && holder.told() == [])
    #expect(holder.said().filter { if case .resign = $0 { true } else { false } }.count == 1)
    // Nobody else has it any more.
    holder.arrive()
    #expect(!holder.isUnwanted && holder.told() == [.returned])
  }

  @Test(arguments: [true, false]) func whatNobodyTakesMayStay(_ isInGroup: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(holder.give() == .done)
    holder.pass(Self.patience - .milliseconds(1))
    #expect(holder.isUnwanted && holder.told() == [.asked])
    holder.pass(.milliseconds(1))
    #expect(!holder.isUnwanted && holder.told() == [.refused])
    #expect(holder.said() == [], "the traffic has not moved")
    #expect(holder.give() == .done, "and it can be asked again")
  }

  @Test(arguments: [true, false]) func whatIsRecalledMayBeHere(_ isInGroup: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(holder.take() == .unchanged, "it is here")
    #expect(holder.give() == .done)
    _ = holder.told()
    // It has not gone: nothing moves by it, so nothing has to wait.
    #expect(holder.take() == .done)
    #expect(!holder.isUnwanted && holder.told() == [.recalled])
    hand(holder, isInGroup: isInGroup)
    #expect(holder.take() == .decidedByAddress, "it was not given: its holder has to be asked")
    #expect(holder.give() == .unchanged, "there is nothing to give")
    #expect(!holder.isUnwanted)
  }

  @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
  func theDampingWindowHoldsBothWays(_ isInGroup: Bool, _ isShared: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup, isShared: isShared)
    hand(holder, isInGroup: isInGroup)
    holder.pass(.seconds(1))
    holder.arrive()
    let claimed = holder.now
    if isInGroup { holder.hear(.standby, epoch: 3, wants: false) }
    #expect(holder.give() == .damped(until: claimed + Holder.window))
    #expect(!holder.isUnwanted)
    #expect(holder.give(isForced: true) == .done)
    holder.pass(.seconds(2))
    hand(holder, isInGroup: isInGroup, epoch: 4)
    if isInGroup { holder.pass(Holder.timeout) }
    guard case .damped(let end) = holder.take() else {
      Issue.record("the address would move again inside the window")
      return
    }
    #expect(end > claimed + Holder.window, "the window of the second move")
    #expect(holder.isUnwanted)
    #expect(holder.take(isForced: true) == .done)
    #expect(!holder.isUnwanted)
  }

  @Test func withoutAnotherItTakesForce() throws {
    let holder = try Holder(isInGroup: true)
    holder.silence()
    #expect(holder.give() == .nobodyToTakeOver)
    #expect(!holder.isUnwanted)
    #expect(holder.give(isForced: true) == .done)
    #expect(holder.isUnwanted)
  }

  @Test func inShadowNobodyIsAsked() throws {
    let holder = try Holder(isInGroup: true, isShadow: true)
    #expect(holder.give(isForced: true) == .inShadow)
    #expect(holder.obey(.outOfService(Holder.vip, true)) == .done)
    #expect(!holder.isUnwanted && holder.told() == [])
  }

  @Test func maintenanceStandsBesideIt() throws {
    let holder = try Holder(isInGroup: true)
    #expect(holder.obey(.outOfService(Holder.vip, true)) == .done)
    #expect(holder.isUnwanted)
    #expect(holder.give() == .unchanged, "it is asked for already, and for longer")
    #expect(holder.obey(.outOfService(Holder.vip, false)) == .done)
    #expect(!holder.isUnwanted)
    #expect(holder.give() == .done)
    #expect(holder.obey(.outOfService(Holder.vip, true)) == .done)
    holder.pass(Self.patience)
    #expect(holder.told() == [.asked, .refused])
    #expect(holder.isUnwanted, "the operator has not taken it back into service")
  }

  @Test(arguments: [true, false]) func aPauseIsNotPatience(_ isInGroup: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(holder.give() == .done)
    // Whoever places addresses stood still as well.
    holder.pause(Self.patience * 2)
    // What waited meanwhile: first something else, then that the address has gone.
    holder.link(false)
    holder.link(true)
    #expect(holder.isUnwanted && holder.told() == [.asked])
    holder.leave()
    holder.pass(.seconds(1))
    #expect(holder.isUnwanted && holder.told() == [.gone])
  }

  @Test(arguments: [true, false]) func afterAPauseThePatienceGoesOn(_ isInGroup: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(holder.give() == .done)
    holder.pass(.seconds(5))
    holder.pause(.seconds(60))
    holder.pass(Self.patience - .seconds(6))
    #expect(holder.isUnwanted && holder.told() == [.asked])
    holder.pass(.seconds(2))
    #expect(!holder.isUnwanted && holder.told() == [.refused])
  }

  @Test(arguments: [true, false]) func aStaleViewEndsNoPatience(_ isInGroup: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(holder.give() == .done)
    holder.failover.viewBecameStale()
    holder.pass(Self.patience * 2)
    #expect(holder.isUnwanted && holder.told() == [.asked], "it may have gone unheard")
    holder.relist(hasAddress: false)
    #expect(holder.isUnwanted && holder.told() == [.gone])
    let other = try Holder(isInGroup: isInGroup)
    #expect(other.give() == .done)
    other.failover.viewBecameStale()
    other.pass(Self.patience * 2)
    other.relist(hasAddress: true)
    other.pass(.milliseconds(1))
    #expect(!other.isUnwanted && other.told() == [.asked, .refused])
  }

  @Test(arguments: [true, false]) func aLinkThatFlapsIsNoDeparture(_ isInGroup: Bool) throws {
    let holder = try Holder(isInGroup: isInGroup)
    #expect(holder.give() == .done)
    holder.link(false)
    holder.pass(.seconds(1))
    holder.link(true)
    #expect(holder.isUnwanted && holder.told() == [.asked])
  }

  @Test(arguments: [true, false]) func whatWasGivenIsRememberedInTheSameBoot(
    _ isSameBoot: Bool
  ) throws {
    let holder = try Holder(isInGroup: true)
    #expect(holder.give() == .done)
    holder.leave()
    let kept = holder.failover.memory(of: Holder.vip)
    let memory = try #require(kept)
    #expect(memory.isGiven)
    let local = IPv4Address(10, 0, 2, 10)
    var failover = Failover(
      Plan(
        local: .init(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: .init(
          platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
          peers: [IPv4Address(10, 0, 1, 4)]),
        vips: [
          .init(
            name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
            owner: .init(address: .v4(IPv4Address(10, 1, 0, 5)), interfaces: []))
        ]))
    failover.recall(memory, of: Holder.vip, isSameBoot: isSameBoot)
    let isUnwanted = failover.isAddressUnwanted(Holder.vip)
    #expect(isUnwanted == isSameBoot)
  }

  @Test func explainSaysThatItWasGiven() throws {
    let holder = try Holder(isInGroup: true)
    #expect(holder.give() == .done)
    let end = holder.now + Self.patience
    var waits = holder.failover.waits(of: Holder.vip, at: holder.now)
    #expect(waits.contains(Wait(reason: .given, until: end)))
    holder.leave()
    waits = holder.failover.waits(of: Holder.vip, at: holder.now)
    #expect(waits.contains(Wait(reason: .given, until: nil)))
  }
}
