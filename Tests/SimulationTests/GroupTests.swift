// Some schedules of groups; `Tests/Simulate` plays the thousands, in the build that is shipped.

import Foundation
import Testing
import World

struct GroupTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let first = UInt64(environment["HOPSHIFT_SEED"] ?? "") ?? 1
  private static let count: UInt64 = environment["HOPSHIFT_SEED"] == nil ? 10 : 1

  @Test func noScheduleOfAGroupBreaksARule() {
    var (looks, shifts, comparisons) = (0, 0, 0)
    for seed in Self.first..<(Self.first + Self.count) {
      let outcome = GroupWorld(seed: seed).play()
      looks += outcome.looks
      shifts += outcome.shifts
      comparisons += outcome.comparisons
      #expect(
        outcome.violations.isEmpty,
        """
        seed \(seed): \(outcome.violations.joined(separator: "\n"))
        again: HOPSHIFT_SEED=\(seed) swift test --filter GroupTests
        """)
    }
    // A judge that never sits condemns nobody.
    #expect(looks > 5 * Int(Self.count))
    #expect(shifts > 3 * Int(Self.count))
    #expect(comparisons > 5 * Int(Self.count))
  }

  /// Schedules that have found something, kept. 501: a watcher that stood still for 21 s twice over
  /// took a route back for 60 ms, on probes from before it froze. 11472: the judge took an answer
  /// for heard that had come to a machine which stood still for a moment. 3163 and 3241: it judged
  /// what was still on its way, and what one answer had confirmed by what the same answer changed.
  @Test(arguments: [501, 3_163, 3_241, 11_472] as [UInt64])
  func whatWasFoundOnceStaysMended(_ seed: UInt64) {
    let outcome = GroupWorld(seed: seed).play()
    #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
  }

  @Test(arguments: [1, 42] as [UInt64])
  func theSameSeedIsTheSameTrace(_ seed: UInt64) {
    let outcomes = (0..<2).map { _ in GroupWorld(seed: seed).play() }
    #expect(outcomes[0].trace == outcomes[1].trace)
    #expect(GroupWorld(seed: seed + 1).play().trace != outcomes[0].trace)
  }
}
