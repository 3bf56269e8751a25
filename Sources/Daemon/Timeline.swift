// When each stage was reached, for what happened in one turn and for shifts that are still on their way.

import BGP
import Model

/// How far a shift has come at one route server.
enum Stage: String {
  /// TCP has its last byte.
  case written
  /// The route server's TCP has it.
  case acknowledged
}

/// A stage that a shift reached.
struct StageReached {
  var stage: Stage
  var shift: UInt32
  var peer: PeerSlot
  var at: Instant
}

/// When the input behind a note was seen, and when the engine had answered it.
struct Stamp {
  var seen: Instant
  var decided: Instant
}

/// The stamps of the turn that runs, and of the shifts before. Reserved once: stamping on the fire
/// path allocates nothing.
struct Timeline {
  /// What is remembered of a shift until its stages are told.
  struct Known {
    var shift: UInt32
    var vip: VIPSlot
    var seen: Instant
  }

  /// Shifts that are remembered beyond one for each VIP.
  private static let knownReserve = 1_024

  private var latest = Stamp(seen: .zero, decided: .zero)
  /// One for each note of the turn, in order.
  private(set) var stamps: [Stamp] = []
  private(set) var stages: [StageReached] = []
  private let stageLimit: Int
  /// Stages that found no room in one turn.
  private(set) var omitted: UInt64 = 0
  /// By shift number modulo its length.
  private var known: [Known?]

  init(for plan: Plan) {
    stamps.reserveCapacity(2 * Loop.noteReserve + plan.vips.count)
    stageLimit = 2 * (plan.vips.count + Flights.reserve) * plan.routeServers.peers.count
    stages.reserveCapacity(stageLimit)
    known = Array(repeating: nil, count: plan.vips.count + Timeline.knownReserve)
  }

  mutating func handled(seen: Instant, decided: Instant) {
    latest = Stamp(seen: seen, decided: decided)
  }

  mutating func stampNote() { stamps.append(latest) }

  mutating func reached(_ stage: Stage, _ shift: UInt32, at peer: PeerSlot, _ now: Instant) {
    guard stages.count < stageLimit else {
      omitted += 1
      return
    }
    stages.append(StageReached(stage: stage, shift: shift, peer: peer, at: now))
  }

  mutating func remember(_ shift: UInt32, _ vip: VIPSlot, seen: Instant) {
    known[Int(shift) % known.count] = Known(shift: shift, vip: vip, seen: seen)
  }

  func known(_ shift: UInt32) -> Known? {
    guard let found = known[Int(shift) % known.count], found.shift == shift else { return nil }
    return found
  }

  mutating func removeAll() {
    stamps.removeAll(keepingCapacity: true)
    stages.removeAll(keepingCapacity: true)
  }
}
