// What is counted of shifts and routes for as long as the process lives: see `hopshift metrics`.

import Model

/// Everything is reserved when it is made, and counted when stages are told, which is after the
/// volleys have left.
struct Measures {
  /// One shift on its way to one route server.
  private struct Way {
    var written: Instant?
    var isAcknowledged = false
  }

  private struct Known {
    var shift: UInt32 = 0
    var decided = Instant.zero
    var isConfirmed = false
  }

  /// The newest wish about a VIP's routes.
  private struct Wish {
    var generation: UInt64
    var at: Instant
    var isAccepted = false
    var isDone = false
  }

  /// Shifts that are remembered beyond one for each VIP, until their stages are told.
  private static let reserve = 1_024

  /// From what was seen to the verdict.
  private(set) var decisions = TimeCounts()
  /// From the verdict to TCP's taking the bytes, by route server.
  private(set) var writes: [TimeCounts]
  /// From there to the acknowledgement, by route server.
  private(set) var acknowledgements: [TimeCounts]
  /// From the verdict to the new host's first answer through the VIP.
  private(set) var confirmations = TimeCounts()
  /// From the wish to the moment when Azure has taken a write of it.
  private(set) var acceptances = TimeCounts()
  /// From the wish to the moment when a read shows it.
  private(set) var completions = TimeCounts()
  /// By VIP.
  private(set) var shifts: [UInt64]
  private(set) var lastShift: [Instant?]

  private let peers: Int
  /// By shift number modulo its length.
  private var known: [Known]
  /// By place of the shift, then by route server.
  private var ways: [Way]
  private var wishes: [Wish?]

  init(for plan: Plan) {
    peers = plan.routeServers.peers.count
    writes = Array(repeating: TimeCounts(), count: peers)
    acknowledgements = writes
    shifts = Array(repeating: 0, count: plan.vips.count)
    lastShift = Array(repeating: nil, count: plan.vips.count)
    known = Array(repeating: Known(), count: plan.vips.count + Measures.reserve)
    ways = Array(repeating: Way(), count: known.count * peers)
    wishes = Array(repeating: nil, count: plan.vips.count)
  }

  /// Goes on counting where another stopped that followed an earlier Plan; what was on its way
  /// counts no more.
  mutating func succeed(_ old: Measures, _ succession: Succession) {
    (decisions, confirmations) = (old.decisions, old.confirmations)
    (acceptances, completions) = (old.acceptances, old.completions)
    for (peer, former) in succession.peers.enumerated() {
      guard let former else { continue }
      (writes[peer], acknowledgements[peer]) = (old.writes[former], old.acknowledgements[former])
    }
    for (vip, former) in succession.vips.enumerated() {
      guard let former else { continue }
      (shifts[vip], lastShift[vip]) = (old.shifts[former], old.lastShift[former])
      wishes[vip] = old.wishes[former]
    }
  }

  mutating func decided(_ shift: UInt32, _ vip: VIPSlot, seen: Instant, at decided: Instant) {
    decisions.add(decided - seen)
    shifts[vip.index] += 1
    lastShift[vip.index] = seen
    let place = Int(shift) % known.count
    known[place] = Known(shift: shift, decided: decided)
    for peer in 0..<peers { ways[place * peers + peer] = Way() }
  }

  /// The first time counts: a route server whose session begins anew is told the same again.
  mutating func written(_ shift: UInt32, at peer: PeerSlot, _ now: Instant) {
    let place = Int(shift) % known.count
    let way = place * peers + peer.index
    guard known[place].shift == shift, ways[way].written == nil else { return }
    ways[way].written = now
    writes[peer.index].add(now - known[place].decided)
  }

  mutating func acknowledged(_ shift: UInt32, at peer: PeerSlot, _ now: Instant) {
    let place = Int(shift) % known.count
    let way = place * peers + peer.index
    guard known[place].shift == shift, let written = ways[way].written,
      !ways[way].isAcknowledged
    else { return }
    ways[way].isAcknowledged = true
    acknowledgements[peer.index].add(now - written)
  }

  /// The first answer counts.
  mutating func confirmed(_ shift: UInt32, at now: Instant) {
    let place = Int(shift) % known.count
    guard known[place].shift == shift, !known[place].isConfirmed else { return }
    known[place].isConfirmed = true
    confirmations.add(now - known[place].decided)
  }

  // MARK: Route tables

  mutating func wished(_ vip: VIPSlot, _ generation: UInt64, at now: Instant) {
    wishes[vip.index] = Wish(generation: generation, at: now)
  }

  /// Only what was really written has a time: a route that was right already was done by nobody.
  mutating func reported(
    _ vip: VIPSlot, _ outcome: RouteOutcomes.Outcome, run: UInt64, at now: Instant
  ) {
    guard var wish = wishes[vip.index], outcome.generation == "\(run).\(wish.generation)" else {
      return
    }
    switch outcome.stage {
    case .accepted where !wish.isAccepted:
      wish.isAccepted = true
      acceptances.add(now - wish.at)
    case .done where wish.isAccepted && !wish.isDone:
      wish.isDone = true
      completions.add(now - wish.at)
    default: return
    }
    wishes[vip.index] = wish
  }
}
