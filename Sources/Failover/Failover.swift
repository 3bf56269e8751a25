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

/// The deciding part of the machine. It knows the Plan, the kernel's view, the hosts' health, the
/// other speakers, and how each VIP stands.
///
/// While the view is stale (at start, after an overrun) facts are taken in and nothing is decided
/// by addresses; when it is complete again there is at most one verdict for each VIP. At the start
/// nothing is decided at all before the view is complete.
package struct Failover: ~Copyable {
  /// There is no group. Looking at `fellows` instead would copy them, once for each VIP that moves.
  let isAlone: Bool
  /// Nothing is announced.
  let isShadow: Bool
  let owners: [Plan.Owner?]
  let index: UnitIndex
  /// The slot of this machine's own address.
  let localSlot: Int
  let damping: Plan.Damping

  package internal(set) var view: KernelView
  package internal(set) var isCurrent = false
  package internal(set) var hosts: HostTable
  package internal(set) var kernelEvidence: KernelEvidence
  package internal(set) var fellows: Fellows?
  var units: [Unit]
  /// By unit: the ladder of those that decide by the address and hear nobody.
  package internal(set) var claims: [Claim]
  /// By unit, in a group.
  package internal(set) var contests: [Contest]
  package internal(set) var choices: [Choice]
  /// How many VIPs this machine holds; counted along, so that telling it costs nothing.
  package internal(set) var heldCount = 0
  /// Never later than the earliest deadline of any VIP, sometimes earlier.
  var earliest: Instant?
  var lastShared: Instant?
  /// The moment before it at which any VIP's next hop changed.
  var sharedBefore: Instant?
  package internal(set) var hasBegun = false
  /// What happened last.
  package internal(set) var trigger = Trigger.start
  /// What this speaker would say to the others has changed.
  package internal(set) var hasNews = false

  /// When to call `turn`.
  package var deadline: Instant? {
    // What waited during a pause has been read by the time that timers are judged.
    if isCatchingUp { return .zero }
    var soonest = earliest
    if let asksUntil { soonest = min(soonest ?? asksUntil, asksUntil) }
    soonest = Instant.earlier(soonest, hosts.assumedUntil)
    guard let silence = fellows?.deadline else { return soonest }
    return min(soonest ?? silence, silence)
  }

  /// Everything that deciding needs was heard for the first time: what is announced now is true.
  package var isReady: Bool { hasBegun && !(isFirstListening && fellows?.listening != nil) }
  var isFirstListening = true
  /// What was noticed beside the verdicts, of other speakers.
  var occurrences: [Occurrence] = []
  /// After a pause, until everything that was waiting was read.
  var isCatchingUp = false
  /// What probes need to find out how a host is.
  let detection: Nanoseconds
  /// After a pause in which any host may have come back without being heard: until every one of
  /// them had the time to answer again.
  var asksUntil: Instant?
  /// Shorter pauses leave what was known of hosts as it is, however soon probes find out: a machine
  /// that is only busy has to withdraw too (the same floor as `Cadence.memory`).
  private static let memory = Nanoseconds.seconds(1)
  var doom = Doom()
  /// By fellow: what it says of its own machine.
  var fellowDooms: [Doom]
  let speakerOf: [Int?]

  package init(_ plan: Plan) {
    let owners = plan.vips.map { vip -> Plan.Owner? in
      if case .address(let owner) = vip.role { owner } else { nil }
    }
    self.owners = owners
    let local = IPAddress.v4(plan.local.address)
    view = KernelView(
      watching: owners.compactMap { $0?.address } + [local] + plan.evidentAddresses)
    guard let own = view.slot(of: local) else {
      preconditionFailure("the view watches the local address")
    }
    localSlot = own
    hosts = HostTable(plan)
    kernelEvidence = KernelEvidence(plan)
    damping = plan.routeServers.damping
    detection = plan.longestDetection(of: plan.hosts.indices.map(HostSlot.init))
    var units = Unit.units(of: plan)
    for place in units.indices {
      for vip in units[place].members {
        guard let owner = owners[vip.index], let slot = view.slot(of: owner.address) else {
          continue
        }
        units[place].addressSlots.append(slot)
        units[place].plainSlot =
          units[place].memberCount == 1 && owner.interfaces.isEmpty ? slot : nil
      }
    }
    self.units = units
    index = UnitIndex(units, plan, addressCount: view.addressCount)
    fellows = plan.group.map { Fellows($0, subjects: units.count) }
    fellowDooms = Array(repeating: Doom(), count: plan.group?.peers.count ?? 0)
    speakerOf = Failover.speakers(of: plan)
    isAlone = plan.group == nil
    isShadow = plan.isShadow
    claims = plan.group == nil ? Failover.claims(of: units, owners) : []
    contests = plan.group.map { Failover.contests(of: units, plan, $0) } ?? []
    choices = units.compactMap { unit in
      guard case .watcher = unit.rule else { return nil }
      return Choice(
        failback: plan.vips[unit.members[0].index].failback,
        patience: plan.longestDetection(of: unit.candidates))
    }
  }

  private static func claims(of units: [Unit], _ owners: [Plan.Owner?]) -> [Claim] {
    units.map { Claim(settle: owners[$0.members[0].index]?.settle ?? .zero) }
  }

  private static func contests(
    of units: [Unit], _ plan: Plan, _ group: Plan.Group
  ) -> [Contest] {
    units.map { Contest(rule($0, plan), lane: Lane(group), patience: group.timeout) }
  }

  private static func rule(_ unit: Unit, _ plan: Plan) -> Contest.Rule {
    switch unit.rule {
    case .address: .address
    case .health: .health(failback: plan.vips[unit.members[0].index].failback)
    // Who leads among watchers moves no traffic, so nobody takes it back.
    case .watcher, .balanced: .health(failback: nil)
    }
  }

  // MARK: The kernel

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
    trigger = hasBegun ? .relisted : .start
    if !hasBegun {
      hasBegun = true
      fellows?.listen(from: now)
    }
    _ = learnInterfaces(at: now)
    judgeAll(at: now, into: &verdicts)
    return gone
  }

  /// The interfaces that this machine's own address is on: one, unless somebody plays tricks.
  package var localInterfaceCount: Int { view.interfaceCount(of: localSlot) }

  package func localInterface(_ place: Int) -> InterfaceIndex {
    view.interface(place, of: localSlot)
  }

  /// Whether the link of our own address runs; an address that is nowhere proves nothing.
  var hasLink: Bool {
    let count = localInterfaceCount
    for place in 0..<count where view.link(localInterface(place))?.isRunning ?? false {
      return true
    }
    return count == 0
  }

  /// Takes in a link; the answer is what was known of it before.
  package mutating func learned(
    _ link: Link, at now: Instant, into verdicts: inout [Verdict]
  ) -> Link? {
    let before = view.learn(link)
    guard isCurrent, matters(before, link) else { return before }
    trigger = .link(link.index)
    if view.concerns(link.index) || learnInterfaces(at: now) {
      linksChanged(at: now, into: &verdicts)
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
    guard isCurrent else { return before }
    trigger = .link(index)
    if isConcerned || learnInterfaces(at: now) { linksChanged(at: now, into: &verdicts) }
    return before
  }

  private mutating func linksChanged(at now: Instant, into verdicts: inout [Verdict]) {
    _ = learnInterfaces(at: now)
    for unit in units.indices {
      // Thousands may wait for addresses that are nowhere: no link changes anything for them.
      if isAlone, units[unit].rule == .address, units[unit].presence == .absent,
        !units[unit].isGiven, let slot = units[unit].plainSlot, view.isNowhere(slot)
      {
        continue
      }
      judge(unit: unit, at: now, into: &verdicts)
    }
  }

  package mutating func learned(
    _ address: InterfaceAddress, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let slot = view.slot(of: address.address) else { return }
    view.learn(address, slot: slot)
    trigger = .address(address.address, isGone: false)
    judge(slot: slot, at: now, into: &verdicts)
  }

  package mutating func lost(
    _ address: InterfaceAddress, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let slot = view.slot(of: address.address) else { return }
    view.forget(address, slot: slot)
    trigger = .address(address.address, isGone: true)
    judge(slot: slot, at: now, into: &verdicts)
  }

  // MARK: Probes and other speakers

  /// What a probe, or the kernel, says of a target.
  package mutating func learned(
    _ target: TargetSlot, _ signal: Signal, at now: Instant, into verdicts: inout [Verdict]
  ) {
    let before = hosts.ownNetwork
    guard hosts.learn(target, signal, at: now) else { return }
    trigger = .evidence(target, signal)
    // An anchor's word can change what is believed of everybody.
    guard before == hosts.ownNetwork else { return judgeAll(at: now, into: &verdicts) }
    for unit in index.units(of: hosts.host(of: target)) {
      judge(unit: unit, at: now, into: &verdicts)
    }
  }

  /// Targets that went down while our own network was in doubt, once it works again: nothing is
  /// believed of them before they were asked anew.
  package var hasDoubted: Bool { !hosts.doubted.isEmpty }

  package mutating func takeDoubted(_ body: (TargetSlot) -> Void) {
    for target in hosts.doubted { body(target) }
    hosts.doubtedWereAsked()
  }

  /// A datagram of a fellow begins: it is alive. What it says of each subject follows, and then
  /// `understood`: nothing is decided by its voice before its words.
  package mutating func heard(_ fellow: FellowSlot, at now: Instant) {
    fellows?.heard(fellow, at: now)
  }

  /// A datagram of a fellow has ended.
  package mutating func understood(
    _ fellow: FellowSlot, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let changes = fellows?.understood(at: now), !changes.isNothing else { return }
    trigger = isFirstListening ? .start : .fellowHeard(fellow)
    if changes.isAnyoneNew { occurrences.append(.fellow(fellow, isAlive: true)) }
    follow(changes, at: now, into: &verdicts)
  }

  /// What a fellow says of the VIPs that move with `vip`.
  package mutating func heard(
    _ claim: FellowClaim, of vip: VIPSlot, from fellow: FellowSlot, at now: Instant,
    into verdicts: inout [Verdict]
  ) {
    let unit = index.unit(of: vip)
    guard units[unit].members[0] == vip else { return }
    let before = fellows?[unit, fellow]
    fellows?.learn(claim, of: unit, from: fellow)
    guard before != claim else { return }
    trigger = .fellowSaid(fellow)
    judge(unit: unit, at: now, into: &verdicts)
  }

  /// A fellow has said that it ends.
  package mutating func left(
    _ fellow: FellowSlot, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let changes = fellows?.left(fellow, at: now), !changes.isNothing else { return }
    trigger = .fellowSilent(fellow)
    forgetDoom(of: fellow, at: now)
    follow(changes, at: now, into: &verdicts)
  }

  /// This process did not run for `length` longer than it meant to.
  /// What has been waiting meanwhile is read as a whole before anything is decided by it: a host
  /// that went and came back, or an address that came and went, is no reason to move.
  package mutating func paused(for length: Nanoseconds, at now: Instant) {
    forgivePlacement(length)
    isCatchingUp = true
    if detection > .zero, length > max(detection, Failover.memory) {
      asksUntil = now + detection
    }
    guard fellows?.paused(for: length, at: now) ?? false else { return }
    for unit in contests.indices { contests[unit].paused(at: now) }
  }

  private mutating func follow(
    _ changes: Fellows.Changes, at now: Instant, into verdicts: inout [Verdict]
  ) {
    if changes.isListeningOver { isFirstListening = false }
    for fellow in changes.lost {
      forgetDoom(of: fellow, at: now)
      occurrences.append(.fellow(fellow, isAlive: false))
    }
    if !changes.missed.isEmpty {
      for unit in units.indices {
        fellows?.assumeClaims(
          of: changes.missed, unit, ours: contests[unit].rung ?? .standby,
          epoch: contests[unit].epoch)
      }
    }
    judgeAll(at: now, into: &verdicts)
  }

  // MARK: Time

  /// Judges the deadlines that have passed.
  package mutating func turn(at now: Instant, into verdicts: inout [Verdict]) {
    var isDue = isCatchingUp
    isCatchingUp = false
    if let end = asksUntil, now >= end {
      asksUntil = nil
      trigger = .time
      isDue = true
    }
    if hosts.endAssuming(at: now) {
      trigger = .time
      isDue = true
    }
    if let changes = fellows?.turn(at: now), !changes.isNothing {
      trigger = changes.lost.first.map { .fellowSilent($0) } ?? (isFirstListening ? .start : .time)
      follow(changes, at: now, into: &verdicts)
    } else if isDue {
      judgeAll(at: now, into: &verdicts)
    }
    guard let due = earliest, now >= due else { return }
    earliest = nil
    trigger = .time
    for unit in units.indices {
      if let end = units[unit].listensUntil, now >= end {
        units[unit].listensUntil = nil
        judge(unit: unit, at: now, into: &verdicts)
      }
      guard mayJudge(unit) else {
        giveWay(unit, at: now, into: &verdicts)
        if units[unit].listensUntil != nil { noteDeadline(of: unit) }
        continue
      }
      endPatience(unit, at: now)
      turn(unit: unit, at: now, into: &verdicts)
      noteDeadline(of: unit)
    }
  }

  private mutating func turn(unit: Int, at now: Instant, into verdicts: inout [Verdict]) {
    guard isAlone, units[unit].rule == .address else {
      if let due = deadline(of: unit), now >= due { judge(unit: unit, at: now, into: &verdicts) }
      return
    }
    record(claims[unit].turn(at: now), unit, into: &verdicts)
  }

  private func deadline(of unit: Int) -> Instant? {
    var earliest = isAlone ? claims[unit].deadline : contests[unit].deadline
    if case .watcher(let choice) = units[unit].rule, let due = choices[choice].deadline {
      earliest = min(earliest ?? due, due)
    }
    if let due = units[unit].listensUntil { earliest = min(earliest ?? due, due) }
    if let due = units[unit].yieldsUntil { earliest = min(earliest ?? due, due) }
    if let due = units[unit].givenUntil { earliest = min(earliest ?? due, due) }
    return earliest
  }

  /// A deadline that was lifted stays until its turn: searching here would cost a look at every
  /// VIP for each.
  mutating func noteDeadline(of unit: Int) {
    guard let candidate = deadline(of: unit) else { return }
    earliest = min(earliest ?? candidate, candidate)
  }

  /// It changes nothing here: what only looks is handed a copy of everything (see `judgeLone`).
  mutating func record(_ judgement: Judgement, _ unit: Int, into verdicts: inout [Verdict]) {
    if judgement == .unchanged { return }
    if units[unit].memberCount == 1 {
      verdicts.append(Verdict(vip: units[unit].first, judgement: judgement))
      return
    }
    for vip in units[unit].members { verdicts.append(Verdict(vip: vip, judgement: judgement)) }
  }

  package mutating func newsWasTold() { hasNews = false }
}

extension Failover {
  /// Everything that is known and decided; what the Plan gives is left alone.
  package mutating func keep(in keeper: inout Keeper) {
    view.keep(in: &keeper)
    keeper.keep(&isCurrent)
    hosts.keep(in: &keeper)
    kernelEvidence.keep(in: &keeper)
    fellows?.keep(in: &keeper)
    keeper.keep(each: &units) {
      $0.keep(in: &$1)
    }
    keeper.keep(each: &claims) { $0.keep(in: &$1) }
    keeper.keep(each: &contests) { $0.keep(in: &$1) }
    keeper.keep(each: &choices) { $0.keep(in: &$1) }
    keeper.keep(&heldCount)
    keeper.keep(&earliest)
    keeper.keep(&lastShared)
    keeper.keep(&sharedBefore)
    keeper.keep(&hasBegun)
    trigger.keep(in: &keeper)
    keeper.keep(&hasNews)
    keeper.keep(&isFirstListening)
    keeper.keep(&isCatchingUp)
    keeper.keep(&asksUntil)
    doom.keep(in: &keeper)
    keeper.keep(each: &fellowDooms) { $0.keep(in: &$1) }
  }
}
