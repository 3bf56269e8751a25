// Many schedules of two appliances and two route servers, and the proof that their judges can
// condemn.

import Foundation
import Testing
import World

struct SimulationTests {
  /// `HOPSHIFT_SCHEDULES=1000000 HOPSHIFT_SEED=1` plays so many from that seed on; HOPSHIFT_SEED
  /// alone plays one.
  private static let environment = ProcessInfo.processInfo.environment
  private static let first = UInt64(environment["HOPSHIFT_SEED"] ?? "") ?? 1
  private static let count =
    UInt64(environment["HOPSHIFT_SCHEDULES"] ?? "")
    ?? (environment["HOPSHIFT_SEED"] == nil ? 60 : 1)

  @Test func noScheduleBreaksARule() {
    var reached: Set<Probe> = []
    var (promises, unpromised, ties, astray, comparisons, events) = (0, 0, 0, 0, 0, 0)
    var settled = 0
    for seed in Self.first..<(Self.first + Self.count) {
      let outcome = World(seed: seed).play()
      reached.formUnion(outcome.reached)
      promises += outcome.promises
      settled += outcome.settledPromises
      unpromised += outcome.unpromised
      ties += outcome.ties
      astray += outcome.astray
      comparisons += outcome.comparisons
      events += outcome.events
      #expect(
        outcome.violations.isEmpty,
        """
        seed \(seed): \(outcome.violations.joined(separator: "\n"))
        again: HOPSHIFT_SEED=\(seed) swift test --filter SimulationTests
        """)
    }
    print(
      """
      simulation: \(Self.count) schedules, \(events) events, \(comparisons) comparisons of tables, \
      best path promised and checked \(promises) times (\(settled) of them six quiet seconds after \
      whatever happened), not promised \(unpromised) times \
      (\(ties) led to both machines, \(astray) to the wrong one)
      """)
    guard Self.count >= 300 else { return }
    let missing = Probe.allCases.filter { !reached.contains($0) }.map(\.rawValue)
    #expect(missing.isEmpty, "no schedule reached: \(missing)")
    // A judge that never sits condemns nobody.
    #expect(promises > 10 * Int(Self.count))
    #expect(settled > Int(Self.count))
    #expect(comparisons > 10 * Int(Self.count))
  }

  @Test(arguments: [1, 7, 42, 99, 1234] as [UInt64])
  func theSameSeedIsTheSameTrace(_ seed: UInt64) {
    let outcomes = (0..<2).map { _ in World(seed: seed).play() }
    #expect(outcomes[0].trace == outcomes[1].trace)
    #expect(World(seed: seed + 1).play().trace != outcomes[0].trace)
  }

  @Test(arguments: Planted.lone)
  func aPlantedDefectIsFound(_ sabotage: Sabotage, _ checker: Checker) {
    let isFound = (1...40 as ClosedRange<UInt64>).contains { seed in
      World(seed: seed, sabotage: sabotage).play().broken.contains(checker)
    }
    #expect(isFound, "\(sabotage) was not found by \(checker)")
  }

  /// `Simulate planted` looks for those of groups.
  @Test func everyCheckerHasADefectThatItFinds() {
    let found = Set(Planted.lone.map(\.1)).union(Planted.groups.map(\.1))
    #expect(Checker.allCases.filter { !found.contains($0) } == [])
    #expect(Set(Planted.lone.map(\.0)) == Set(Sabotage.allCases))
    #expect(Set(Planted.groups.map(\.0)) == Set(Defect.allCases))
  }
}
