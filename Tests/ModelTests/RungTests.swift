// The ladder: each rung is one AS shorter than the one before.

import Model
import Testing

struct RungTests {
  @Test func everyRungBeatsTheOneBefore() {
    var rung = Rung.standby
    var seen = 1
    while let next = rung.next {
      #expect(next > rung)
      #expect(next.pathLength == rung.pathLength - 1)
      rung = next
      seen += 1
    }
    #expect(rung == .last)
    #expect(rung.pathLength == 1)
    #expect(seen == Int(Rung.takeovers) + 2)
  }

  @Test func namesAreWhatOperatorsRead() {
    #expect(Rung.standby.description == "standby")
    #expect(Rung.owner.description == "owner")
    #expect(Rung.firstTakeover.description == "takeover-1")
    #expect(Rung.last.description == "takeover-14")
  }
}
