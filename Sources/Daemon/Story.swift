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
    case .link, .linkGone, .address, .addressGone: return
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
    case .rung(let slot, let before, let rung, let shift):
      let name = plan.vips[slot.index].name
      let from = before?.description ?? "nothing"
      let number = shift == 0 ? "" : " (shift \(shift))"
      log.notice("vip \(name): \(from) -> \(rung)\(number)")
    case .stale(_, let reason): log.warning("kernel: \(sentence(reason)); reading everything again")
    case .current: log.notice("kernel: links and addresses are current")
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
      control.publish(.link) { link.record($0, event: before == nil ? "new" : "changed", at: at) }
    case .linkGone(let index, let before):
      let link =
        before
        ?? Link(
          index: index, name: .none, isLoopback: false, isUp: false, hasCarrier: false,
          operationalState: .notPresent)
      control.publish(.link) { link.record($0, event: "gone", at: at) }
    case .address(let address):
      let name = engine.failover.view.link(address.interface)?.name
      control.publish(.address) { address.record($0, event: "new", name: name, at: at) }
    case .addressGone(let address):
      let name = engine.failover.view.link(address.interface)?.name
      control.publish(.address) { address.record($0, event: "gone", name: name, at: at) }
    case .session(let slot, let state, let reason):
      control.publish(.session) { id in
        var line = JSONLine(id: id, type: "session")
        line.add("at-ns", at.nanoseconds)
        line.add("route-server", plan.routeServers.peers[slot.index].description)
        line.add("state", state.description)
        line.add("reason", reason?.description)
        return line.finish()
      }
    case .rung(let slot, let before, let rung, let shift):
      publish(slot, from: before, to: rung, shift, stamp, plan, to: control)
    case .stale(_, let reason):
      control.publish(.alarm) { alarm($0, "kernel view is stale: \(sentence(reason))", at) }
    case .current: return
    case .alarm(let cause): control.publish(.alarm) { alarm($0, sentence(cause, plan), at) }
    }
  }

  private static func publish(
    _ slot: VIPSlot, from before: Rung?, to rung: Rung, _ shift: UInt32, _ stamp: Stamp,
    _ plan: Plan, to control: borrowing ControlServer
  ) {
    let name = plan.vips[slot.index].name
    control.publish(shift == 0 ? .vip : .shift) { id in
      var line = JSONLine(id: id, type: shift == 0 ? "vip" : "shift")
      line.add("at-ns", stamp.seen.nanoseconds)
      if shift != 0 { line.add("shift", shift) }
      line.add("vip", name)
      line.add("from", before?.description)
      line.add("to", rung.description)
      line.add("cause", cause(before, rung, shift))
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

  private static func cause(_ before: Rung?, _ rung: Rung, _ shift: UInt32) -> String {
    if before == nil { return "start" }
    return shift == 0 ? "address away for long" : "address arrived"
  }

  private static func alarm(_ id: String, _ text: String, _ at: Instant) -> [UInt8] {
    var line = JSONLine(id: id, type: "alarm")
    line.add("at-ns", at.nanoseconds)
    line.add("text", text)
    return line.finish()
  }

  static func sentence(_ reason: StaleReason) -> String {
    switch reason {
    case .overrun: "messages were lost (receive buffer overrun)"
    case .malformed: "a message could not be understood"
    case .interruptedDump: "its state changed while it was being listed"
    case .refusedDump: "it refused to list its state"
    }
  }

  static func sentence(_ alarm: Alarm, _ plan: Plan) -> String {
    switch alarm {
    case .lastRung(let slot):
      "vip \(plan.vips[slot.index].name): the last takeover rung is taken; "
        + "restart hopshiftd on the machine that does not hold the address"
    case .outOfRungs(let slot):
      "vip \(plan.vips[slot.index].name): no takeover rung is left; the last announcement stands"
    case .dumpRefused(_, let code): "kernel: dump refused: \(Errno(code: code))"
    case .dumpsFailing(_, let times): "kernel: \(times) dumps failed in a row; nothing is decided"
    }
  }
}

extension Link {
  fileprivate func record(_ id: String, event: String, at instant: Instant) -> [UInt8] {
    var line = JSONLine(id: id, type: "link")
    line.add("event", event)
    line.add("at-ns", instant.nanoseconds)
    line.add("index", index.value)
    line.add("name", name.description)
    line.add("up", isUp)
    line.add("carrier", hasCarrier)
    line.add("operstate", operationalState.description)
    return line.finish()
  }
}

extension InterfaceAddress {
  fileprivate func record(
    _ id: String, event: String, name: InterfaceName?, at instant: Instant
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "address")
    line.add("event", event)
    line.add("at-ns", instant.nanoseconds)
    line.add("address", "\(address)/\(prefixLength)")
    line.add("interface", name?.description)
    line.add("index", interface.value)
    line.add("tentative", isTentative)
    line.add("deprecated", isDeprecated)
    return line.finish()
  }
}
