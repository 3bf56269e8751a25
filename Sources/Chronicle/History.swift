// The last shifts, each with its cause and the stages it has reached.

import BGP
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
  /// When its new host first answered through the VIP.
  package var confirmed: Instant?

  package init(
    number: UInt32, vip: VIPSlot, from: Standing?, to: Standing, trigger: Trigger,
    link: Link? = nil, seen: Instant, decided: Instant
  ) {
    self.number = number
    self.vip = vip
    self.from = from
    self.to = to
    self.trigger = trigger
    self.link = link
    self.seen = seen
    self.decided = decided
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

  package init(for plan: Plan) {
    peers = plan.routeServers.peers.count
    shifts = Array(repeating: nil, count: History.limit)
    deliveries = Array(repeating: Delivery(), count: History.limit * peers)
  }

  package mutating func remember(_ shift: Shift) {
    let place = History.place(of: shift.number)
    shifts[place] = shift
    for peer in 0..<peers { deliveries[place * peers + peer] = Delivery() }
    newest = max(newest, shift.number)
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

  private static func place(of number: UInt32) -> Int { Int(number) % limit }
}

extension Shift {
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
