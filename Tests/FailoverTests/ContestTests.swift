// The claim of one VIP among speakers that hear each other, rule by rule.

import Failover
import Model
import Testing

struct ContestTests {
  private static let patience = Nanoseconds.milliseconds(500)
  private static let lane = Lane(index: 0, of: 2)

  private static func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

  private static func rung(_ takeover: UInt8) throws -> Rung {
    try #require(Rung(Rung.owner.value + takeover))
  }

  private static func contest(_ rule: Contest.Rule, lane: Lane = lane) -> Contest {
    Contest(rule, lane: lane, patience: patience)
  }

  /// Another speaker that claims.
  private static func incumbent(
    epoch: UInt32, _ rung: Rung, wants: Bool = true, isBehindUs: Bool = false
  ) -> GroupView {
    var view = GroupView()
    view.incumbent = GroupView.Incumbent(
      epoch: epoch, rung: rung, wants: wants, isBehindUs: isBehindUs, fellow: FellowSlot(0))
    view.highestEpoch = epoch
    view.ceiling = rung
    view.isAnyoneAlive = true
    view.isAnyoneWilling = wants
    view.areAllResigned = false
    return view
  }

  /// All others are alive and claim nothing.
  private static func calm(epoch: UInt32) -> GroupView {
    var view = GroupView()
    view.highestEpoch = epoch
    view.isAnyoneAlive = true
    return view
  }

  private static func dead(epoch: UInt32, _ rung: Rung) -> GroupView {
    var view = GroupView()
    view.highestEpoch = epoch
    view.ceiling = rung
    view.ceilingOfDead = rung
    view.areAllResigned = false
    return view
  }

  private static func wish(
    _ group: GroupView, isArrival: Bool = false, isListening: Bool = false,
    dampedUntil: Instant? = nil
  ) -> Contest.Situation {
    Contest.Situation(
      wants: true, isArrival: isArrival, isListening: isListening, dampedUntil: dampedUntil,
      group: group)
  }

  private static func noWish(_ group: GroupView) -> Contest.Situation {
    Contest.Situation(wants: false, isListening: false, group: group)
  }

  @Test func nobodyClaimsWhileListening() {
    var contest = Self.contest(.health(failback: nil))
    let alone = Self.calm(epoch: 0)
    #expect(contest.judge(Self.wish(alone, isListening: true), at: Self.at(0)) == .stand(.standby))
    #expect(contest.judge(Self.wish(alone, isListening: true), at: Self.at(100)) == .unchanged)
    #expect(contest.judge(Self.wish(alone), at: Self.at(500)) == .claim(.owner, isLast: false))
    #expect(contest.epoch == 1)
  }

  @Test func anAddressThatArrivesIsClaimedWhileListening() throws {
    var contest = Self.contest(.address)
    let other = Self.incumbent(epoch: 4, .firstTakeover)
    _ = contest.judge(Contest.Situation(wants: false, isListening: true, group: other), at: .zero)
    let situation = Self.wish(other, isArrival: true, isListening: true)
    #expect(contest.judge(situation, at: Self.at(1)) == .claim(try Self.rung(2), isLast: false))
    #expect(contest.epoch == 5)
  }

  @Test func aClaimTakesTheLowestRungOfItsLaneAboveEveryOther() throws {
    var contest = Self.contest(.health(failback: nil), lane: Lane(index: 2, of: 3))
    let dead = Self.dead(epoch: 7, try Self.rung(5))
    #expect(contest.judge(Self.wish(dead), at: .zero) == .claim(try Self.rung(8), isLast: false))
    #expect(contest.epoch == 8)
  }

  /// On a stale view of the addresses nothing is claimed, and a beaten claim is resigned all the
  /// same.
  @Test func aBeatenClaimGivesWayOnAStaleView() throws {
    var contest = Self.contest(.address)
    let alone = Self.wish(Self.calm(epoch: 1), isArrival: true)
    guard case .claim(let rung, _) = contest.judge(alone, at: .zero) else {
      Issue.record("no claim")
      return
    }
    let unwilling = Self.incumbent(epoch: 9, try Self.rung(6), wants: false)
    #expect(contest.giveWay(to: unwilling, at: .zero) == nil)
    #expect(contest.giveWay(to: Self.calm(epoch: 2), at: .zero) == nil)
    let above = Self.incumbent(epoch: 9, try Self.rung(6))
    #expect(contest.giveWay(to: above, at: .zero) == .unchanged)
    let due = try #require(contest.deadline)
    #expect(contest.giveWay(to: above, at: due) == .resign(rung.resigned))
    #expect(contest.epoch == 9)
  }

  @Test func whoIsBeatenResignsHalfATimeoutLater() {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    let other = Self.wish(Self.incumbent(epoch: 2, .firstTakeover))
    #expect(contest.judge(other, at: Self.at(100)) == .ready)
    #expect(contest.isClaiming)
    #expect(!contest.isLeading)
    #expect(contest.deadline == Self.at(350))
    #expect(contest.judge(other, at: Self.at(349)) == .unchanged)
    #expect(contest.judge(other, at: Self.at(350)) == .resign(Rung.owner.resigned))
    #expect(contest.rung == Rung.owner.resigned)
    #expect(contest.epoch == 2)
  }

  @Test func whoBeatsUsAndDiesIsClaimedOver() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    _ = contest.judge(Self.wish(Self.incumbent(epoch: 2, .firstTakeover)), at: Self.at(100))
    let dead = Self.wish(Self.dead(epoch: 2, .firstTakeover))
    #expect(contest.judge(dead, at: Self.at(200)) == .claim(try Self.rung(2), isLast: false))
  }

  @Test func whoBeatsUsWithoutWantingItIsClaimedOver() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    let other = Self.wish(Self.incumbent(epoch: 5, .firstTakeover, wants: false))
    #expect(contest.judge(other, at: Self.at(100)) == .claim(try Self.rung(2), isLast: false))
    #expect(contest.epoch == 6, "later than every claim that anybody knows of")
  }

  @Test func aLivingClaimOfALowerEpochIsNotClaimedOver() {
    var contest = Contest(
      .health(failback: nil), lane: Self.lane, patience: Self.patience, epoch: 5)
    _ = contest.judge(Self.wish(Self.calm(epoch: 5)), at: .zero)
    #expect(contest.epoch == 6)
    let other = Self.wish(Self.incumbent(epoch: 3, .firstTakeover))
    #expect(contest.judge(other, at: Self.at(100)) == .ready)
    #expect(contest.isLeading)
  }

  @Test func whoIsBeatenByALowerClaimResignsAtOnce() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.dead(epoch: 1, try Self.rung(3))), at: .zero)
    let lower = Self.wish(Self.incumbent(epoch: 9, .firstTakeover))
    let resigned = try Self.rung(4).resigned
    #expect(contest.judge(lower, at: Self.at(100)) == .resign(resigned))
  }

  @Test func aDeadClaimAboveOursIsClaimedOverWhenListeningIsOver() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    let dead = Self.dead(epoch: 2, .firstTakeover)
    #expect(contest.judge(Self.wish(dead, isListening: true), at: Self.at(1)) == .ready)
    let judgement = contest.judge(Self.wish(dead), at: Self.at(2))
    #expect(judgement == .claim(try Self.rung(2), isLast: false))
    #expect(contest.epoch == 3)
  }

  @Test func aHolderThatIsUnwellKeepsItsClaim() {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    #expect(contest.judge(Self.noWish(Self.calm(epoch: 1)), at: Self.at(100)) == .unchanged)
    #expect(contest.judge(Self.noWish(Self.calm(epoch: 1)), at: Self.at(60_000)) == .unchanged)
    #expect(contest.isClaiming)
  }

  @Test func anAddressThatIsGoneResignsAfterTheGrace() {
    var contest = Self.contest(.address)
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    let gone = Self.noWish(Self.calm(epoch: 1))
    #expect(contest.judge(gone, at: Self.at(100)) == .unchanged)
    #expect(contest.deadline == Self.at(5_100))
    #expect(contest.judge(gone, at: Self.at(5_099)) == .unchanged)
    #expect(contest.judge(gone, at: Self.at(5_100)) == .resign(Rung.owner.resigned))
  }

  @Test func theIncumbentThatNoLongerWantsIsFollowedAtOnce() throws {
    var contest = Self.contest(.health(failback: .seconds(60)))
    let other = Self.incumbent(epoch: 1, .firstTakeover)
    #expect(contest.judge(Self.wish(other), at: .zero) == .stand(.standby))
    let unwell = Self.incumbent(epoch: 1, .firstTakeover, wants: false)
    let judgement = contest.judge(Self.wish(unwell), at: Self.at(10))
    #expect(judgement == .claim(try Self.rung(2), isLast: false))
  }

  @Test func oneThatIsBetterIsWaitedForAndNotForEver() {
    var contest = Self.contest(.health(failback: nil))
    var group = Self.calm(epoch: 0)
    group.isBetterWilling = true
    _ = contest.judge(Self.wish(group), at: .zero)
    #expect(contest.deadline == Self.at(500))
    #expect(contest.judge(Self.wish(group), at: Self.at(499)) == .unchanged)
    #expect(contest.judge(Self.wish(group), at: Self.at(500)) == .claim(.owner, isLast: false))
  }

  @Test func failbackWaitsForItsTimeAndForDamping() throws {
    var contest = Self.contest(.health(failback: .seconds(2)))
    let other = Self.incumbent(epoch: 1, .firstTakeover, isBehindUs: true)
    #expect(contest.judge(Self.wish(other), at: .zero) == .stand(.standby))
    #expect(contest.deadline == Self.at(2_000))
    let damped = Self.wish(other, dampedUntil: Self.at(3_000))
    #expect(contest.judge(damped, at: Self.at(2_000)) == .unchanged)
    #expect(contest.deadline == Self.at(3_000))
    #expect(contest.judge(damped, at: Self.at(3_000)) == .claim(try Self.rung(2), isLast: false))
  }

  @Test func whoIsNotBetterNeverTakesBack() {
    var contest = Self.contest(.health(failback: .seconds(2)))
    let other = Self.wish(Self.incumbent(epoch: 1, .firstTakeover))
    _ = contest.judge(other, at: .zero)
    #expect(contest.judge(other, at: Self.at(90_000)) == .unchanged)
    #expect(contest.deadline == nil)
  }

  @Test func whoeverWasBeatenWaitsForFailbackFromThenOn() throws {
    var contest = Self.contest(.health(failback: .seconds(2)))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    let other = Self.wish(Self.incumbent(epoch: 2, .firstTakeover, isBehindUs: true))
    _ = contest.judge(other, at: Self.at(10_000))
    #expect(contest.judge(other, at: Self.at(10_250)) == .resign(Rung.owner.resigned))
    // It looks again at once, since damping counts from this shift.
    #expect(contest.deadline == Self.at(10_250))
    #expect(contest.judge(other, at: Self.at(10_250)) == .unchanged)
    #expect(contest.deadline == Self.at(12_250))
    let judgement = contest.judge(other, at: Self.at(12_250))
    #expect(judgement == .claim(try Self.rung(2), isLast: false))
  }

  @Test func aHighClaimStepsBackWhenAllHaveRested() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.dead(epoch: 1, .firstTakeover)), at: .zero)
    #expect(contest.rung == (try Self.rung(2)))
    let calm = Self.wish(Self.calm(epoch: 2), dampedUntil: Self.at(1_000))
    #expect(contest.judge(calm, at: Self.at(100)) == .ready)
    let rested = Self.at(100) + Contest.rest
    #expect(contest.deadline == rested)
    #expect(contest.judge(calm, at: rested) == .stepBack(.owner))
    #expect(contest.epoch == 2)
  }

  @Test func aStepBackWaitsForDampingToo() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.dead(epoch: 1, .firstTakeover)), at: .zero)
    let calm = Self.wish(Self.calm(epoch: 2), dampedUntil: Self.at(30_000))
    _ = contest.judge(calm, at: Self.at(100))
    #expect(contest.deadline == Self.at(30_000))
    #expect(contest.judge(calm, at: Self.at(29_999)) == .unchanged)
    #expect(contest.judge(calm, at: Self.at(30_000)) == .stepBack(.owner))
  }

  @Test func theRestBeginsAnewWithEachClaimOfAnother() throws {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.dead(epoch: 1, .firstTakeover)), at: .zero)
    _ = contest.judge(Self.wish(Self.calm(epoch: 2)), at: Self.at(100))
    _ = contest.judge(Self.wish(Self.dead(epoch: 2, .owner)), at: Self.at(4_000))
    _ = contest.judge(Self.wish(Self.calm(epoch: 2)), at: Self.at(4_100))
    #expect(contest.judge(Self.wish(Self.calm(epoch: 2)), at: Self.at(5_200)) == .unchanged)
    #expect(contest.judge(Self.wish(Self.calm(epoch: 2)), at: Self.at(9_100)) == .stepBack(.owner))
  }

  @Test func aClaimKnowsOfClaimsThatOthersHaveHeard() {
    var contest = Self.contest(.health(failback: nil))
    _ = contest.judge(Self.wish(Self.calm(epoch: 0)), at: .zero)
    var group = Self.calm(epoch: 9)
    group.areAllResigned = false
    _ = contest.judge(Self.wish(group), at: Self.at(100))
    #expect(contest.epoch == 9)
    #expect(contest.isLeading)
  }

  @Test func theEndOfTheLaneIsSaidAndThenHeld() throws {
    var contest = Self.contest(.address)
    _ = contest.judge(Self.wish(Self.dead(epoch: 1, try Self.rung(12))), at: .zero)
    #expect(contest.rung == (try Self.rung(14)))
    let above = Self.dead(epoch: 2, try Self.rung(13))
    #expect(contest.judge(Self.wish(above), at: Self.at(1)) == .unchanged)
    let end = Self.incumbent(epoch: 3, .last)
    let judgement = contest.judge(Self.wish(end, isArrival: true), at: Self.at(2))
    #expect(judgement == .exhausted)
  }

  @Test func lanesNeverMeet() {
    for count in 1...8 {
      var taken: [Rung: Int] = [:]
      for index in 0..<count {
        let lane = Lane(index: index, of: count)
        var next: Rung? = lane.first
        while let rung = next {
          #expect(taken.updateValue(index, forKey: rung) == nil)
          #expect(rung <= lane.last)
          next = lane.claim(above: rung)
        }
      }
    }
  }
}
