// Seeded schedules of two speakers at one table: the last word wins, and nobody steals a route back.

import Azure
import Model
import Testing

struct SimulationTests {
  /// As many as take ten seconds, and seeds that have found something: a creation that came late,
  /// and a claim made anew by who was thought to be beaten.
  static let seeds: [UInt64] = Array(1...120) + [183, 534]

  @Test func everyScheduleEndsAsTheLastClaimWants() {
    var seen: Set<String> = []
    for seed in SimulationTests.seeds {
      var world = Speakers(seed: seed)
      world.run()
      world.judgeEnd()
      #expect(world.violations == [], "seed \(seed)")
      seen.formUnion(world.seen)
      if world.creationsOutOfTurn > 0 { seen.insert("creation out of turn") }
    }
    for mischief in Mischief.allCases { #expect(seen.contains("\(mischief)"), "\(mischief)") }
    for rare in ["thawed", "superseded", "meddled"] { #expect(seen.contains(rare), "\(rare)") }
  }

  @Test func sameSeedSameStory() {
    for seed: UInt64 in [3, 5, 17] {
      var first = Speakers(seed: seed)
      first.run()
      var second = Speakers(seed: seed)
      second.run()
      #expect(first.traceSum == second.traceSum)
      #expect(first.traceSum != 0)
    }
  }
}
