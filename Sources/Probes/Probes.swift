// All probes of a Plan as one machine: answers and time in; questions and signals out.

import Bytes
package import Model

/// Asks every target of the Plan that has to be asked, and tells what is known of it.
///
/// Whoever drives it reads its sockets first, then says up to when it has heard everything
/// (`heard`), and only then calls `turn`: nothing is called lost that could still be read. Outputs
/// are carried out before the next call, and `sent` says that they were.
package struct Probes: ~Copyable {
  package let ports: ProbePorts
  package internal(set) var targets: [ProbeTarget]
  package internal(set) var sessions: [BFDSession]
  package internal(set) var pauses: UInt64 = 0
  package internal(set) var lastPause: Instant?

  /// By target of the Plan: its place in `targets`, or nil.
  private let places: [Int?]
  let checks: [HTTPCheck]
  var openPorts: [ProbePort]
  /// By target and lane: what its connection is about, and how far its answer has come.
  var lanes: [Lane]
  var schedule: ProbeSchedule
  /// By target: when its oldest probe is judged.
  var judgements: DueTimes
  let askedByARP: ARPTargets
  /// The places of BFD targets.
  let bfdPlaces: [Int]
  /// Who was asked since `sent` was said last.
  var asked: [Int] = []
  /// BFD packets that belong to no session, or came from too far away.
  package internal(set) var strayControls: UInt64 = 0
  var writer = Writer(capacity: Probes.packetLimit)
  let secret: UInt64
  /// The identifier of echo requests on a raw socket; ping sockets choose their own.
  package let identifier: UInt16
  /// How long we were away, until `turn` draws the conclusions.
  var absence: Nanoseconds?
  var heardUntil = Instant(nanoseconds: .min)
  package internal(set) var isStarted = false
  private var isMuted = false

  /// An ARP frame is the longest packet but for requests, which are kept ready.
  private static let packetLimit = 64

  struct Lane {
    var token: UInt32?
    var exchange = HTTPExchange()
    /// The answer was judged, and what is left of it is read to its end: a server that is cut short
    /// would log an error for each probe.
    var isEnding = false
    var bytes = 0
  }

  /// `seed` is drawn by the edge: tokens and discriminators are as secret as it is.
  package init(_ plan: Plan, seed: UInt64) {
    var draw = Draw(seed: seed)
    secret = draw.next()
    identifier = UInt16(truncatingIfNeeded: draw.next())
    var maker = ProbeMaker(plan, draw: draw)
    for (index, target) in plan.targets.enumerated() {
      maker.add(TargetSlot(index), target, isAnchor: plan.hosts[target.host.index].isAnchor)
    }
    ports = maker.ports
    targets = maker.targets
    sessions = maker.sessions
    checks = maker.checks
    places = maker.places
    openPorts = maker.ports.names.map(ProbePort.init)
    lanes = Array(repeating: Lane(), count: targets.count * ProbeConnection.lanes)
    schedule = ProbeSchedule(
      targets.map { target in
        switch target.method {
        case .bfd, .neighbour: nil
        default: target.liveness.cadence.interval
        }
      })
    judgements = DueTimes(count: targets.count)
    let made = maker.targets
    askedByARP = ARPTargets(made)
    bfdPlaces = made.indices.filter { made[$0].isBFD }
    asked.reserveCapacity(targets.count * 2)
  }

  /// How often the same is told again: that answers are disputed.
  static let repeatPause = Nanoseconds.seconds(10)
  /// `PlanLimits.targets` places.
  static let placeMask: UInt32 = 1_023

  // MARK: Reading

  package func target(_ slot: TargetSlot) -> ProbeTarget? {
    place(of: slot).map { targets[$0] }
  }

  /// Where a target is asked: the target itself is a lot to copy.
  package func address(of slot: TargetSlot) -> IPv4Address? {
    place(of: slot).map { targets[$0].address }
  }

  func place(of slot: TargetSlot) -> Int? {
    guard places.indices.contains(slot.index) else { return nil }
    return places[slot.index]
  }

  /// How far apart those start who are not asked together.
  package var slot: Nanoseconds { schedule.slot }

  /// When to call `turn`; nil: never.
  package var deadline: Instant? {
    guard isStarted, !isMuted else { return nil }
    let earliest = min(schedule.earliest, firstJudgement)
    return earliest == ProbeSchedule.never ? nil : earliest
  }

  /// When something is judged next; the end of time: nothing is.
  private var firstJudgement: Instant {
    var earliest = judgements.earliest
    for index in sessions.indices {
      guard let instant = sessions[index].deadline else { continue }
      earliest = min(earliest, instant)
    }
    return earliest
  }

  /// Whether everything has to be read now, since `turn` would judge something, or finds that we
  /// were away. To ask somebody needs no look at the sockets.
  package func mayJudge(at now: Instant) -> Bool {
    guard let deadline, deadline <= now else { return false }
    return absence != nil || now - deadline > Liveness.lateness || firstJudgement <= now
  }

  // MARK: Time

  /// Everything that had arrived at the sockets by then was read and fed.
  package mutating func heard(until instant: Instant) { heardUntil = max(heardUntil, instant) }

  package mutating func start(at now: Instant) {
    guard !isStarted else { return }
    isStarted = true
    schedule.start(at: now)
    for index in targets.indices {
      guard case .bfd(let session, _) = targets[index].method else { continue }
      sessions[session].start(at: now)
      targets[index].graceEnd = now + Probes.firstPatience
      scheduleJudgement(index)
    }
  }

  /// A BFD session may take so long to come up for the first time: both sides begin with a packet
  /// a second (RFC 5880 section 6.8.3), three of which bring it up.
  static let firstPatience = Nanoseconds.seconds(4)

  /// Judges what is overdue and asks whoever is due.
  package mutating func turn(at now: Instant, into outputs: inout ProbeOutputs) {
    guard isStarted, let deadline, deadline <= now + ProbeSchedule.slack else { return }
    let heard = min(heardUntil, now)
    if absence != nil || heard - deadline > Liveness.lateness {
      if absence == nil { forget(after: heard - deadline, at: now) }
      absence = nil
      paused(at: now, into: &outputs)
    }
    for group in 0..<judgements.groupCount {
      guard
        judgements.earliest(inGroup: group) <= heard
          || schedule.due.earliest(inGroup: group) <= now + ProbeSchedule.slack
      else { continue }
      for index in judgements.members(ofGroup: group) {
        if judgements[index] <= heard { judge(index, heard, at: now, into: &outputs) }
        if schedule.isDue(index, at: now) {
          schedule.advance(index, at: now)
          ask(index, at: now, into: &outputs)
        }
      }
    }
    turnSessions(heard, at: now, into: &outputs)
  }

  /// We were away, and what came meanwhile is still to be read: `turn` draws the conclusions.
  package mutating func noteAbsence(for length: Nanoseconds, at now: Instant) {
    absence = max(absence ?? length, length)
    lastPause = now
    forget(after: length, at: now)
  }

  /// What is known of a target is too old after a long absence to be believed in.
  private mutating func forget(after length: Nanoseconds, at now: Instant) {
    for index in targets.indices where length > targets[index].liveness.cadence.memory {
      targets[index].liveness.forget(at: now)
      targets[index].isExcused = false
    }
  }

  /// What is on its way is void, and asked again at once.
  private mutating func paused(at now: Instant, into outputs: inout ProbeOutputs) {
    pauses += 1
    lastPause = now
    for index in targets.indices {
      if targets[index].isBFD { excuse(index, at: now) }
      guard targets[index].liveness.isInFlight, targets[index].liveness.voidFlights() else {
        continue
      }
      hangUpAll(index, into: &outputs)
      targets[index].binding.probeLost()
      scheduleJudgement(index)
      ask(index, at: now, into: &outputs)
    }
  }

  /// What made this target down happened while we could not hear anybody: it begins anew.
  package mutating func reconsider(
    _ slot: TargetSlot, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    guard let index = place(of: slot), targets[index].signal == .down else { return }
    targets[index].liveness.suspend(.unheard, at: now)
    if case .bfd(let session, _) = targets[index].method, sessions[session].state != .up {
      targets[index].graceEnd = now + Probes.firstPatience
    }
    settle(index, at: now, into: &outputs)
  }

  private mutating func judge(
    _ index: Int, _ heard: Instant, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    if targets[index].isBFD {
      judgeGrace(index, heard, at: now)
    } else {
      while let token = targets[index].liveness.judge(heardUntil: heard, at: now) {
        hangUp(index, token, into: &outputs)
        targets[index].binding.probeLost()
      }
    }
    settle(index, at: now, into: &outputs)
  }

  /// What was put out has left.
  package mutating func sent(at now: Instant) {
    for index in asked where targets[index].liveness.sent(at: now) {
      targets[index].unsent = 0
      scheduleJudgement(index)
    }
    asked.removeAll(keepingCapacity: true)
  }

  /// Whether somebody was asked since `sent` was said last.
  package var hasAsked: Bool { !asked.isEmpty }

  mutating func scheduleJudgement(_ index: Int) {
    judgements[index] =
      (targets[index].isBFD ? targets[index].graceEnd : targets[index].liveness.deadline)
      ?? ProbeSchedule.never
  }

  /// Tells what has changed about a target, and when it is judged next.
  mutating func settle(_ index: Int, at now: Instant, into outputs: inout ProbeOutputs) {
    scheduleJudgement(index)
    tell(index, into: &outputs)
  }

  mutating func tell(_ index: Int, into outputs: inout ProbeOutputs) {
    // What the kernel's entries say is told by whoever listens to the kernel.
    if targets[index].method == .neighbour { return }
    let signal = targets[index].signal
    guard signal != targets[index].told else { return }
    targets[index].told = signal
    outputs.add(.note(.signal(targets[index].slot, signal, targets[index].reason)))
  }
}

extension Probes {
  /// What is known of every target, and what is on its way.
  package mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &targets) { $0.keep(in: &$1) }
    keeper.keep(each: &sessions) { $0.keep(in: &$1) }
    keeper.keep(&pauses)
    keeper.keep(&lastPause)
    keeper.keep(each: &openPorts) { $0.keep(in: &$1) }
    keeper.keep(each: &lanes) {
      $1.keep(&$0.token, blank: 0) { $1.keep(&$0) }
      $0.exchange.keep(in: &$1)
      $1.keep(&$0.isEnding)
      $1.keep(&$0.bytes)
    }
    schedule.keep(in: &keeper)
    judgements.keep(in: &keeper)
    let count = targets.count
    keeper.keep(&asked, blank: 0, limit: 2 * count) { $1.keep(place: &$0, below: count) }
    keeper.keep(&strayControls)
    keeper.keep(&absence, blank: .zero) { $1.keep(&$0) }
    keeper.keep(&heardUntil)
    keeper.keep(&isStarted)
  }

  /// Asks nobody and judges nobody from now on: what is known stays as it is.
  package mutating func mute() { isMuted = true }
}
