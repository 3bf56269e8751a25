// When a route server that asks for everything again is answered: at once, but not without end.

import BGP
import Model

/// The requests of one route server (RFC 2918). At most one answer is under way and one more is
/// owed, however often it asks: what it asked meanwhile is answered together, from what stands
/// then. The pause between answers grows while it keeps asking.
struct RefreshPace {
  /// Between an answer and the next. We chose it: shorter than the 100 ms after which all route
  /// servers must hold the same.
  static let shortest = Nanoseconds.milliseconds(50)
  /// Where doubling ends. We chose it: ten thousand requests in a second get six answers, and who
  /// really needs one does not wait for long.
  static let longest = Nanoseconds.seconds(1)

  /// The families that are owed.
  private var asked: Families = []
  /// It asked before the pause was over, and waits.
  private var hasToWait = false
  /// The end of the pause.
  private var ready: Instant?
  private var pause = RefreshPace.shortest
  /// TCP has not taken all that was sent, and an answer may be among it.
  private(set) var isHeld = false

  /// When `takeAnswer` may be true without another word from outside.
  var deadline: Instant? { asked.isEmpty || isHeld ? nil : ready }

  mutating func ask(_ families: Families, at now: Instant) {
    asked.formUnion(families)
    if let ready, now < ready { hasToWait = true }
  }

  mutating func hold(_ isHeld: Bool) { self.isHeld = isHeld }

  /// For which families to answer now; who is told them answers.
  mutating func takeAnswer(at now: Instant) -> Families? {
    guard !asked.isEmpty, !isHeld else { return nil }
    if let ready, now < ready { return nil }
    defer { asked = [] }
    pause = hasToWait ? min(pause * 2, RefreshPace.longest) : RefreshPace.shortest
    ready = now + pause
    hasToWait = false
    return asked
  }
}

extension RefreshPace {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&asked)
    keeper.keep(&hasToWait)
    keeper.keep(&ready)
    keeper.keep(&pause)
    keeper.keep(&isHeld)
  }
}
