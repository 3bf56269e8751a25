// An engine's state in a new engine: nobody can tell the difference, in any schedule.
import Testing
import World

@Suite struct TransplantTests {
  /// The trace holds every event of the world and how many effects it had; the checkers look at
  /// every byte.
  @Test(arguments: [1, 7, 50]) func theSameTrace(_ every: Int) {
    var transplants = 0
    for seed in 1...40 as ClosedRange<UInt64> {
      let plain = World(seed: seed).play()
      let world = World(seed: seed, transplantEvery: every)
      let moved = world.play()
      #expect(moved.trace == plain.trace, "seed \(seed)")
      #expect(moved.violations == plain.violations, "seed \(seed)")
      transplants += world.transplants
    }
    #expect(transplants > 40)
  }

  /// The same of groups, where hello, health and choices are part of the state.
  @Test(arguments: [1, 7, 50]) func theSameTraceOfAGroup(_ every: Int) {
    var transplants = 0
    for seed in 1...5 as ClosedRange<UInt64> {
      let plain = GroupWorld(seed: seed).play()
      let world = GroupWorld(seed: seed, transplantEvery: every)
      let moved = world.play()
      #expect(moved.trace == plain.trace, "seed \(seed)")
      #expect(moved.violations == plain.violations, "seed \(seed)")
      transplants += world.transplants
    }
    #expect(transplants > 40)
  }
}
