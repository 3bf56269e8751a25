// What is true in a group: who can carry the traffic, who is preferred, who claims on the wire.

import Failover
import Model

extension GroupWorld {
  /// How long a takeover may take, from the last thing that happened: a pause is noticed and
  /// listened after, silence is noticed, and one that is preferred is waited for.
  var takeoverTime: Nanoseconds {
    shape.timeout * 3 + shape.interval * 2 + .milliseconds(300) + shape.detection
  }

  /// Until everything that can wait has happened as well.
  var failbackTime: Nanoseconds {
    takeoverTime + (shape.failback ?? .zero) + shape.window + shape.timeout + .seconds(6)
      + Failover.handOverPatience
  }

  /// Something happened to a member.
  func trouble(_ index: Int) {
    truths[index].troubledAt = now
    for other in members.indices where other != index {
      judge.rivals.restart(index, other, bothClaim: bothClaim(index, other), at: now)
      judge.voices.restart(index, other, bothClaim: bothSpeak(index, other), at: now)
      judge.writers.restart(index, other, bothClaim: bothWrite(index, other), at: now)
    }
    cause()
    noteWell()
  }

  func troubleAll() {
    for index in members.indices { truths[index].troubledAt = now }
    cause()
    judge.lastWell = nil
  }

  /// In a while the world is looked at, if nothing else happens.
  private func cause() {
    judge.cause(at: now)
    for server in states.indices where states[server].isStalled { judge.stalledAt[server] = now }
    schedule(.group(.look(stamp: judge.stamp, .takeover)), after: takeoverTime)
    schedule(.group(.look(stamp: judge.stamp, .failback)), after: failbackTime)
  }

  /// The world was quiet, and what has just happened needs no second event to be answered.
  func lookSoon(_ patience: Patience) {
    let time =
      patience == .arrival
      ? Nanoseconds.milliseconds(150) : shape.timeout + shape.interval + .milliseconds(150)
    schedule(.group(.look(stamp: judge.stamp, patience)), after: time)
  }

  /// A member that starts has forgotten what those said who cannot say it again.
  func loseMemory(_ index: Int) {
    if shape.hasMemory { return }
    for other in members.indices where other != index && truths[other].frozenAt != nil {
      truths[other].isShaky = true
    }
  }

  /// A member freezes: do the others know its last claim?
  func noteShakiness(of index: Int) {
    let isNewClaim = now - truths[index].changedAt < shape.timeout + .seconds(1)
    let isAlone = members.indices.contains { $0 != index && !areConnected(index, $0) }
    truths[index].isShaky = isNewClaim || isAlone
  }

  // MARK: Who can carry the traffic

  /// Members, or hosts, that can carry the traffic now.
  var able: [Int] {
    switch shape.manner {
    case .address: members.indices.filter { canUseAddress($0) && members[$0].freeze != .machine }
    case .healthy: members.indices.filter { truths[$0].isWell && isLiving($0) }
    case .watchers: hosts.indices.filter { hosts[$0].isUp }
    }
  }

  /// The best of those.
  var preferred: Int? {
    shape.manner == .healthy
      ? able.min { shape.isBetter($0, than: $1) } : able.min()
  }

  /// Nobody is well any more: from now on nothing may move.
  private func noteWell() {
    guard shape.manner != .address else { return }
    guard able.isEmpty else {
      judge.lastWell = nil
      return
    }
    reached.insert(.nobodyWell)
    // One who claims because it has not noticed yet may still be on its way.
    judge.lastWell = nil
  }

  // MARK: What is on the wire

  /// Members that claim at both servers.
  var claimants: [Int] { members.indices.filter(isClaimant) }

  func isClaimant(_ index: Int) -> Bool {
    servers.allSatisfy { server in
      server.neighbours[index].routes[shape.prefixes[0]].map { $0.pathLength <= 15 } ?? false
    }
  }

  func noteSaid(_ saying: Saying, _ index: Int) {
    let before = truths[index].said
    truths[index].said = saying
    truths[index].saidAt = now
    if before?.wants != saying.wants { truths[index].wantsSince = now }
    let isChange = before?.epoch != saying.epoch || before?.rung != saying.rung
    if before != saying { tell("member \(index) says \(saying)") }
    if isChange, let before { noteProbes(from: before, to: saying, index) }
    if let before, !saying.isClaim, shape.manner == .watchers, before.nextHop != saying.nextHop {
      reached.insert(.followed)
    }
    for other in members.indices where other != index {
      if isChange {
        judge.rivals.restart(index, other, bothClaim: bothClaim(index, other), at: now)
      } else if saying.isClaim, let since = judge.rivals.since(index, other),
        now - since > shape.timeout, isLiving(other), isLiving(index)
      {
        violate(.rivals, "members \(index) and \(other) both claim, and have heard each other")
      }
    }
  }

  func bothClaim(_ one: Int, _ other: Int) -> Bool {
    (truths[one].said?.isClaim ?? false) && (truths[other].said?.isClaim ?? false)
  }

  private func noteProbes(from before: Saying, to saying: Saying, _ index: Int) {
    if before.isClaim, saying.isClaim, saying.rung < before.rung { reached.insert(.stepBack) }
    if before.isClaim, !saying.isClaim {
      reached.insert(.standDown)
      let rival = members.indices.contains { other in
        other != index && truths[other].said?.isClaim ?? false
          && truths[other].said?.epoch == before.epoch
      }
      if rival { reached.insert(.sameEpochStandDown) }
    }
    guard saying.isClaim, saying.epoch > before.epoch else { return }
    let established = servers.count { $0.neighbours[index].isEstablished }
    if established == 1 { reached.insert(.claimWithOneSession) }
    if established == 0 { reached.insert(.claimWithoutSession) }
    if saying.rung == 30 || saying.rung > 30 - UInt8(members.count) { reached.insert(.outOfLane) }
    let pause = members[index].lastPause
    let isAfterPause = pause.map { now - $0.at < shape.timeout * 2 } ?? false
    let known = members.indices.compactMap { truths[$0].frozenAt == nil ? nil : truths[$0].said }
    if isAfterPause, before.isClaim, !known.isEmpty { reached.insert(.claimOverAssumption) }
    noteRank(index)
  }

  private func noteRank(_ index: Int) {
    guard shape.manner == .healthy else { return }
    let better = members.indices.filter { shape.isBetter($0, than: index) }
    if better.contains(where: { isLiving($0) && truths[$0].said?.wants ?? false }) {
      reached.insert(.patienceOver)
    } else if !better.isEmpty, better.contains(where: { truths[$0].isWell }) {
      reached.insert(.yieldToBetter)
    }
  }
}
