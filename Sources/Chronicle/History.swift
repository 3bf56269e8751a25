// The last shifts, each with its cause and the stages it has reached.

import BGP
package import Engine
package import Failover
package import Model

/// One change of a VIP's next hop, and how far it has come.
package struct Shift: Equatable, Sendable {
  package var number: UInt32
  package var vip: VIPSlot
  package var from: Standing?
  package var to: Standing
  package var trigger: Trigger
  /// The link that the trigger names, as the kernel had it when the shift was decided.
  package var link: Link?
  /// When the input was read, and when the engine had answered it.
  package var seen: Instant
  package var decided: Instant
  /// When the platform is expected to act on it, where it came inside the damping window.
  package var heldBack: Instant?
  /// When its new host first answered through the VIP.
  package var confirmed: Instant?
  /// When Azure took a write of its route tables, and when a read first showed what is wished.
  package var accepted: Instant?
  package var settled: Instant?

  package init(
    number: UInt32, vip: VIPSlot, from: Standing?, to: Standing, trigger: Trigger,
    link: Link? = nil, seen: Instant, decided: Instant, heldBack: Instant? = nil
  ) {
    self.number = number
    self.vip = vip
    self.from = from
    self.to = to
    self.trigger = trigger
    self.link = link
    self.seen = seen
    self.decided = decided
    self.heldBack = heldBack
  }
}

/// How far a shift has come at one route server.
package struct Delivery: Equatable, Sendable {
  /// TCP has its last byte.
  package var written: Instant?
  /// The route server's TCP has it.
  package var acknowledged: Instant?

  package init() {}
}

/// A ring of shifts. Reserved once.
package struct History: Sendable {
  /// Shifts that are remembered. We chose it: a mass shift of some hundred VIPs, or years of a
  /// pair that is well.
  package static let limit = 512

  private let peers: Int
  /// By shift number modulo the limit.
  private var shifts: [Shift?]
  /// By place of the shift, then by route server.
  private var deliveries: [Delivery]
  private var newest: UInt32 = 0
  /// By VIP: the number of its last shift, or 0, and the newest wish that is ours to fulfil.
  private var lastShifts: [UInt32]
  private var wishes: [Wish?]

  private struct Wish: Sendable {
    var generation: UInt64
    var shift: UInt32
  }

  package init(for plan: Plan) {
    peers = plan.routeServers.peers.count
    shifts = Array(repeating: nil, count: History.limit)
    deliveries = Array(repeating: Delivery(), count: History.limit * peers)
    lastShifts = Array(repeating: 0, count: plan.vips.count)
    wishes = Array(repeating: nil, count: plan.vips.count)
  }

  /// Goes on where another stood that followed an earlier Plan. `peers` says by route server which
  /// session of old goes on. What the new Plan has no words for is left out; the courier has it.
  package mutating func succeed(_ old: History, _ succession: Succession, peers kept: [Int?]) {
    newest = old.newest
    for number in old.numbers {
      guard let shift = old[number]?.renamed(by: succession) else { continue }
      let place = History.place(of: number)
      shifts[place] = shift
      for (peer, former) in kept.enumerated() {
        guard let former else { continue }
        deliveries[place * peers + peer] = old.deliveries[place * old.peers + former]
      }
    }
    for (vip, former) in succession.vips.enumerated() {
      guard let former else { continue }
      (lastShifts[vip], wishes[vip]) = (old.lastShifts[former], old.wishes[former])
    }
  }

  package mutating func remember(_ shift: Shift) {
    let place = History.place(of: shift.number)
    shifts[place] = shift
    for peer in 0..<peers { deliveries[place * peers + peer] = Delivery() }
    newest = max(newest, shift.number)
    lastShifts[shift.vip.index] = shift.number
    // What was wished before was not for this one.
    wishes[shift.vip.index] = nil
  }

  /// The last shift of a VIP, as long as it is remembered.
  package func last(of vip: VIPSlot) -> UInt32? {
    let number = lastShifts[vip.index]
    return self[number]?.vip == vip ? number : nil
  }

  /// What a VIP's routes should be has changed: with a shift, or later, when it is known whose word
  /// counts. A wish that is ours to fulfil belongs to the VIP's last shift.
  package mutating func wished(_ vip: VIPSlot, _ wish: RouteWish, _ generation: UInt64) {
    let shift = lastShifts[vip.index]
    let isOurs = wish.voice == .ours && wish.isWanted && shift != 0
    wishes[vip.index] = isOurs ? Wish(generation: generation, shift: shift) : nil
  }

  /// Azure has taken a write of this wish. The first time counts.
  package mutating func accepted(_ vip: VIPSlot, _ generation: UInt64, _ now: Instant) {
    guard let wish = wishes[vip.index], wish.generation == generation,
      let shift = self[wish.shift], shift.accepted == nil
    else { return }
    shifts[History.place(of: wish.shift)]?.accepted = now
  }

  /// A read has shown what is wished. The answer is the shift that has reached this stage by it, if
  /// it is one that had not.
  package mutating func settled(_ vip: VIPSlot, _ generation: UInt64, _ now: Instant) -> Shift? {
    guard let wish = wishes[vip.index], wish.generation == generation,
      let shift = self[wish.shift], shift.settled == nil
    else { return nil }
    shifts[History.place(of: wish.shift)]?.settled = now
    return self[wish.shift]
  }

  /// A stage of a shift that is not remembered any more, or was none, is nobody's.
  package mutating func written(_ number: UInt32, at peer: PeerSlot, _ now: Instant) {
    guard self[number] != nil else { return }
    deliveries[History.place(of: number) * peers + peer.index].written = now
  }

  package mutating func acknowledged(_ number: UInt32, at peer: PeerSlot, _ now: Instant) {
    guard self[number] != nil else { return }
    deliveries[History.place(of: number) * peers + peer.index].acknowledged = now
  }

  package mutating func confirmed(_ number: UInt32, _ now: Instant) {
    guard self[number] != nil else { return }
    shifts[History.place(of: number)]?.confirmed = now
  }

  package subscript(number: UInt32) -> Shift? {
    guard let shift = shifts[History.place(of: number)], shift.number == number else { return nil }
    return shift
  }

  package func delivery(of number: UInt32, at peer: PeerSlot) -> Delivery {
    guard self[number] != nil else { return Delivery() }
    return deliveries[History.place(of: number) * peers + peer.index]
  }

  /// The numbers of all that are remembered, the oldest first.
  package var numbers: [UInt32] {
    guard newest > 0 else { return [] }
    let oldest = newest >= UInt32(History.limit) ? newest - UInt32(History.limit) + 1 : 1
    return (oldest...newest).filter { self[$0] != nil }
  }

  /// At most so many of those that are remembered, from a number on, the oldest first.
  package func numbers(from first: UInt32, limit: Int) -> [UInt32] {
    Array(numbers.drop { $0 < first }.prefix(limit))
  }

  private static func place(of number: UInt32) -> Int { Int(number) % limit }
}

extension Shift {
  /// The same in words of the Plan that came after; nil: it has none for it.
  fileprivate func renamed(by succession: Succession) -> Shift? {
    guard let place = succession.vips.firstIndex(of: vip.index),
      let trigger = trigger.renamed(by: succession)
    else { return nil }
    var shift = self
    shift.vip = VIPSlot(place)
    shift.trigger = trigger
    shift.from = from.flatMap { $0.renamed(for: shift.vip, by: succession) }
    guard let to = to.renamed(for: shift.vip, by: succession) else { return nil }
    shift.to = to
    return shift
  }

  /// `voice moved from ws1 to ws2`, or what this machine's claim became.
  package func what(_ plan: Plan) -> String {
    let name = plan.vips[vip.index].name
    if to.isWithdrawn { return "\(name) was withdrawn, since nobody can carry it" }
    let before = VIPWords.host(vip, from, plan)
    let after = VIPWords.host(vip, to, plan)
    if let after, let before, before != after { return "\(name) moved from \(before) to \(after)" }
    if let after, before == nil { return "\(name) went to \(after)" }
    let rung = from.map { "was \($0.word) before" } ?? "had said nothing before"
    if to.rung.isClaim { return "\(name) was claimed as \(to.rung) by this machine, which \(rung)" }
    return "\(name) is \(to.rung) on this machine, which \(rung)"
  }

  package func why(_ plan: Plan) -> String { Because.of(trigger, plan, link: link) }
}
