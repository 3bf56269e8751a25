// A change of what stands for a VIP, as small as it can be kept: thousands may come of one event.

import Failover
import Model

/// `Note.standing` in a tenth of the memory of a `Note`, which is as large as its largest case.
struct StandingChange {
  private let vip: UInt32
  private let shift: UInt32
  /// Where in `Outputs` the trigger is: what comes of one event has one.
  private let trigger: UInt32
  private let candidates: (from: UInt8, to: UInt8)
  private let rungs: (from: UInt8, to: UInt8)
  private let hadStood: Bool
  /// In the place of a rung: nothing is announced.
  private static let withdrawn = UInt8.max

  init(_ vip: VIPSlot, from before: Standing?, to now: Standing, shift: UInt32, trigger: Int) {
    self.vip = UInt32(vip.index)
    self.shift = shift
    self.trigger = UInt32(trigger)
    hadStood = before != nil
    candidates = (UInt8(before?.candidate ?? 0), UInt8(now.candidate))
    rungs = (before.map(StandingChange.code) ?? 0, StandingChange.code(now))
  }

  private static func code(_ standing: Standing) -> UInt8 {
    standing.isWithdrawn ? withdrawn : standing.rung.value
  }

  func note(_ triggers: [Trigger]) -> Note {
    .standing(
      VIPSlot(Int(vip)),
      from: hadStood ? standing(candidates.from, rungs.from) : nil,
      to: standing(candidates.to, rungs.to), shift: shift, triggers[Int(trigger)])
  }

  private func standing(_ candidate: UInt8, _ rung: UInt8) -> Standing {
    if rung == StandingChange.withdrawn { return .withdrawn }
    guard let rung = Rung(rung) else { preconditionFailure("it was taken from a rung") }
    return Standing(candidate: Int(candidate), rung: rung)
  }
}
