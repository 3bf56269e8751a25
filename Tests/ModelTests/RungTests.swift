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
    #expect(seen == 2 * (Int(Rung.takeovers) + 1) + 1)
    #expect(Rung.standby.pathLength == 31)
    #expect(Rung.owner.pathLength == 15)
  }

  /// Resigning alone must not change anybody's best path: the order of the claims stays.
  @Test func resignedRungsKeepTheOrderOfTheClaims() {
    var claim = Rung.owner
    var before = Rung.standby
    while true {
      #expect(claim.isClaim)
      #expect(claim.resigned > before)
      #expect(claim.resigned < .owner)
      #expect(claim.resigned.resigned == claim.resigned)
      before = claim.resigned
      guard let next = claim.next else { return }
      claim = next
    }
  }

  @Test func namesAreWhatOperatorsRead() {
    #expect(Rung.standby.description == "standby")
    #expect(Rung.owner.resigned.description == "resigned")
    #expect(Rung.firstTakeover.resigned.description == "resigned-1")
    #expect(Rung.owner.description == "owner")
    #expect(Rung.firstTakeover.description == "takeover-1")
    #expect(Rung.last.description == "takeover-14")
  }
}
