// Decides: facts and time in, verdicts out.

package import Model

/// What the speakers must do now.
package struct Verdict: Equatable, Sendable {
  package var vip: VIPSlot
  package var judgement: Judgement

  package init(vip: VIPSlot, judgement: Judgement) {
    self.vip = vip
    self.judgement = judgement
  }
}

/// The deciding part of the machine. It knows the Plan, the kernel's view and one claim for each
/// VIP.
///
/// While the view is stale (at start, after an overrun) facts are taken in and nothing is decided;
/// when it is complete again there is at most one verdict for each VIP.
package struct Failover: ~Copyable {
  private let owners: [Plan.Owner]
  /// For each VIP the slot of its address in the view.
  private let addressSlots: [Int]
  /// VIPs ordered by address slot, and where each slot's run starts: which VIPs wait for an
  /// address.
  private let vipsByAddress: [VIPSlot]
  private let runStarts: [Int]
  /// The slot of this machine's own address.
  private let localSlot: Int

  package private(set) var view: KernelView
  package private(set) var isCurrent = false
  package private(set) var claims: [Claim]
  /// How many VIPs this machine holds; counted along, so that telling it costs nothing.
  package private(set) var heldCount = 0
  /// Never later than the earliest deadline of any claim, sometimes earlier.
  private var earliest: Instant?

  /// When to call `turn`; none while the view is stale, since nothing may be decided then.
  package var deadline: Instant? { isCurrent ? earliest : nil }

  package init(_ plan: Plan) {
    owners = plan.vips.compactMap { if case .address(let owner) = $0.role { owner } else { nil } }
    let local = IPAddress.v4(plan.local.address)
    view = KernelView(watching: owners.map(\.address) + [local])
    claims = owners.map { Claim(settle: $0.settle) }
    var slots: [Int] = []
    for owner in owners {
      guard let slot = view.slot(of: owner.address) else {
        preconditionFailure("the view watches every owner's address")
      }
      slots.append(slot)
    }
    addressSlots = slots
    vipsByAddress = slots.indices.sorted { (slots[$0], $0) < (slots[$1], $1) }.map(VIPSlot.init)
    var starts: [Int] = []
    for (place, vip) in vipsByAddress.enumerated() {
      while starts.count <= slots[vip.index] { starts.append(place) }
    }
    // Addresses that no VIP waits for have empty runs.
    while starts.count <= view.addressCount { starts.append(vipsByAddress.count) }
    runStarts = starts
    guard let own = view.slot(of: local) else {
      preconditionFailure("the view watches the local address")
    }
    localSlot = own
  }

  /// Nothing may be decided until `viewIsComplete`.
  package mutating func viewBecameStale() { isCurrent = false }

  package mutating func beginConfirming() { view.beginConfirming() }

  /// A complete dump was read: decides once for each VIP. The answer is the links that went
  /// without being heard of.
  @discardableResult
  package mutating func viewIsComplete(
    at now: Instant, into verdicts: inout [Verdict]
  ) -> [Link] {
    let gone = view.dropUnconfirmed()
    isCurrent = true
    for vip in claims.indices { judge(VIPSlot(vip), at: now, into: &verdicts) }
    return gone
  }

  /// The interfaces that this machine's own address is on: one, unless somebody plays tricks.
  package var localInterfaces: [InterfaceIndex] { view.interfaces(of: localSlot) }

  /// Takes in a link; the answer is what was known of it before.
  package mutating func learned(
    _ link: Link, at now: Instant, into verdicts: inout [Verdict]
  ) -> Link? {
    let before = view.learn(link)
    if isCurrent && matters(before, link) && view.concerns(link.index) {
      judgeAll(at: now, into: &verdicts)
    }
    return before
  }

  /// Whether a link's change can move a VIP: counters and queue lengths are told in the same
  /// message.
  private func matters(_ before: Link?, _ now: Link) -> Bool {
    guard let before else { return true }
    return before.isRunning != now.isRunning || before.name != now.name
      || before.isLoopback != now.isLoopback || before.master != now.master
      || before.isVirtualFunction != now.isVirtualFunction
  }

  package mutating func lost(
    _ index: InterfaceIndex, at now: Instant, into verdicts: inout [Verdict]
  ) -> Link? {
    // Links come and go with every container; few of them have anything to do with a VIP.
    let isConcerned = view.concerns(index)
    let before = view.forget(index)
    if isCurrent && isConcerned { judgeAll(at: now, into: &verdicts) }
    return before
  }

  package mutating func learned(
    _ address: InterfaceAddress, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let slot = view.slot(of: address.address) else { return }
    view.learn(address, slot: slot)
    judge(slot: slot, at: now, into: &verdicts)
  }

  package mutating func lost(
    _ address: InterfaceAddress, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let slot = view.slot(of: address.address) else { return }
    view.forget(address, slot: slot)
    judge(slot: slot, at: now, into: &verdicts)
  }

  /// Judges the deadlines that have passed.
  package mutating func turn(at now: Instant, into verdicts: inout [Verdict]) {
    guard let deadline, now >= deadline else { return }
    earliest = nil
    for vip in claims.indices {
      record(claims[vip].turn(at: now), VIPSlot(vip), into: &verdicts)
      guard let candidate = claims[vip].deadline else { continue }
      earliest = min(earliest ?? candidate, candidate)
    }
  }

  private mutating func judge(slot: Int, at now: Instant, into verdicts: inout [Verdict]) {
    guard isCurrent else { return }
    for place in runStarts[slot]..<runStarts[slot + 1] {
      judge(vipsByAddress[place], at: now, into: &verdicts)
    }
  }

  private mutating func judgeAll(at now: Instant, into verdicts: inout [Verdict]) {
    for vip in claims.indices { judge(VIPSlot(vip), at: now, into: &verdicts) }
  }

  private mutating func judge(_ vip: VIPSlot, at now: Instant, into verdicts: inout [Verdict]) {
    let presence = view.presence(of: addressSlots[vip.index], for: owners[vip.index])
    heldCount -= claims[vip.index].isHeld ? 1 : 0
    let judgement = claims[vip.index].judge(presence, at: now)
    heldCount += claims[vip.index].isHeld ? 1 : 0
    // A deadline that was lifted stays until its turn: searching here would cost a look at every
    // VIP for each.
    if let candidate = claims[vip.index].deadline {
      earliest = min(earliest ?? candidate, candidate)
    }
    record(judgement, vip, into: &verdicts)
  }

  private func record(_ judgement: Judgement, _ vip: VIPSlot, into verdicts: inout [Verdict]) {
    if judgement != .unchanged { verdicts.append(Verdict(vip: vip, judgement: judgement)) }
  }
}
