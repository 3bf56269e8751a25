// Another Plan takes over again and again, in the middle of everything: no rule is broken by it.
import Testing
import World

@Suite struct SuccessionTests {
  /// Nothing ends, moves or is withdrawn because the configuration is read again, whatever happens
  /// besides; the checkers look at every byte.
  @Test(arguments: [5, 50]) func schedulesWithReloads(_ every: Int) {
    var reloads = 0
    for seed in 1...40 as ClosedRange<UInt64> {
      let world = World(seed: seed, reloadEvery: every)
      #expect(world.play().violations == [], "seed \(seed)")
      reloads += world.reloads
    }
    #expect(reloads > 40)
  }

  @Test(arguments: [5, 50]) func schedulesOfAGroupWithReloads(_ every: Int) {
    var reloads = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let world = GroupWorld(seed: seed, reloadEvery: every)
      #expect(world.play().violations == [], "seed \(seed)")
      reloads += world.reloads
    }
    #expect(reloads > 40)
  }
}
