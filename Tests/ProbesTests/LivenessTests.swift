// The liveness machine: in a row, late, void, and what a pause changes.
import Model
import Testing

@testable import Probes

@Suite struct LivenessTests {
  /// Sends a probe and has it answered after a millisecond.
  private func answer(_ liveness: Subject, at now: Instant) {
    let token = liveness.launch(at: now)
    #expect(liveness.sent(at: now))
    let reception = liveness.answered(token, at: now + ms(1), readAt: now + ms(1))
    #expect(reception == .counted)
  }

  /// Sends a probe and judges it when its time is over.
  private func lose(_ liveness: Subject, at now: Instant) {
    let token = liveness.launch(at: now)
    #expect(liveness.sent(at: now))
    let limit = now + liveness.cadence.timeout
    #expect(liveness.deadline == limit)
    #expect(liveness.judge(heardUntil: limit - Nanoseconds(1), at: limit) == nil)
    #expect(liveness.judge(heardUntil: limit, at: limit) == token)
    #expect(liveness.judge(heardUntil: limit, at: limit) == nil)
  }

  @Test func riseAndFallAreCountedInARow() {
    let liveness = Subject(.usual)
    #expect(liveness.state == .unknown && liveness.deadline == nil)
    answer(liveness, at: at(0))
    #expect(liveness.state == .unknown)
    answer(liveness, at: at(50))
    #expect(liveness.state == .up && liveness.since == at(51))
    lose(liveness, at: at(100))
    #expect(liveness.state == .failing && liveness.since == at(51))
    lose(liveness, at: at(150))
    answer(liveness, at: at(200))
    #expect(liveness.state == .up && liveness.since == at(51), "one answer ends a row of losses")
    for start in [250, 300] { lose(liveness, at: at(Int64(start))) }
    #expect(liveness.state == .failing)
    lose(liveness, at: at(350))
    #expect(liveness.state == .down && liveness.since == at(390) && liveness.reason == .lost)
    answer(liveness, at: at(400))
    #expect(liveness.state == .down)
    lose(liveness, at: at(450))
    answer(liveness, at: at(500))
    #expect(liveness.state == .down, "a loss between two answers ends the row")
    answer(liveness, at: at(550))
    #expect(liveness.state == .up)
    #expect(liveness.counters.sent == 12 && liveness.counters.answered == 6)
    #expect(liveness.counters.lost == 6 && liveness.lastAnswer == at(551))
  }

  @Test func downFromTheStartTakesFallLosses() {
    let liveness = Subject(.usual)
    lose(liveness, at: at(0))
    lose(liveness, at: at(50))
    #expect(liveness.state == .unknown)
    lose(liveness, at: at(100))
    #expect(liveness.state == .down)
  }

  @Test func anOlderLossSaysNothingAgainstANewerAnswer() {
    let liveness = Subject(Cadence(interval: ms(5), timeout: ms(20), fall: 2, rise: 1))
    let first = liveness.launch(at: at(0))
    #expect(liveness.sent(at: at(0)))
    let second = liveness.launch(at: at(5))
    #expect(liveness.sent(at: at(5)))
    #expect(liveness.answered(second, at: at(6), readAt: at(6)) == .counted)
    #expect(liveness.state == .up && liveness.deadline == at(20))
    #expect(liveness.judge(heardUntil: at(20), at: at(20)) == first)
    #expect(liveness.state == .up && liveness.failures == 0 && liveness.counters.lost == 1)
  }

  @Test func theStampDecidesNotTheReading() {
    let liveness = Subject(.usual)
    let token = liveness.launch(at: at(0))
    #expect(liveness.sent(at: at(0)))
    #expect(liveness.answered(token, at: at(39), readAt: at(45)) == .counted)
    let other = liveness.launch(at: at(50))
    #expect(liveness.sent(at: at(50)))
    #expect(liveness.answered(other, at: at(91), readAt: at(91)) == .late)
    #expect(liveness.failures == 1 && liveness.counters.late == 1)
    #expect(liveness.answered(other, at: at(92), readAt: at(92)) == .unasked)
  }

  @Test func whoComesLateItselfAcceptsALateStamp() {
    let liveness = Subject(.usual)
    let token = liveness.launch(at: at(0))
    #expect(liveness.sent(at: at(0)))
    // The machine stood for two seconds: the answer waited with it.
    #expect(liveness.answered(token, at: at(2_000), readAt: at(2_000)) == .counted)
    #expect(liveness.successes == 1)
  }

  @Test func theTimeoutBeginsWhenTheProbeHasLeft() {
    let liveness = Subject(.usual)
    let token = liveness.launch(at: at(0))
    #expect(liveness.deadline == nil, "nothing is judged that may not have left")
    #expect(liveness.sent(at: at(500)))
    #expect(liveness.deadline == at(540))
    #expect(liveness.answered(token, at: at(530), readAt: at(530)) == .counted)
  }

  @Test func aPauseVoidsOnceAndThenJudges() {
    let liveness = Subject(.usual)
    answer(liveness, at: at(0))
    answer(liveness, at: at(50))
    lose(liveness, at: at(100))
    _ = liveness.launch(at: at(150))
    #expect(liveness.sent(at: at(150)))
    #expect(liveness.voidFlights())
    #expect(liveness.failures == 1, "the row of losses before the pause stays")
    #expect(liveness.judge(heardUntil: at(900), at: at(900)) == nil)
    let token = liveness.launch(at: at(900))
    #expect(liveness.sent(at: at(900)))
    #expect(!liveness.voidFlights(), "nothing was judged since")
    #expect(liveness.judge(heardUntil: at(1_500), at: at(1_500)) == token)
    #expect(liveness.failures == 2)
    _ = liveness.launch(at: at(1_500))
    #expect(liveness.voidFlights(), "a judgement lies between")
    #expect(liveness.counters.voided == 2)
  }

  @Test func aMachineThatIsAlwaysLateNoticesADeath() {
    let liveness = Subject(.usual)
    answer(liveness, at: at(0))
    answer(liveness, at: at(50))
    var now = at(100)
    var turns = 0
    while liveness.state != .down, turns < 20 {
      turns += 1
      if !liveness.voidFlights() {
        while liveness.judge(heardUntil: now, at: now) != nil { continue }
      }
      _ = liveness.launch(at: now)
      #expect(liveness.sent(at: now))
      now = now + ms(100)
    }
    #expect(liveness.state == .down && turns <= 2 * liveness.cadence.fall + 1)
  }

  @Test func whatWasNeverAskedOrAnsweredTwiceCountsNothing() {
    let liveness = Subject(.usual)
    #expect(liveness.answered(7, at: at(1), readAt: at(1)) == .unasked)
    let token = liveness.launch(at: at(0))
    #expect(liveness.sent(at: at(0)))
    #expect(liveness.answered(token &+ 1, at: at(1), readAt: at(1)) == .unasked)
    #expect(liveness.answered(token, at: at(1), readAt: at(1)) == .counted)
    #expect(liveness.answered(token, at: at(1), readAt: at(1)) == .unasked)
    #expect(liveness.counters.unasked == 3 && liveness.successes == 1)
  }

  @Test func aWithdrawnProbeSaysNothing() {
    let liveness = Subject(.usual)
    let token = liveness.launch(at: at(0))
    liveness.withdraw(token)
    #expect(!liveness.sent(at: at(0)))
    #expect(liveness.judge(heardUntil: at(500), at: at(500)) == nil)
    #expect(liveness.failures == 0 && liveness.counters.voided == 1)
  }

  @Test func theRingHoldsItsLimitAndGoesRound() {
    let liveness = Subject(Cadence(interval: ms(5), timeout: ms(75), fall: 40, rise: 1))
    var tokens: [UInt32] = []
    for round in 0..<100 {
      let now = at(Int64(round) * 5)
      while let lost = liveness.judge(heardUntil: now, at: now) {
        #expect(lost == tokens.removeFirst())
      }
      #expect(liveness.mayLaunch)
      tokens.append(liveness.launch(at: now))
      #expect(liveness.sent(at: now))
    }
    #expect(liveness.state == .down && tokens.count == 15)
  }

  @Test func roundTripsFallIntoBuckets() {
    var trips = RoundTrips()
    #expect(trips.percentile(50) == nil)
    trips.add(.microseconds(-3))
    trips.add(.microseconds(15))
    trips.add(.microseconds(16))
    trips.add(.seconds(9))
    #expect(trips[0] == 2 && trips[1] == 1 && trips[15] == 1 && trips.total == 4)
    #expect(trips.percentile(50) == .microseconds(16))
    #expect(trips.percentile(75) == .microseconds(32))
    #expect(trips.percentile(100) == .microseconds(16 << 14))
    #expect(trips.latest == .seconds(9))
  }
}
