// The ladder of one VIP, walked event by event.

import Failover
import Model
import Testing

struct ClaimTests {
  private static let eth0 = Presence.held(InterfaceIndex(2))

  private static func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

  private static func rung(_ takeover: UInt8) throws -> Rung {
    try #require(Rung(Rung.owner.value + takeover))
  }

  @Test func anAddressThatWasThereAtStartOwns() {
    var claim = Claim()
    #expect(claim.rung == nil)
    #expect(claim.judge(Self.eth0, at: Self.at(0)) == .stand(.owner))
    #expect(claim.isHeld)
    #expect(claim.judge(Self.eth0, at: Self.at(1)) == .unchanged)
  }

  @Test func theFirstArrivalTakesTheFirstTakeover() {
    var claim = Claim()
    #expect(claim.judge(.absent, at: Self.at(0)) == .stand(.standby))
    #expect(claim.judge(Self.eth0, at: Self.at(1)) == .claim(.firstTakeover, isLast: false))
    #expect(claim.rung == .firstTakeover)
  }

  @Test func anAddressOnALinkThatComesUpLaterArrivesThen() {
    var claim = Claim()
    #expect(claim.judge(.unusable, at: Self.at(0)) == .stand(.standby))
    #expect(claim.judge(Self.eth0, at: Self.at(1)) == .claim(.firstTakeover, isLast: false))
  }

  @Test func aReturnIsTwoRungsAboveTheLastClaim() throws {
    var claim = Claim()
    _ = claim.judge(Self.eth0, at: Self.at(0))
    #expect(claim.judge(.absent, at: Self.at(1)) == .unchanged)
    #expect(claim.rung == .owner)
    #expect(claim.judge(Self.eth0, at: Self.at(2)) == .claim(try Self.rung(2), isLast: false))
    #expect(claim.judge(.absent, at: Self.at(3)) == .unchanged)
    #expect(claim.judge(Self.eth0, at: Self.at(4)) == .claim(try Self.rung(4), isLast: false))
  }

  @Test func twoMachinesThatTakeTurnsAlwaysBeatEachOther() {
    var claims = [Claim(), Claim()]
    _ = claims[0].judge(Self.eth0, at: Self.at(0))
    _ = claims[1].judge(.absent, at: Self.at(0))
    for turn in 1...14 {
      let taker = turn % 2
      let loser = 1 - taker
      _ = claims[loser].judge(.absent, at: Self.at(Int64(turn)))
      _ = claims[taker].judge(Self.eth0, at: Self.at(Int64(turn)))
      #expect(claims[taker].rung.map { $0.pathLength } ?? 99 < claims[loser].rung?.pathLength ?? 0)
    }
  }

  @Test func aLinkThatBouncesWithTheAddressOnItClaimsNothing() {
    var claim = Claim()
    _ = claim.judge(Self.eth0, at: Self.at(0))
    #expect(claim.judge(.unusable, at: Self.at(1)) == .unchanged)
    #expect(!claim.isHeld)
    #expect(claim.judge(Self.eth0, at: Self.at(2)) == .unchanged)
    #expect(claim.rung == .owner)
  }

  @Test func aTakeoverStepsDownAfterTheGraceAndNotBefore() {
    var claim = Claim()
    _ = claim.judge(.absent, at: Self.at(0))
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.absent, at: Self.at(2))
    #expect(claim.deadline == Self.at(32))
    #expect(claim.turn(at: Self.at(31)) == .unchanged)
    #expect(claim.turn(at: Self.at(32)) == .resign(.owner))
    #expect(claim.turn(at: Self.at(33)) == .unchanged)
    #expect(claim.deadline == nil)
  }

  @Test func steppingDownDoesNotForgetTheLadder() throws {
    var claim = Claim()
    _ = claim.judge(.absent, at: Self.at(0))
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.absent, at: Self.at(2))
    _ = claim.turn(at: Self.at(40))
    #expect(claim.judge(Self.eth0, at: Self.at(50)) == .claim(try Self.rung(3), isLast: false))
  }

  @Test func comingBackLiftsTheStepDown() {
    var claim = Claim()
    _ = claim.judge(.absent, at: Self.at(0))
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.absent, at: Self.at(2))
    _ = claim.judge(Self.eth0, at: Self.at(3))
    #expect(claim.deadline == nil)
    #expect(claim.turn(at: Self.at(60)) == .unchanged)
  }

  @Test func anOwnerThatLosesTheAddressHoldsItsAnnouncement() {
    var claim = Claim()
    _ = claim.judge(Self.eth0, at: Self.at(0))
    _ = claim.judge(.absent, at: Self.at(1))
    #expect(claim.deadline == nil)
    #expect(claim.rung == .owner)
  }

  @Test func theEndOfTheLadderIsSaidAndThenHeld() {
    var claim = Claim()
    _ = claim.judge(.absent, at: Self.at(0))
    var now: Int64 = 1
    var last = Judgement.unchanged
    for _ in 0..<20 {
      last = claim.judge(Self.eth0, at: Self.at(now))
      if case .claim(_, isLast: true) = last { break }
      _ = claim.judge(.absent, at: Self.at(now + 1))
      now += 2
    }
    #expect(last == .claim(.last, isLast: true))
    _ = claim.judge(.absent, at: Self.at(now + 1))
    #expect(claim.judge(Self.eth0, at: Self.at(now + 2)) == .exhausted)
    _ = claim.judge(.absent, at: Self.at(now + 3))
    #expect(claim.turn(at: Self.at(now + 90)) == .resign(.owner))
    #expect(claim.judge(Self.eth0, at: Self.at(now + 91)) == .claim(.last, isLast: true))
  }
}
