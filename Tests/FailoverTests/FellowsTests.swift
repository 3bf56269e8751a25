// What is known of the other speakers: who is alive, when it is listened, what is assumed.

import Failover
import Model
import Testing

struct FellowsTests {
  private static func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

  /// This speaker is the second of three.
  private static func fellows(subjects: Int = 1) -> Fellows {
    Fellows(
      Plan.Group(
        peers: [IPv4Address(10, 0, 2, 12), IPv4Address(10, 0, 2, 10)],
        address: IPv4Address(10, 0, 2, 11), keyFile: "", timeout: .milliseconds(500)),
      subjects: subjects)
  }

  private static func claim(_ epoch: UInt32, _ rung: Rung, wants: Bool = true) -> FellowClaim {
    FellowClaim(epoch: epoch, rung: rung, wants: wants, rank: 1)
  }

  private static func tell(
    _ fellows: inout Fellows, _ slot: Int, _ claim: FellowClaim, _ now: Instant
  ) -> Fellows.Changes {
    fellows.heard(FellowSlot(slot), at: now)
    fellows.learn(claim, of: 0, from: FellowSlot(slot))
    return fellows.understood(at: now)
  }

  private static let none = claim(0, .standby)

  @Test func lanesGoByAddress() {
    let fellows = Self.fellows()
    #expect(fellows.lane == Lane(index: 1, of: 3))
  }

  /// A goodbye is one round, and a round tells of 512 VIPs: whoever leaves leaves all of them.
  @Test func aGoodbyeIsForEverySubjectTheDatagramNamesOrNot() {
    let count = 2_000
    var fellows = Self.fellows(subjects: count)
    fellows.heard(FellowSlot(0), at: Self.at(0))
    for subject in 0..<count {
      fellows.learn(Self.claim(3, .owner), of: subject, from: FellowSlot(0))
    }
    _ = fellows.understood(at: Self.at(0))
    let changes = fellows.left(FellowSlot(0), at: Self.at(20))
    #expect(changes.lost == [FellowSlot(0)])
    for subject in 0..<count {
      let view = fellows.view(of: subject, rank: 1, epoch: 3)
      #expect(view.incumbent == nil && view.ceiling == nil && view.highestEpoch == 3)
    }
    // The other datagrams of the round say nothing new.
    let again = fellows.left(FellowSlot(0), at: Self.at(20))
    #expect(again.isNothing)
  }

  @Test func listeningEndsWithTheTimeout() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    #expect(fellows.deadline == Self.at(500))
    let first = fellows.turn(at: Self.at(499))
    #expect(first.isNothing)
    let second = fellows.turn(at: Self.at(500))
    #expect(second.isListeningOver)
    #expect(fellows.listening == nil)
  }

  @Test func listeningEndsWhenEverybodyHasToldEverything() {
    var fellows = Self.fellows(subjects: 2)
    fellows.listen(from: Self.at(0))
    let first = Self.tell(&fellows, 0, Self.none, Self.at(10))
    #expect(!first.isListeningOver)
    let second = Self.tell(&fellows, 1, Self.none, Self.at(20))
    #expect(!second.isListeningOver)
    fellows.learn(Self.none, of: 1, from: FellowSlot(0))
    let third = fellows.understood(at: Self.at(30))
    #expect(!third.isListeningOver)
    fellows.learn(Self.none, of: 1, from: FellowSlot(1))
    let fourth = fellows.understood(at: Self.at(40))
    #expect(fourth.isListeningOver)
  }

  @Test func silenceIsATimeoutLong() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    let changes = Self.tell(&fellows, 0, Self.none, Self.at(100))
    #expect(changes.isAnyoneNew)
    _ = fellows.turn(at: Self.at(500))
    let first = fellows.turn(at: Self.at(599))
    #expect(first.lost.isEmpty)
    let second = fellows.turn(at: Self.at(600))
    #expect(second.lost == [FellowSlot(0)])
  }

  @Test func aPauseIsForgivenAndOnlyTheLongOneIsListenedAfter() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    _ = Self.tell(&fellows, 0, Self.none, Self.at(100))
    _ = fellows.turn(at: Self.at(500))
    let isShort = !fellows.paused(for: .milliseconds(249), at: Self.at(600))
    #expect(isShort)
    #expect(fellows.listening == nil)
    let first = fellows.turn(at: Self.at(848))
    #expect(first.lost.isEmpty)
    let second = fellows.turn(at: Self.at(849))
    #expect(second.lost == [FellowSlot(0)])
    let isLong = fellows.paused(for: .milliseconds(250), at: Self.at(1_200))
    #expect(isLong)
    #expect(fellows.listening == Self.at(1_700))
  }

  @Test func whatWaitedDuringAPauseConfirmsNobody() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    _ = fellows.turn(at: Self.at(500))
    _ = fellows.paused(for: .seconds(3), at: Self.at(4_000))
    _ = Self.tell(&fellows, 0, Self.none, Self.at(4_000))
    let changes = Self.tell(&fellows, 1, Self.none, Self.at(4_000))
    #expect(!changes.isListeningOver)
    _ = fellows.turn(at: Self.at(4_000))
    _ = Self.tell(&fellows, 0, Self.none, Self.at(4_100))
    let over = fellows.turn(at: Self.at(4_500))
    #expect(over.isListeningOver)
    #expect(over.missed == [FellowSlot(1)])
  }

  @Test func nothingIsMissedAfterTheStart() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    let first = fellows.turn(at: Self.at(500))
    #expect(first.missed.isEmpty)
  }

  @Test func theOrderOfClaimsThatClimbsHighestIsAssumed() throws {
    var fellows = Self.fellows()
    let both = [FellowSlot(0), FellowSlot(1)]
    let ours = try #require(Rung(Rung.owner.value + 4))
    fellows.assumeClaims(of: both, 0, ours: ours, epoch: 3)
    // Lane 0 claims first, then lane 2: or lane 2 at 5 and lane 0 at 6. Highest is 6 before 8.
    let rungs = both.map { fellows[0, $0].rung.value - Rung.owner.value }
    #expect(rungs.max() == 8)
    #expect(both.map { fellows[0, $0].epoch }.max() == 5)
  }

  @Test func whoSaysGoodbyeClaimsNothing() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    _ = Self.tell(&fellows, 0, Self.claim(4, .owner), Self.at(10))
    #expect(fellows.view(of: 0, rank: 1, epoch: 4).incumbent != nil)
    let first = fellows.left(FellowSlot(0), at: Self.at(20))
    #expect(first.lost == [FellowSlot(0)])
    let view = fellows.view(of: 0, rank: 1, epoch: 4)
    #expect(view.incumbent == nil)
    #expect(view.ceiling == nil)
    #expect(view.highestEpoch == 4)
    #expect(!view.isAnyoneWilling)
  }

  @Test func theDeadCountForTheCeilingAndNotAsIncumbents() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    _ = Self.tell(&fellows, 0, Self.claim(4, .firstTakeover), Self.at(10))
    let alive = fellows.view(of: 0, rank: 1, epoch: 4)
    #expect(alive.incumbent?.rung == .firstTakeover)
    #expect(alive.ceiling == .firstTakeover)
    #expect(alive.ceilingOfDead == nil)
    _ = fellows.turn(at: Self.at(510))
    let dead = fellows.view(of: 0, rank: 1, epoch: 4)
    #expect(dead.incumbent == nil)
    #expect(dead.ceiling == .firstTakeover)
    #expect(dead.ceilingOfDead == .firstTakeover)
    #expect(!dead.isAnyoneAlive)
  }

  @Test func rankComesBeforeAddress() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    var claim = Self.claim(1, .owner)
    claim.rank = 2
    _ = Self.tell(&fellows, 1, claim, Self.at(10))
    // The other has the lower address: of equal rank it is the better one.
    #expect(fellows.view(of: 0, rank: 1, epoch: 1).incumbent?.isBehindUs == true)
    #expect(fellows.view(of: 0, rank: 2, epoch: 1).incumbent?.isBehindUs == false)
    #expect(fellows.view(of: 0, rank: 2, epoch: 1).isBetterWilling)
    #expect(!fellows.view(of: 0, rank: 1, epoch: 1).isBetterWilling)
  }

  @Test func ofTwoClaimsTheLaterEpochIsTheIncumbent() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    _ = Self.tell(&fellows, 0, Self.claim(3, .firstTakeover), Self.at(10))
    _ = Self.tell(&fellows, 1, Self.claim(4, .owner), Self.at(10))
    let view = fellows.view(of: 0, rank: 1, epoch: 4)
    #expect(view.incumbent?.fellow == FellowSlot(1))
    #expect(view.ceiling == .firstTakeover)
  }

  @Test func allAreResignedOnlyAtOurEpochAndAlive() {
    var fellows = Self.fellows()
    fellows.listen(from: Self.at(0))
    _ = Self.tell(&fellows, 0, Self.claim(4, Rung.owner.resigned), Self.at(10))
    #expect(!fellows.view(of: 0, rank: 1, epoch: 4).areAllResigned)
    _ = Self.tell(&fellows, 1, Self.claim(3, .standby), Self.at(10))
    #expect(!fellows.view(of: 0, rank: 1, epoch: 4).areAllResigned)
    _ = Self.tell(&fellows, 1, Self.claim(4, .standby), Self.at(10))
    #expect(fellows.view(of: 0, rank: 1, epoch: 4).areAllResigned)
  }
}
