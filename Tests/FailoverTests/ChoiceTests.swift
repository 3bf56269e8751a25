// Which candidate a watcher chooses.

import Failover
import Model
import Testing

struct ChoiceTests {
  private static func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

  private static func candidates(_ states: [(Health, Int64)]) -> Candidates {
    var candidates = Candidates()
    for (health, second) in states {
      candidates.append(Choice.Candidate(health, since: at(second)))
    }
    return candidates
  }

  private static func judge(
    _ choice: inout Choice, _ states: [(Health, Int64)], _ now: Int64, isFrozen: Bool = false,
    dampedUntil: Int64? = nil
  ) -> Choice.Outcome {
    choice.judge(
      candidates(states), isFrozen: isFrozen, dampedUntil: dampedUntil.map(at), at: at(now))
  }

  @Test func theFirstChoiceWaitsForWhoIsPreferred() {
    var choice = Choice(failback: .seconds(60), patience: .seconds(3))
    let first = Self.judge(&choice, [(.unknown, 0), (.up, 0)], 0)
    #expect(first == .unchanged)
    #expect(choice.deadline == Self.at(3))
    let second = Self.judge(&choice, [(.unknown, 0), (.up, 0)], 3)
    #expect(second == .moved)
    #expect(choice.current == 1)
  }

  @Test func whoIsPreferredAndUpIsTakenAtOnce() {
    var choice = Choice(failback: .seconds(60), patience: .seconds(3))
    let first = Self.judge(&choice, [(.up, 0), (.unknown, 0)], 0)
    #expect(first == .moved)
    #expect(choice.current == 0)
  }

  @Test func downMovesAtOnceAlsoInsideDamping() {
    var choice = Choice(failback: .seconds(60), patience: .zero)
    _ = Self.judge(&choice, [(.up, 0), (.up, 0)], 0)
    let first = Self.judge(&choice, [(.down, 1), (.up, 0)], 1, dampedUntil: 30)
    #expect(first == .moved)
    #expect(choice.current == 1)
  }

  @Test func unknownMovesNothing() {
    var choice = Choice(failback: .seconds(60), patience: .zero)
    _ = Self.judge(&choice, [(.up, 0), (.up, 0)], 0)
    let first = Self.judge(&choice, [(.unknown, 1), (.up, 0)], 1)
    #expect(first == .unchanged)
    #expect(choice.current == 0)
  }

  @Test func nobodyUpHoldsAndIsSaidOnce() {
    var choice = Choice(failback: .seconds(60), patience: .zero)
    _ = Self.judge(&choice, [(.up, 0), (.down, 0)], 0)
    let first = Self.judge(&choice, [(.down, 1), (.down, 0)], 1)
    #expect(first == .allDown)
    let second = Self.judge(&choice, [(.down, 1), (.down, 0)], 2)
    #expect(second == .unchanged)
    #expect(choice.current == 0)
    let third = Self.judge(&choice, [(.up, 3), (.down, 0)], 3)
    #expect(third == .recovered)
    #expect(!choice.isAllDown)
  }

  @Test func nobodyIsSentWhereNothingIsKnown() {
    var choice = Choice(failback: .seconds(60), patience: .zero)
    _ = Self.judge(&choice, [(.up, 0), (.down, 0)], 0)
    let first = Self.judge(&choice, [(.down, 1), (.unknown, 1)], 1)
    #expect(first == .unchanged)
    #expect(choice.current == 0)
  }

  @Test func failbackWaitsForItsTimeAndForDamping() {
    var choice = Choice(failback: .seconds(10), patience: .zero)
    _ = Self.judge(&choice, [(.down, 0), (.up, 0)], 0)
    let first = Self.judge(&choice, [(.up, 5), (.up, 0)], 5)
    #expect(first == .unchanged)
    #expect(choice.deadline == Self.at(15))
    let second = Self.judge(&choice, [(.up, 5), (.up, 0)], 15, dampedUntil: 20)
    #expect(second == .unchanged)
    #expect(choice.deadline == Self.at(20))
    let third = Self.judge(&choice, [(.up, 5), (.up, 0)], 20, dampedUntil: 20)
    #expect(third == .moved)
    #expect(choice.current == 0)
  }

  @Test func withoutFailbackNothingGoesBack() {
    var choice = Choice(failback: nil, patience: .zero)
    _ = Self.judge(&choice, [(.down, 0), (.up, 0)], 0)
    let first = Self.judge(&choice, [(.up, 5), (.up, 0)], 900)
    #expect(first == .unchanged)
    #expect(choice.deadline == nil)
  }

  @Test func aPinStaysUntilItsHostIsDown() {
    var choice = Choice(failback: .seconds(1), patience: .zero)
    _ = Self.judge(&choice, [(.up, 0), (.up, 0)], 0)
    #expect(choice.pin(1, at: Self.at(1)) == .moved)
    let first = Self.judge(&choice, [(.up, 0), (.up, 0)], 90)
    #expect(first == .unchanged)
    let second = Self.judge(&choice, [(.up, 0), (.down, 91)], 91)
    #expect(second == .moved)
    #expect(!choice.isPinned)
  }

  @Test func whoIsFrozenMovesNothing() {
    var choice = Choice(failback: .seconds(1), patience: .zero)
    _ = Self.judge(&choice, [(.up, 0), (.up, 0)], 0)
    let first = Self.judge(&choice, [(.down, 1), (.up, 0)], 1, isFrozen: true)
    #expect(first == .unchanged)
  }

  @Test func followingForgetsWhatWasWaitedFor() {
    var choice = Choice(failback: .seconds(10), patience: .zero)
    _ = Self.judge(&choice, [(.down, 0), (.up, 0)], 0)
    _ = Self.judge(&choice, [(.up, 5), (.up, 0)], 5)
    #expect(choice.deadline != nil)
    #expect(choice.follow(1, at: Self.at(6)) == .unchanged)
    #expect(choice.deadline == nil)
    #expect(choice.follow(0, at: Self.at(7)) == .moved)
  }
}
