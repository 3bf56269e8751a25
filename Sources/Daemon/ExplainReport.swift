// The answer to `explain`: how a VIP stands, why, and what would change it.

import BGP
import Chronicle
import Control
import Engine
import Failover
import Linux
import Model

enum ExplainReport {
  static func answer(
    _ request: Request, _ engine: borrowing Engine, at now: Instant
  ) -> [UInt8] {
    guard request.words.count == 1 else {
      return JSONLine.end(id: request.id, code: .usage, message: "explain takes one VIP")
    }
    guard let place = engine.plan.vips.firstIndex(where: { $0.name == request.words[0] }) else {
      let text = UnknownName.vip(request.words[0], engine.plan)
      return JSONLine.end(id: request.id, code: .failure, message: text)
    }
    let vip = VIPSlot(place)
    var bytes = head(request.id, vip, engine, now)
    bytes += evidence(request.id, vip, engine, now)
    bytes += speakers(request.id, vip, engine, now)
    bytes += waits(request.id, vip, engine, now)
    bytes += alternatives(request.id, vip, engine)
    return bytes + JSONLine.end(id: request.id, code: .ok, message: "")
  }

  private static func head(
    _ id: String, _ vip: VIPSlot, _ engine: borrowing Engine, _ now: Instant
  ) -> [UInt8] {
    let standing = engine.failover.standing(vip)
    var line = JSONLine(id: id, type: "explain")
    line.add("vip", engine.plan.vips[vip.index].name)
    line.add("state", VIPWords.state(vip, engine))
    line.add("host", VIPWords.host(vip, standing, engine.plan))
    line.add("next-hop", VIPWords.nextHop(vip, standing, engine.plan))
    line.add("rung", standing?.word)
    if let since = engine.failover.since(vip) {
      line.add("since-ms", (now - since).milliseconds)
    } else {
      line.addNull("since-ms")
    }
    line.add("because", because(vip, engine))
    line.add("next-cause", NextShift.cause(vip, engine))
    line.add("confirmation", ConfirmationWords.state(vip, engine))
    line.add("decided-by", rule(engine.plan.vips[vip.index], engine.plan))
    return line.finish()
  }

  private static func because(_ vip: VIPSlot, _ engine: borrowing Engine) -> String? {
    guard let cause = engine.cause(of: vip) else { return nil }
    guard case .link(let index) = cause else { return Because.of(cause, engine.plan) }
    return Because.of(cause, engine.plan, link: engine.failover.view.link(index))
  }

  private static func rule(_ vip: Plan.VIP, _ plan: Plan) -> String {
    let others = plan.group == nil ? "nobody else is asked" : "claims are told by hello"
    switch vip.role {
    case .address(let owner): return "who has the address \(owner.address); \(others)"
    case .healthy(let owner):
      return owner.isBalanced
        ? "everybody who is well carries it" : "health, then rank \(owner.rank); \(others)"
    case .watcher: return "the first candidate that is well; \(others)"
    }
  }

  private static func evidence(
    _ id: String, _ vip: VIPSlot, _ engine: borrowing Engine, _ now: Instant
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for host in engine.failover.judgedHosts(of: vip) {
      for target in engine.plan.hosts[host.index].targets {
        let entry = engine.failover.hosts.signals[target]
        var line = JSONLine(id: id, type: "evidence")
        line.add("host", engine.plan.hosts[host.index].name)
        line.add("health", engine.failover.hosts[host].health.description)
        line.add("require", VIPWords.words(engine.plan.hosts[host.index].requirement))
        line.add("evidence", VIPWords.words(engine.plan.targets[target].evidence))
        line.add("state", entry.signal.description)
        line.add("since-ms", (now - entry.since).milliseconds)
        bytes += line.finish()
      }
    }
    return bytes
  }

  private static func speakers(
    _ id: String, _ vip: VIPSlot, _ engine: borrowing Engine, _ now: Instant
  ) -> [UInt8] {
    guard let group = engine.plan.group, let fellows = engine.failover.fellows else { return [] }
    var bytes = speaker(id, "this machine", "alive", engine.failover.ownClaim(vip), nil)
    for place in group.peers.indices {
      let fellow = fellows.list[place]
      let state = fellow.isAlive ? "alive" : fellow.heardAt == nil ? "never heard" : "silent"
      let claim = engine.failover.word(of: FellowSlot(place), on: vip)
      bytes += speaker(
        id, group.peers[place].description, state, claim, fellow.since.map { now - $0 })
    }
    return bytes
  }

  private static func speaker(
    _ id: String, _ name: String, _ state: String, _ claim: FellowClaim, _ age: Nanoseconds?
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "speaker")
    line.add("speaker", name)
    line.add("state", state)
    line.add("rung", claim.rung.description)
    line.add("epoch", claim.epoch)
    line.add("wants", claim.wants)
    line.add("rank", Int(claim.rank))
    line.add("next-hop", claim.nextHop?.description)
    if let age { line.add("since-ms", age.milliseconds) } else { line.addNull("since-ms") }
    return line.finish()
  }

  private static func waits(
    _ id: String, _ vip: VIPSlot, _ engine: borrowing Engine, _ now: Instant
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for wait in engine.failover.waits(of: vip, at: now) {
      var line = JSONLine(id: id, type: "wait")
      line.add("what", sentence(wait.reason))
      if let until = wait.until {
        line.add("for-ms", (until - now).milliseconds)
      } else {
        line.addNull("for-ms")
      }
      bytes += line.finish()
    }
    return bytes
  }

  /// Behind `held back:`.
  static func sentence(_ reason: WaitReason) -> String {
    switch reason {
    case .staleView: "the kernel's addresses are being read again"
    case .damping: "changes that can wait, by the platform's damping window"
    case .failback: "the return to a better host or owner"
    case .listening: "claims, until the other speakers were heard"
    case .outOfService: "everything: out of service by an operator"
    case .doomed: "every claim: Azure is about to do something to this machine"
    case .doomedHost: "traffic for a host: Azure is about to do something to its machine"
    case .pinned: "the return to a better host: an operator chose this one"
    case .given: "the address, or its return: an operator gave it away"
    case .shadow: "every announcement: shadow mode"
    case .ownNetwork: "verdicts on others: our own network does not answer"
    case .grace: "the step down, in case the address comes back"
    case .vacancy: "every announcement: nobody is known to be able to carry the VIP"
    case .asking: "a withdrawal, until every host was asked again after a pause of our own"
    }
  }

  private static func alternatives(
    _ id: String, _ vip: VIPSlot, _ engine: borrowing Engine
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for place in 0..<engine.failover.upcomingCount(vip) {
      guard let standing = engine.failover.upcoming(vip, place),
        standing != engine.failover.standing(vip)
      else { continue }
      let host = VIPWords.host(vip, standing, engine.plan)
      let announcement = engine.speaker.announcement(vip, standing)
      var line = JSONLine(id: id, type: "alternative")
      line.add("when", NextShift.when(vip, standing, engine))
      line.add("host", host)
      line.add("rung", standing.rung.description)
      line.add("next-hop", announcement.nextHops.description)
      line.add("path-length", standing.rung.pathLength)
      bytes += line.finish()
    }
    return bytes
  }
}
