// What Azure's route tables should say of the VIPs: a wish for each, and when BGP has not proved
// itself.

package import Failover
import Model

/// What the routes of one VIP should be.
package struct RouteWish: Equatable, Sendable {
  package var voice: Voice
  /// The candidate that traffic should go to; nil before anything stands.
  package var candidate: Int?
  /// Whether there should be a route at all: with `fallback` only while BGP is in doubt.
  package var isWanted: Bool

  package init(voice: Voice, candidate: Int?, isWanted: Bool) {
    self.voice = voice
    self.candidate = candidate
    self.isWanted = isWanted
  }
}

/// The wishes of all VIPs that stand in route tables. Looked at when everything else of an input
/// was done: route tables take seconds, and nothing waits for them.
struct RouteWishes {
  /// How long BGP must have been in order before a fallback route is taken away again. We chose it:
  /// each change there and back is one that the network has to follow.
  static let calm = Nanoseconds.seconds(60)

  private struct Entry {
    let vip: VIPSlot
    /// With `fallback`: how long BGP may be in doubt.
    let after: Nanoseconds?
    var wish: RouteWish?
    var generation: UInt64 = 0
  }

  /// Who carries it writes the routes of the kernel.
  private let writer: VIPSlot?
  private(set) var writerVoice: Voice?
  private var entries: [Entry]
  /// By VIP: the place among the entries.
  private let places: [Int?]
  /// How many wishes there were in this run.
  private var generations: UInt64 = 0
  /// Since when BGP is in doubt, or in order; nil before it was looked at.
  private var doubtSince: Instant?
  private var orderSince: Instant?
  /// Something may have changed since the wishes were made.
  private(set) var isOutdated = true
  private let needsProof: Bool
  private(set) var deadline: Instant?

  init(_ plan: Plan) {
    var entries: [Entry] = []
    var places: [Int?] = Array(repeating: nil, count: plan.vips.count)
    for (index, vip) in plan.vips.enumerated() {
      guard let udr = vip.udr else { continue }
      places[index] = entries.count
      entries.append(
        Entry(vip: VIPSlot(index), after: udr.mode == .fallback ? udr.after : nil))
    }
    self.entries = entries
    writer = plan.azure?.writer
    self.places = places
    needsProof = entries.contains { $0.after != nil }
  }

  /// Goes on where another stood. A wish that stays keeps its number, so nobody writes it again.
  mutating func succeed(_ old: RouteWishes, _ succession: Succession) {
    (generations, writerVoice) = (old.generations, old.writerVoice)
    (doubtSince, orderSince) = (old.doubtSince, old.orderSince)
    for index in entries.indices {
      guard let former = succession.vips[entries[index].vip.index], let place = old.places[former],
        var wish = old.entries[place].wish
      else { continue }
      if let candidate = wish.candidate {
        // Who was wished for is no candidate any more: what is wished now is another wish.
        guard let now = succession.candidate(candidate, of: entries[index].vip) else { continue }
        wish.candidate = now
      }
      entries[index].wish = wish
      entries[index].generation = old.entries[place].generation
    }
  }

  var isEmpty: Bool { entries.isEmpty && writer == nil }

  mutating func outdate() { isOutdated = true }

  func wish(of vip: VIPSlot) -> (wish: RouteWish, generation: UInt64)? {
    guard let place = places[vip.index], let wish = entries[place].wish else { return nil }
    return (wish, entries[place].generation)
  }

  /// Makes the wishes anew and tells those that have changed. `doubt`: since when an established
  /// route server has not proved that it has everything, or none is established.
  mutating func judge(
    _ failover: borrowing Failover, doubt: Instant?, at now: Instant,
    tell: (VIPSlot, RouteWish, UInt64) -> Void
  ) {
    isOutdated = false
    deadline = nil
    noteProof(doubt, at: now)
    writerVoice = writer.map { failover.voice($0) }
    for index in entries.indices {
      // Routes in tables are held, whatever becomes of those that are announced.
      let wish = RouteWish(
        voice: failover.voice(entries[index].vip),
        candidate: failover.target(of: entries[index].vip),
        isWanted: isWanted(entries[index], at: now))
      guard wish != entries[index].wish else { continue }
      generations += 1
      entries[index].wish = wish
      entries[index].generation = generations
      tell(entries[index].vip, wish, generations)
    }
  }

  private mutating func noteProof(_ doubt: Instant?, at now: Instant) {
    doubtSince = doubt
    orderSince = doubt == nil ? orderSince ?? now : nil
  }

  private mutating func isWanted(_ entry: Entry, at now: Instant) -> Bool {
    guard let after = entry.after else { return true }
    let wasWanted = entry.wish?.isWanted ?? false
    if let doubtSince {
      if wasWanted { return true }
      return isPast(doubtSince + after, at: now)
    }
    // In order: the route goes when that has lasted.
    guard wasWanted, let orderSince else { return false }
    return !isPast(orderSince + RouteWishes.calm, at: now)
  }

  /// Notes the moment as a deadline when it is still to come.
  private mutating func isPast(_ moment: Instant, at now: Instant) -> Bool {
    if now >= moment { return true }
    deadline = min(deadline ?? moment, moment)
    return false
  }

  /// Whether acknowledgements have to be told.
  var wantsProof: Bool { needsProof }
}

extension RouteWishes {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &entries) {
      $1.keep(
        &$0.wish, blank: RouteWish(voice: .unsure, candidate: nil, isWanted: false)
      ) {
        $1.keep(&$0.voice)
        $1.keep(&$0.candidate, blank: 0) { $1.keep(&$0) }
        $1.keep(&$0.isWanted)
      }
      $1.keep(&$0.generation)
    }
    keeper.keep(&generations)
    keeper.keep(&writerVoice, blank: .unsure) { $1.keep(&$0) }
    keeper.keep(&doubtSince)
    keeper.keep(&orderSince)
    keeper.keep(&isOutdated)
    keeper.keep(&deadline)
  }
}
