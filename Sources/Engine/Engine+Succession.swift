// A new Plan takes the place of the one that is followed: the same machine goes on under it.

import Failover
package import Model
import Probes
import Redistribution

extension Engine {
  /// Whether another Plan can take over now: the kernel was heard, nothing is in the middle of
  /// being done, and nobody is leaving.
  package var canBeSucceeded: Bool { isQuiet && failover.hasBegun && !isStopping }

  /// By route server of another Plan: which session of this one would go on in it. Another
  /// password ends all of them.
  package func sessionsKept(for plan: Plan, hasSamePassword: Bool) -> [PeerSlot?] {
    let succession = Succession(from: self.plan, to: plan)
    guard hasSamePassword else { return succession.peers.map { _ in nil } }
    return speaker.sessionsKept(succession, self.plan, plan).map { $0.map(PeerSlot.init) }
  }

  /// The same by two Plans alone; of the password, only where it stands is looked at.
  package static func sessionsKept(from old: Plan, to new: Plan) -> [PeerSlot?] {
    let settings = Speaker.settings(of: old, Speaker.families(of: old))
    let isKept =
      Speaker.keeps(settings, old, new)
      && old.routeServers.passwordFile == new.routeServers.passwordFile
    return Succession(from: old, to: new).peers.map { isKept ? $0.map(PeerSlot.init) : nil }
  }

  /// Ends the sessions that do not go on under another Plan. The outputs are carried out before
  /// that takes over; nothing else may come in between.
  package mutating func retire(
    for plan: Plan, keeping kept: [PeerSlot?], at now: Instant, into outputs: inout Outputs
  ) {
    precondition(canBeSucceeded, "there is something to be finished first")
    let before = begin(outputs, at: now)
    let succession = Succession(from: self.plan, to: plan)
    speaker.retire(besides: kept.map { $0?.index }, succession, at: now, into: &outputs)
    conclude(since: before, at: now, into: &outputs)
  }

  /// Goes on where another stood that has retired for this Plan; there is no obstacle between the
  /// two. What stands goes on to stand: nothing is withdrawn but prefixes that are in no VIP any
  /// more, and nothing moves but what led to a host that is gone.
  package init(
    _ plan: Plan, succeeding old: inout Engine, keeping kept: [PeerSlot?], at now: Instant,
    into outputs: inout Outputs
  ) {
    self.init(plan, seed: old.seed, run: old.run)
    precondition(Succession.obstacles(from: old.plan, to: plan).isEmpty, "it begins anew")
    let succession = Succession(from: old.plan, to: plan)
    let sessions = kept.map { $0?.index }
    latest = old.latest
    let before = begin(outputs, at: now)
    (feeds, recent, malformed) = (old.feeds, old.recent, old.malformed)
    (shifts, serviceChanges) = (old.shifts, old.serviceChanges + 1)
    hasUnsavedMemory = true
    for (vip, former) in succession.vips.enumerated() {
      if let former { causes[vip] = old.causes[former].flatMap { $0.renamed(by: succession) } }
    }
    var stale = failover.succeed(&old.failover, succession, at: now)
    let heeded = outputs.probes.list.count
    if !probes.succeed(&old.probes, succession, at: now, into: &outputs.probes) {
      stale.append(.interfaces)
    }
    confirmations.succeed(old.confirmations, succession, at: now)
    wishes.succeed(old.wishes, succession)
    speaking.succeed(&old.speaking, succession)
    speaker.succeed(&old.speaker, succession, sessions, at: now)
    let rules = RuleSuccession(from: old.plan, to: plan)
    if succeedExports(old.exporter, rules, sessions, at: now) { stale.append(.routes) }
    for kernelClass in KernelClass.allCases {
      follow(kernelClass, isStale: stale.contains(kernelClass), at: now, into: &outputs)
    }
    hasStarted = old.hasStarted
    speaker.beginSuccession(
      &old.speaker, .init(old: old.plan, new: plan), succession, sessions, isStarted: hasStarted,
      at: now, into: &outputs)
    announceReplaced(succession)
    heedProbes(since: heeded, at: now, into: &outputs)
    recogniseAll(at: now, into: &outputs)
    failover.beginSuccession(at: now, into: &verdicts)
    apply(at: now, into: &outputs)
    conclude(since: before, at: now, into: &outputs)
  }

  /// Opens or closes what this Plan needs more or less of, and lists what is new to it.
  private mutating func follow(
    _ kernelClass: KernelClass, isStale: Bool, at now: Instant, into outputs: inout Outputs
  ) {
    let isNeeded =
      switch kernelClass {
      case .interfaces: true
      case .routes: failover.kernelEvidence.needsRoutes || exporter.hasRules
      case .neighbours: failover.kernelEvidence.needsNeighbours
      }
    guard isNeeded else { return release(kernelClass, .plan, into: &outputs) }
    need(kernelClass, .plan, into: &outputs)
    guard isStale else { return }
    becameStale(kernelClass)
    feeds[Int(kernelClass.rawValue)].relist(at: now)
  }

  /// Whether the kernel's routes have to be listed for it: those that nobody wanted were not kept.
  private mutating func succeedExports(
    _ old: Exporter, _ rules: RuleSuccession, _ sessions: [Int?], at now: Instant
  ) -> Bool {
    guard exporter.hasRules || !old.isIdle else { return false }
    exporter.succeed(old, rules, peers: sessions, at: now)
    guard exporter.hasRules else { return false }
    if old.isIdle {
      followSessions()
      // These sessions were told long ago that this was all.
      for peer in sessions.indices where sessions[peer] != nil { exporter.owesEnd[peer] = false }
    }
    return !rules.selectsSame
  }

  /// Traffic that went to a host which is gone from the Plan goes to another one, and what was
  /// withdrawn and is to be held comes back.
  private mutating func announceReplaced(_ succession: Succession) {
    for index in plan.vips.indices where succession.vips[index] != nil {
      let vip = VIPSlot(index)
      guard let stands = failover.standing(vip), stands != speaker.standing(vip) else { continue }
      if stands.rung.isClaim { shifts += 1 }
      announce(vip, shift: stands.rung.isClaim ? shifts : 0)
    }
  }
}
