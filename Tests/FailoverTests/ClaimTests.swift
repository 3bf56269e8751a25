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
    var claim = Claim(settle: .seconds(10))
    #expect(claim.rung == nil)
    #expect(claim.judge(Self.eth0, at: Self.at(0)) == .stand(.owner))
    #expect(claim.isHeld)
    #expect(claim.judge(Self.eth0, at: Self.at(1)) == .unchanged)
  }

  /// A claim that has never had the address, behind its start.
  private static func settled() -> Claim {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(.absent, at: at(-20))
    _ = claim.turn(at: at(-10))
    return claim
  }

  @Test func theFirstArrivalTakesTheFirstTakeover() {
    var claim = Claim(settle: .seconds(10))
    #expect(claim.judge(.absent, at: Self.at(0)) == .stand(.standby))
    #expect(claim.deadline == Self.at(10))
    #expect(claim.next == .owner)
    #expect(claim.turn(at: Self.at(9)) == .unchanged)
    #expect(claim.turn(at: Self.at(10)) == .ready)
    #expect(claim.deadline == nil)
    #expect(claim.next == .firstTakeover)
    #expect(claim.judge(Self.eth0, at: Self.at(11)) == .claim(.firstTakeover, isLast: false))
    #expect(claim.rung == .firstTakeover)
  }

  @Test func anArrivalWhileEverythingStartsIsTakenAsThereBefore() {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(.absent, at: Self.at(0))
    #expect(claim.judge(Self.eth0, at: Self.at(9)) == .claim(.owner, isLast: false))
    #expect(claim.deadline == nil)
  }

  @Test func aLateTurnDoesNotLengthenTheStart() {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(.absent, at: Self.at(0))
    #expect(claim.judge(Self.eth0, at: Self.at(10)) == .claim(.firstTakeover, isLast: false))
  }

  @Test func anAddressOnALinkThatComesUpLaterArrivesThen() {
    var claim = Claim(settle: .seconds(10))
    #expect(claim.judge(.unusable, at: Self.at(0)) == .stand(.standby))
    #expect(claim.judge(Self.eth0, at: Self.at(11)) == .claim(.firstTakeover, isLast: false))
  }

  @Test func aReturnIsTwoRungsAboveTheLastClaim() throws {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(Self.eth0, at: Self.at(0))
    #expect(claim.judge(.absent, at: Self.at(1)) == .unchanged)
    #expect(claim.rung == .owner)
    #expect(claim.judge(Self.eth0, at: Self.at(2)) == .claim(try Self.rung(2), isLast: false))
    #expect(claim.judge(.absent, at: Self.at(3)) == .unchanged)
    #expect(claim.judge(Self.eth0, at: Self.at(4)) == .claim(try Self.rung(4), isLast: false))
  }

  @Test func twoMachinesThatTakeTurnsAlwaysBeatEachOther() {
    var claims = [Claim(settle: .seconds(10)), Self.settled()]
    _ = claims[0].judge(Self.eth0, at: Self.at(0))
    for turn in 1...14 {
      let taker = turn % 2
      let loser = 1 - taker
      _ = claims[loser].judge(.absent, at: Self.at(Int64(turn)))
      _ = claims[taker].judge(Self.eth0, at: Self.at(Int64(turn)))
      #expect(claims[taker].rung.map { $0.pathLength } ?? 99 < claims[loser].rung?.pathLength ?? 0)
    }
  }

  @Test func aLinkThatBouncesWithTheAddressOnItClaimsNothing() {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(Self.eth0, at: Self.at(0))
    #expect(claim.judge(.unusable, at: Self.at(1)) == .unchanged)
    #expect(!claim.isHeld)
    #expect(claim.judge(Self.eth0, at: Self.at(2)) == .unchanged)
    #expect(claim.rung == .owner)
  }

  @Test func aClaimResignsAfterTheGraceAndNotBefore() {
    var claim = Self.settled()
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.absent, at: Self.at(2))
    #expect(claim.deadline == Self.at(7))
    #expect(claim.turn(at: Self.at(6)) == .unchanged)
    #expect(claim.turn(at: Self.at(7)) == .resign(Rung.firstTakeover.resigned))
    #expect(claim.turn(at: Self.at(8)) == .unchanged)
    #expect(claim.deadline == nil)
    #expect(claim.judge(.absent, at: Self.at(9)) == .unchanged)
    #expect(claim.deadline == nil)
  }

  @Test func anOwnerResignsToo() {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(Self.eth0, at: Self.at(0))
    _ = claim.judge(.absent, at: Self.at(1))
    #expect(claim.rung == .owner)
    #expect(claim.turn(at: Self.at(6)) == .resign(Rung.owner.resigned))
  }

  @Test func resigningDoesNotForgetTheLadder() throws {
    var claim = Self.settled()
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.absent, at: Self.at(2))
    _ = claim.turn(at: Self.at(40))
    #expect(claim.judge(Self.eth0, at: Self.at(50)) == .claim(try Self.rung(3), isLast: false))
  }

  @Test func comingBackLiftsTheResignation() {
    var claim = Self.settled()
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.absent, at: Self.at(2))
    _ = claim.judge(Self.eth0, at: Self.at(3))
    #expect(claim.deadline == nil)
    #expect(claim.turn(at: Self.at(60)) == .unchanged)
  }

  @Test func aLinkThatIsBackAfterTheGraceTakesTheSameClaimAgain() {
    var claim = Claim(settle: .seconds(10))
    _ = claim.judge(Self.eth0, at: Self.at(0))
    _ = claim.judge(.unusable, at: Self.at(1))
    #expect(claim.turn(at: Self.at(6)) == .resign(Rung.owner.resigned))
    #expect(claim.judge(Self.eth0, at: Self.at(7)) == .claim(.owner, isLast: false))
    #expect(claim.judge(Self.eth0, at: Self.at(8)) == .unchanged)
  }

  @Test func lookingAgainDoesNotPutOffTheResignation() {
    var claim = Self.settled()
    _ = claim.judge(Self.eth0, at: Self.at(1))
    _ = claim.judge(.unusable, at: Self.at(2))
    _ = claim.judge(.absent, at: Self.at(5))
    #expect(claim.deadline == Self.at(7))
  }

  @Test func theEndOfTheLadderIsSaidAndThenHeld() {
    var claim = Self.settled()
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
    #expect(claim.turn(at: Self.at(now + 90)) == .resign(Rung.last.resigned))
    #expect(claim.judge(Self.eth0, at: Self.at(now + 91)) == .claim(.last, isLast: true))
  }
}
