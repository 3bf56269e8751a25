// The engine's side of route tables: when the wishes are made, and what the courier says back.

import Failover
package import Model
package import Redistribution

extension Engine {
  /// What a VIP's routes should be, and the number of that wish in this run; nil when it stands in
  /// no route table.
  package func routeWish(of vip: VIPSlot) -> (wish: RouteWish, generation: UInt64)? {
    wishes.wish(of: vip)
  }

  /// What route tables should have of the kernel's routes, and whether we write it.
  package var tableRoutes: TableRoutes { exporter.tables }

  /// Before the kernel was listed, a route that is not known may be there all the same.
  mutating func settleTables(at now: Instant) {
    guard !exporter.areTablesSettled, exporter.unread == nil, exporter.exports.isComplete,
      let settled = exporter.settled, now >= settled
    else { return }
    exporter.areTablesSettled = true
  }

  /// Without a VIP to follow this machine writes alone; without a rule it removes what it wrote.
  mutating func judgeWriter() {
    guard plan.azure != nil, !isStopping else { return }
    guard exporter.tables.isIdle || exporter.areTablesSettled else { return }
    switch plan.azure?.writer == nil ? .ours : wishes.writerVoice {
    case .ours?: exporter.tables.hear(.ours)
    case .others?: exporter.tables.hear(.others)
    case .unsure?, nil: exporter.tables.hear(.unsure)
    }
  }

  /// Nothing is decided any more on the kernel's routes, and another speaker may claim at any
  /// moment: nothing is written for this daemon then, and nothing removed.
  mutating func leaveTables() {
    if plan.azure != nil { exporter.tables.hear(.unsure) }
  }

  /// Whether `.acknowledged` makes a difference.
  package var wantsAcknowledgements: Bool { wishes.wantsProof }

  /// Whoever drives the engine calls `.turn` when everything that was readable was read.
  var wishDeadline: Instant? { wishes.isOutdated && !wishes.isEmpty ? latest : wishes.deadline }

  /// What can change who speaks for a VIP without anything to tell.
  func isQuietNews(_ input: Input) -> Bool {
    switch input {
    case .hello, .paused, .acknowledged: !wishes.isEmpty
    default: false
    }
  }

  mutating func turnWishes(at now: Instant, into outputs: inout Outputs) {
    if wishes.isEmpty { return }
    let isDue = wishes.deadline.map { now >= $0 } ?? false
    guard wishes.isOutdated || isDue else { return }
    wishes.judge(failover, doubt: speaker.doubt, at: now) { vip, wish, generation in
      outputs.add(.note(.wish(vip, wish, generation: generation)))
    }
  }
}
