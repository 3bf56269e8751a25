// Notes of the engine as records for monitors and as lines for the log.

import BGP
import Control
import Engine
import Failover
import Linux
import Model

/// Tells what the engine noted. It runs after everything was carried out, and writes nothing for
/// nobody.
enum Story {
  static func log(_ note: Note, plan: Plan, connections: [Connection], log: Log) {
    switch note {
    case .link, .linkGone, .address, .addressGone, .heard, .listed, .complete: return
    case .stale(_, .silentChange), .current(.routes): return
    case .session(let slot, let state, let reason):
      let server = plan.routeServers.peers[slot.index]
      if let reason {
        // What the socket said is more than what the session knows.
        let detail =
          ConnectionSide.allCases.lazy.compactMap {
            connections[ConnectionSlot(slot, $0).index].lastError
          }.first.map { ": \($0)" } ?? ""
        log.warning("route server \(server): \(reason)\(detail), now \(state)")
      } else if state == .established {
        log.notice("route server \(server): established")
      }
    case .standing(let slot, let before, let standing, let shift, let trigger):
      let name = plan.vips[slot.index].name
      let from = before.map { VIPWords.words(slot, $0, plan) } ?? "nothing"
      let number = shift == 0 ? "" : " (shift \(shift))"
      log.notice(
        "vip \(name): \(from) -> \(VIPWords.words(slot, standing, plan))\(number): "
          + VIPWords.cause(trigger, plan))
    case .recovered(let slot):
      log.notice("vip \(plan.vips[slot.index].name): a candidate is up again")
    case .health(let host, let health):
      let line = "host \(plan.hosts[host.index].name) is \(health)"
      if health == .down { log.warning(line) } else { log.notice(line) }
    case .ownNetwork(let state):
      let line = "our own network is \(state)"
      if state == .working { log.notice(line) } else { log.warning(line) }
    case .fellow(let fellow, let isAlive):
      let name = VIPWords.speaker(fellow, plan)
      if isAlive {
        log.notice("speaker \(name) is heard")
      } else {
        log.warning("speaker \(name) is silent")
      }
    case .outOfService(let slot, let isOut):
      let name = plan.vips[slot.index].name
      log.notice("vip \(name): \(isOut ? "out of service here" : "back in service here")")
    case .forgotten: log.warning("the state file could not be used; starting without it")
    case .paused(let length):
      log.warning("this process stood still for \(length.milliseconds) ms: nobody is blamed for it")
    case .probe(let note): ProbeStory.log(note, plan: plan, log: log)
    case .stale(let kernelClass, let reason):
      log.warning("kernel: \(kernelClass): \(sentence(reason)); reading everything again")
    case .current(.interfaces): log.notice("kernel: links and addresses are current")
    case .current(let kernelClass): log.notice("kernel: \(kernelClass) are current")
    case .alarm(let alarm): log.error(sentence(alarm, plan))
    }
  }

  static func publish(
    _ note: Note, at stamp: Stamp, plan: Plan, engine: borrowing Engine,
    to control: borrowing ControlServer
  ) {
    let at = stamp.seen
    switch note {
    case .link(let link, let before):
      control.publish(.link) { KernelRecord.link(link, before: before, at: at, id: $0) }
    case .linkGone(let index, let before):
      control.publish(.link) { KernelRecord.linkGone(index, before, at: at, id: $0) }
    case .address(let address): publish(.address(address), isListed: false, at, engine, control)
    case .addressGone(let address):
      publish(.addressGone(address), isListed: false, at, engine, control)
    case .heard(let fact): publish(fact, isListed: false, at, engine, control)
    case .listed(let fact): publish(fact, isListed: true, at, engine, control)
    case .session(let slot, let state, let reason):
      control.publish(.session) { id in
        var line = JSONLine(id: id, type: "session")
        line.add("at-ns", at.nanoseconds)
        line.add("route-server", plan.routeServers.peers[slot.index].description)
        line.add("state", state.description)
        line.add("reason", reason?.description)
        return line.finish()
      }
    case .standing(let slot, let before, let standing, let shift, let trigger):
      publish(slot, (before, standing), shift, trigger, stamp, plan, to: control)
    case .recovered(let slot):
      control.publish(.alarm) {
        alarm($0, "vip \(plan.vips[slot.index].name): a candidate is up again", at)
      }
    case .probe(let note): control.publish(.host) { ProbeStory.record(note, $0, at, engine) }
    case .outOfService(let slot, let isOut):
      control.publish(.vip) { id in
        var line = JSONLine(id: id, type: "maintenance")
        line.add("at-ns", at.nanoseconds)
        line.add("vip", plan.vips[slot.index].name)
        line.add("out-of-service", isOut)
        return line.finish()
      }
    case .forgotten:
      control.publish(.alarm) { alarm($0, "the state file could not be used", at) }
    case .health, .ownNetwork, .fellow, .paused:
      control.publish(.host) { hostRecord(note, $0, at, plan) }
    case .stale(let kernelClass, let reason):
      publish(kernelClass, reason, at, to: control)
      guard reason != .silentChange else { return }
      let text = "kernel view of \(kernelClass) is stale: \(sentence(reason))"
      control.publish(.alarm) { alarm($0, text, at) }
    case .current(let kernelClass): publish(kernelClass, nil, at, to: control)
    case .complete: return
    case .alarm(let cause): control.publish(.alarm) { alarm($0, sentence(cause, plan), at) }
    }
  }

  private static func publish(
    _ fact: Fact, isListed: Bool, _ at: Instant, _ engine: borrowing Engine,
    _ control: borrowing ControlServer
  ) {
    let interest: ControlClient.Interests =
      switch fact {
      case .address, .addressGone: .address
      case .neighbour, .neighbourGone: .neighbour
      default: .route
      }
    guard control.hears(interest) else { return }
    control.publish(interest) {
      KernelRecord.record(of: fact, isListed: isListed, engine.failover.view, at: at, id: $0)
    }
  }

  /// Between `stale` and `current` everything is listed anew; what is not listed is gone.
  private static func publish(
    _ kernelClass: KernelClass, _ reason: StaleReason?, _ at: Instant,
    to control: borrowing ControlServer
  ) {
    control.publish(ControlClient.Interests.of(kernelClass)) { id in
      var line = JSONLine(id: id, type: "kernel")
      line.add("at-ns", at.nanoseconds)
      line.add("class", kernelClass.description)
      line.add("state", reason == nil ? "current" : "stale")
      line.add("reason", reason.map(sentence))
      return line.finish()
    }
  }

  private static func publish(
    _ slot: VIPSlot, _ change: (from: Standing?, to: Standing), _ shift: UInt32,
    _ trigger: Trigger, _ stamp: Stamp, _ plan: Plan, to control: borrowing ControlServer
  ) {
    let name = plan.vips[slot.index].name
    control.publish(shift == 0 ? .vip : .shift) { id in
      var line = JSONLine(id: id, type: shift == 0 ? "vip" : "shift")
      line.add("at-ns", stamp.seen.nanoseconds)
      if shift != 0 { line.add("shift", shift) }
      line.add("vip", name)
      line.add("from", change.from?.rung.description)
      line.add("to", change.to.rung.description)
      line.add("from-host", VIPWords.host(slot, change.from, plan))
      line.add("host", VIPWords.host(slot, change.to, plan))
      line.add("next-hop", plan.nextHops(of: slot)[change.to.candidate].description)
      line.add("cause", VIPWords.cause(trigger, plan))
      return line.finish()
    }
    guard shift != 0, control.hears(.shift) else { return }
    publish("seen", at: stamp.seen, nil, shift, name, since: stamp.seen, to: control)
    publish("decided", at: stamp.decided, nil, shift, name, since: stamp.seen, to: control)
  }

  /// How far shifts have come at route servers, in this turn or an earlier one.
  static func publish(
    _ timeline: Timeline, plan: Plan, to control: borrowing ControlServer
  ) {
    guard control.hears(.shift) else { return }
    for reached in timeline.stages {
      guard let known = timeline.known(reached.shift) else { continue }
      publish(
        reached.stage.rawValue, at: reached.at, plan.routeServers.peers[reached.peer.index],
        reached.shift, plan.vips[known.vip.index].name, since: known.seen, to: control)
    }
  }

  private static func publish(
    _ stage: String, at instant: Instant, _ server: IPv4Address?, _ shift: UInt32, _ name: String,
    since seen: Instant, to control: borrowing ControlServer
  ) {
    control.publish(.shift) { id in
      var line = JSONLine(id: id, type: "stage")
      line.add("shift", shift)
      line.add("vip", name)
      line.add("stage", stage)
      line.add("route-server", server?.description)
      line.add("at-ns", instant.nanoseconds)
      line.add("after-us", (instant - seen).microseconds)
      return line.finish()
    }
  }

  private static func alarm(_ id: String, _ text: String, _ at: Instant) -> [UInt8] {
    var line = JSONLine(id: id, type: "alarm")
    line.add("at-ns", at.nanoseconds)
    line.add("text", text)
    return line.finish()
  }

  private static func hostRecord(
    _ note: Note, _ id: String, _ at: Instant, _ plan: Plan
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "host")
    line.add("at-ns", at.nanoseconds)
    switch note {
    case .health(let host, let health):
      line.add("host", plan.hosts[host.index].name)
      line.add("state", health.description)
    case .ownNetwork(let state):
      line.addNull("host")
      line.add("state", "our own network is \(state)")
    case .fellow(let fellow, let isAlive):
      line.add("speaker", VIPWords.speaker(fellow, plan))
      line.add("state", isAlive ? "heard" : "silent")
    case .paused(let length):
      line.addNull("host")
      line.add("state", "paused")
      line.add("length-ms", length.milliseconds)
    default: break
    }
    return line.finish()
  }

  static func sentence(_ reason: StaleReason) -> String {
    switch reason {
    case .overrun: "messages were lost (receive buffer overrun)"
    case .malformed: "a message could not be understood"
    case .interruptedDump: "its state changed while it was being listed"
    case .refusedDump: "it refused to list its state"
    case .silentChange: "it may have removed routes without a word"
    }
  }

  static func sentence(_ alarm: Alarm, _ plan: Plan) -> String {
    switch alarm {
    case .lastRung(let slot):
      "vip \(plan.vips[slot.index].name): the last takeover rung is taken; "
        + "restart hopshiftd on the machine that does not hold the address"
    case .outOfRungs(let slot):
      "vip \(plan.vips[slot.index].name): no takeover rung is left; the last announcement stands"
    case .allDown(let slot):
      "vip \(plan.vips[slot.index].name): no candidate is up; the last announcement stands"
    case .dumpRefused(let kernelClass, let code):
      "kernel: \(kernelClass): dump refused: \(Errno(code: code))"
    case .dumpsFailing(let kernelClass, let times):
      "kernel: \(kernelClass): \(times) dumps failed in a row; nothing is decided on them"
    case .staleForLong(let kernelClass):
      "kernel: \(kernelClass): messages have been lost for "
        + "\(KernelFeed.stalePatience.seconds) s and more; nothing is decided on them"
    case .notSpoken(let slot, let families):
      "route server \(plan.routeServers.peers[slot.index]): it does not offer "
        + "\(families.names.joined(separator: ", ")), so such prefixes are not announced to it"
    case .notOpened(let kernelClass, let code):
      "kernel: \(kernelClass): no netlink socket: \(Errno(code: code))"
    case .portNotOpened(let port, let code): ProbeStory.sentence(port, code)
    case .probesNotOpened(let socket, let code): ProbeStory.sentence(socket, code)
    }
  }
}
