// What the speakers of the group tell each other, taken in and sent out.

import BGP
import Failover
import Hello
import Model

/// The speaking side of hello: when, and of which VIPs.
struct HelloSpeaker: ~Copyable {
  let isActive: Bool
  private let interval: Nanoseconds
  private let sender: IPv4Address
  private let start: UInt64
  let directory: VIPDirectory
  var round: HelloRound
  var writer = HelloWriter()
  private var sequence: UInt64 = 0
  var pauses: UInt32 = 0
  /// By VIP: what was told last.
  var told: [FellowClaim]
  /// When the next round of everything is due; nil before the first.
  private(set) var due: Instant?
  /// Nothing follows the last word: it would say that we are alive.
  var hasSaidGoodbye = false
  /// Something has changed that the others should know now.
  var isUrgent = false

  /// `start` is the number of this run. Without a group nothing is ever said.
  init(_ plan: Plan, start: UInt64) {
    isActive = plan.group != nil
    interval = plan.group?.interval ?? .zero
    sender = plan.group?.address ?? plan.local.address
    self.start = start
    directory = VIPDirectory(plan)
    round = HelloRound(vips: plan.vips.count)
    told = Array(repeating: .none, count: isActive ? plan.vips.count : 0)
  }

  /// Goes on where another stood: no datagram has a number that was used.
  mutating func succeed(_ old: inout HelloSpeaker, _ succession: Succession) {
    (sequence, pauses, due) = (old.sequence, old.pauses, old.due)
    hasSaidGoodbye = old.hasSaidGoodbye
    guard isActive, old.isActive else { return }
    for (vip, before) in succession.vips.enumerated() {
      if let before { told[vip] = old.told[before] }
    }
    if old.told.count == told.count, succession.vips.enumerated().allSatisfy({ $0 == $1 }) {
      var writer = Keeper()
      old.round.keep(in: &writer)
      var reader = Keeper(reading: writer.finish())
      round.keep(in: &reader)
      let isWhole = reader.isComplete()
      precondition(isWhole, "rounds of the same VIPs")
    } else {
      // Who has changed and was not told often enough is not known by these numbers.
      for vip in told.indices { round.changed(VIPSlot(vip)) }
    }
    isUrgent = old.isUrgent
  }

  /// The head of the next datagram of the round that runs.
  mutating func header(_ flags: HelloHeader.Flags) -> HelloHeader {
    sequence += 1
    return HelloHeader(
      sender: sender, start: start, sequence: sequence, pauses: pauses,
      part: UInt8(round.planned - 1), parts: UInt8(round.parts), flags: flags)
  }

  /// Rounds keep their pace; after a pause the rounds that were missed are not made up for.
  mutating func schedule(after now: Instant) {
    let next = (due ?? now) + interval
    due = next > now ? next : now + interval
  }
}

extension Engine {
  /// When hello has something to say: for the first time as soon as it may.
  var helloDeadline: Instant? {
    guard mayTalk else { return nil }
    // The first round is due at once: the others wait for it before they trust their silence.
    guard let due = speaking.due, !speaking.isUrgent else { return latest }
    return due
  }

  /// Whether there is somebody to talk to, and something that can be said.
  private var mayTalk: Bool {
    speaking.isActive && !speaking.hasSaidGoodbye && !plan.isShadow && failover.hasBegun
  }

  // MARK: Listening

  /// A datagram of a fellow, proved to be its own and newer than those before.
  mutating func heard(
    _ fellow: FellowSlot, _ body: Span<UInt8>, at now: Instant, into outputs: inout Outputs
  ) {
    guard speaking.isActive else { return }
    let reader: HelloReader
    do { reader = try HelloReader(body) } catch {
      malformed += 1
      return
    }
    if reader.header.flags.contains(.leaving) {
      // Its routes go with its sessions: what it says of them is over.
      failover.left(fellow, at: now, into: &verdicts)
      apply(at: now, into: &outputs)
      return
    }
    failover.heard(fellow, at: now)
    for index in 0..<reader.count {
      // A speaker may have VIPs that this Plan does not know.
      guard let entry = reader.entry(index, of: body),
        let vip = speaking.directory.slot(of: entry.vip)
      else { continue }
      let claim = FellowClaim(
        epoch: entry.epoch, rung: entry.rung, wants: entry.flags.contains(.wants),
        rank: entry.rank, nextHop: entry.nextHop)
      failover.heard(claim, of: vip, from: fellow, at: now, into: &verdicts)
    }
    failover.understood(fellow, at: now, into: &verdicts)
    let isDoomed = reader.header.flags.contains(.doomed)
    failover.relayed(isDoomed, by: fellow, at: now, into: &verdicts)
    apply(at: now, into: &outputs)
  }

  // MARK: Speaking

  /// What others must know at once is told as soon as the loop has carried out what was decided.
  mutating func noteNews() {
    guard failover.hasNews else { return }
    failover.newsWasTold()
    hasUnsavedMemory = true
    speaking.isUrgent = true
  }

  mutating func turnHello(at now: Instant, into outputs: inout Outputs) {
    guard mayTalk else { return }
    let isDue = speaking.due.map { now >= $0 } ?? true
    guard isDue || speaking.isUrgent else { return }
    speaking.isUrgent = false
    noteChanges()
    if isDue { speaking.schedule(after: now) }
    sendRound(isDue ? .everything : .changes, isLeaving: isStopping, into: &outputs)
  }

  private mutating func noteChanges() {
    for index in plan.vips.indices {
      let vip = VIPSlot(index)
      let claim = failover.ownClaim(vip)
      guard speaking.told[index] != claim else { continue }
      speaking.told[index] = claim
      speaking.round.changed(vip)
    }
  }

  /// The last word: the others need not wait for our silence.
  mutating func sayGoodbye(into outputs: inout Outputs) {
    guard mayTalk else { return }
    noteChanges()
    sendRound(.everything, isLeaving: true, into: &outputs)
    speaking.hasSaidGoodbye = true
  }

  private mutating func sendRound(
    _ scope: HelloRound.Scope, isLeaving: Bool, into outputs: inout Outputs
  ) {
    var flags: HelloHeader.Flags = isLeaving ? .leaving : []
    if failover.isDoomed { flags.insert(.doomed) }
    speaking.round.begin(scope)
    while speaking.round.planNext() {
      speaking.writer.begin(speaking.header(flags))
      for place in 0..<speaking.round.batch.count {
        add(speaking.round.batch[place])
      }
      outputs.sendHello(speaking.writer.bytes)
    }
  }

  private mutating func add(_ vip: VIPSlot) {
    let claim = speaking.told[vip.index]
    var flags: HelloEntry.Flags = claim.wants ? .wants : []
    if failover.isOutOfService(vip) { flags.insert(.maintenance) }
    if failover.isHeld(vip) { flags.insert(.holdsAddress) }
    speaking.writer.add(
      HelloEntry(
        vip: speaking.directory.digests[vip.index], epoch: claim.epoch, rung: claim.rung,
        rank: claim.rank, flags: flags,
        nextHop: claim.nextHop))
  }
}

extension HelloSpeaker {
  mutating func keep(in keeper: inout Keeper) {
    round.keep(in: &keeper)
    keeper.keep(&sequence)
    keeper.keep(&pauses)
    keeper.keep(each: &told) {
      $1.keep(&$0.epoch)
      $1.keep(&$0.rung)
      $1.keep(&$0.wants)
      $1.keep(&$0.rank)
      $1.keep(&$0.nextHop, blank: IPv4Address(bits: 0)) { $1.keep(&$0) }
    }
    keeper.keep(&due)
    keeper.keep(&isUrgent)
    keeper.keep(&hasSaidGoodbye)
  }
}
