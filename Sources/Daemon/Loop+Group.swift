// The loop's side of the group: what other speakers say, and what they are told.

import Engine
import Linux
import Model

extension Loop {
  /// Reads what the other speakers have sent, within the budget.
  mutating func readGroup(at now: Instant) {
    guard let group else { return }
    for _ in 0..<GroupDoor.budget {
      switch group.receive(at: now, log: log) {
      case .empty: return
      case .refused: continue
      case .hello(let fellow):
        Loop.hear(fellow, group, &engine, &outputs, at: now)
        carryOut(at: now)
        record(fellow, group, at: now)
        conclude(at: now)
      }
    }
  }

  private static func hear(
    _ fellow: FellowSlot, _ group: GroupDoor, _ engine: inout Engine, _ outputs: inout Outputs,
    at now: Instant
  ) {
    group.withBody { body in engine.handle(.hello(fellow), body, at: now, into: &outputs) }
  }

  /// Sends the hellos among the outputs that were not looked at yet: route servers were served
  /// before.
  mutating func sayHello(at now: Instant) {
    let first = greeted
    greeted = outputs.others.count
    guard let group else { return }
    for index in first..<greeted {
      guard case .hello(let piece) = outputs.others[index] else { continue }
      group.send(outputs.bytes.span.extracting(piece), at: now, log: log)
    }
  }
}
