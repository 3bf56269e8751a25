// Changed VIPs come first, everybody gets a turn, and a round has an end.

import Hello
import Model
import Testing

/// A `HelloRound`, for expectations: their macro copies what it looks at.
private final class Rounds {
  private var round: HelloRound

  init(vips: Int) { round = HelloRound(vips: vips) }

  var hasChanges: Bool { round.hasChanges }

  func changed(_ vip: Int) { round.changed(VIPSlot(vip)) }

  /// The datagrams of one round, as numbers of VIPs.
  func datagrams(_ scope: HelloRound.Scope = .everything) -> [[Int]] {
    round.begin(scope)
    var result: [[Int]] = []
    while round.planNext() { result.append(round.batch.map(\.index)) }
    let parts = round.parts
    #expect(result.count == parts)
    return result
  }
}

struct HelloRoundTests {
  @Test func whatFitsOneDatagramIsInEachOne() {
    let rounds = Rounds(vips: 64)
    for _ in 0..<3 {
      #expect(rounds.datagrams() == [Array(0..<64)])
    }
    rounds.changed(7)
    let expected = [7] + Array(0..<7) + Array(8..<64)
    for _ in 0..<HelloLimits.tellings {
      #expect(rounds.datagrams() == [expected])
    }
    #expect(!rounds.hasChanges)
    #expect(rounds.datagrams() == [Array(0..<64)])
  }

  @Test func noVIPIsStillAHello() {
    let rounds = Rounds(vips: 0)
    #expect(rounds.datagrams() == [[]])
    #expect(rounds.datagrams(.changes) == [])
  }

  @Test func oneMoreThanFitsTakesASecondDatagram() {
    let rounds = Rounds(vips: 65)
    #expect(rounds.datagrams() == [Array(0..<64), [64]])
    rounds.changed(64)
    #expect(rounds.datagrams() == [[64] + Array(0..<63), [63]])
  }

  @Test func changesAloneDoNotWaitForTheInterval() {
    let rounds = Rounds(vips: 1_000)
    #expect(rounds.datagrams(.changes) == [])
    rounds.changed(900)
    rounds.changed(3)
    rounds.changed(900)
    #expect(rounds.datagrams(.changes) == [[900, 3]])
    #expect(rounds.hasChanges)
    #expect(rounds.datagrams(.changes) == [[900, 3]])
    // A change renews what is owed, and the place stays.
    rounds.changed(3)
    #expect(rounds.datagrams(.changes) == [[900, 3]])
    #expect(rounds.datagrams(.changes) == [[3]])
    #expect(rounds.datagrams(.changes) == [[3]])
    #expect(!rounds.hasChanges)
  }

  /// 2,000 VIPs need four rounds of 512.
  @Test func everybodyGetsATurn() {
    let rounds = Rounds(vips: 2_000)
    let room = HelloLimits.entries * HelloLimits.datagramsPerInterval
    var told = Array(repeating: 0, count: 2_000)
    for _ in 0..<40 {
      let batches = rounds.datagrams()
      #expect(batches.count == HelloLimits.datagramsPerInterval)
      #expect(batches.allSatisfy { $0.count == HelloLimits.entries })
      for vip in batches.joined() { told[vip] += 1 }
    }
    let all = 40 * room
    #expect(told.min() == all / 2_000 && told.max() == (all + 1_999) / 2_000)
  }

  @Test func nobodyIsToldTwiceInARoundAndNobodyIsForgotten() {
    let rounds = Rounds(vips: 1_000)
    var state: UInt64 = 11
    var waiting: Set<Int> = []
    for _ in 0..<300 {
      for _ in 0..<20 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let vip = Int(state >> 33) % 1_000
        rounds.changed(vip)
        waiting.insert(vip)
      }
      let told = Array(rounds.datagrams().joined())
      #expect(Set(told).count == told.count)
      // Twenty changes a round, each told three times, leave room: every change is told at once.
      #expect(waiting.isSubset(of: told))
      waiting.removeAll()
    }
  }

  /// More changes than a round holds: the first ones first, and after three walks all is told.
  @Test func aMassChangeIsToldInTheOrderOfTheChanges() {
    let rounds = Rounds(vips: 1_000)
    for vip in (0..<1_000).reversed() { rounds.changed(vip) }
    let room = HelloLimits.entries * HelloLimits.datagramsPerInterval
    var told: [Int] = []
    for _ in 0..<6 { told += rounds.datagrams().joined() }
    let walk = Array((0..<1_000).reversed())
    #expect(Array(told.prefix(3_000)) == walk + walk + walk)
    #expect(told.count == 6 * room)
    #expect(!rounds.hasChanges)
  }

  @Test func sameChangesSameDatagrams() {
    func run() -> [[Int]] {
      let rounds = Rounds(vips: 700)
      var result: [[Int]] = []
      for step in 0..<50 {
        rounds.changed(step * 37 % 700)
        result += rounds.datagrams(step % 3 == 0 ? .changes : .everything)
      }
      return result
    }
    #expect(run() == run())
  }
}
