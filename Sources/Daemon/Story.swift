// Notes of the engine as records for monitors and as lines for the log.

import BGP
import Chronicle
import Control
import Engine
import Failover
import Linux
import Model

/// Tells what the engine noted. It runs after everything was carried out, and writes nothing for
/// nobody.
enum Story {
  /// `allowances`: of some things only so many lines are written.
  static func log(
    _ note: Note, at stamp: Stamp, plan: Plan, engine: borrowing Engine,
    connections: [Connection], stages: StageFields, allowances: inout LogAllowances, log: Log
  ) {
    let sentence = NoteSentence.of(
      note, plan, link: link(of: note, engine),
      detail: { LastError.detail($1, $0, connections) }, errno: { Errno(code: $0).description })
    guard let sentence, let entry = NoteEntry.of(note, plan) else { return }
    if let subject = LogSubject.of(note), !allowances.allows(subject, at: stamp.seen) { return }
    let fields = entry.fields + stages.of(entry, stamp, plan)
    log.write(level(sentence.weight), sentence.text, fields.map { ($0.name, $0.value) })
  }

  private static func level(_ weight: NoteSentence.Weight) -> Log.Level {
    switch weight {
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    }
  }

  /// The link that made deciding look at a VIP, as the kernel has it now.
  static func link(of note: Note, _ engine: borrowing Engine) -> Link? {
    guard case .standing(_, _, _, _, .link(let index)) = note else { return nil }
    return engine.failover.view.link(index)
  }

  static func publish(
    _ note: Note, at stamp: Stamp, plan: Plan, engine: borrowing Engine, history: History,
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
      control.publish(.session) { session($0, slot, state, reason, at, plan) }
    case .standing(let slot, let before, let standing, let shift, let trigger):
      publish(
        slot, (before, standing), shift, trigger, link(of: note, engine), stamp, plan, to: control)
    case .recovered(let slot):
      control.publish(.alarm) {
        alarm(
          $0, "vip \(plan.vips[slot.index].name): somebody can carry it again", at,
          NoteEntry.of(note, plan))
      }
    case .probe(let note): control.publish(.host) { ProbeStory.record(note, $0, at, engine) }
    case .outOfService(let slot, let isOut):
      control.publish(.vip) { maintenance($0, slot, isOut, at, plan) }
    case .placement(let slot, let placement):
      control.publish(.vip) { Story.placement($0, slot, placement, at, plan) }
    case .wish(let vip, let wish, let generation):
      control.publish(.desired) {
        DesiredReport.record($0, vip, wish, (engine.run, generation), plan, history, at)
      }
    case .forgotten:
      control.publish(.alarm) { alarm($0, "the state file could not be used", at) }
    case .health, .ownNetwork, .fellow, .paused:
      control.publish(.host) { hostRecord(note, $0, at, plan) }
    case .stale(let kernelClass, let reason):
      publish(kernelClass, reason, at, to: control)
      guard reason != .silentChange else { return }
      let text = "kernel view of \(kernelClass) is stale: \(NoteSentence.words(reason))"
      control.publish(.alarm) { alarm($0, text, at) }
    case .current(let kernelClass): publish(kernelClass, nil, at, to: control)
    case .complete: return
    case .confirmed(let slot, let shift):
      let seen = history[shift]?.seen ?? at
      publish(
        "confirmed", at: at, nil, shift, plan.vips[slot.index].name, since: seen, to: control)
    case .draining(let length):
      control.publish(.session) { id in
        var line = JSONLine(id: id, type: "draining")
        line.add("at-ns", at.nanoseconds)
        line.add("length-ms", length.milliseconds)
        return line.finish()
      }
    case .alarm(let cause):
      control.publish(.alarm) {
        alarm(
          $0, NoteSentence.words(cause, plan, errno: { Errno(code: $0).description }), at,
          NoteEntry.of(note, plan))
      }
    }
  }

  private static func maintenance(
    _ id: String, _ slot: VIPSlot, _ isOut: Bool, _ at: Instant, _ plan: Plan
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "maintenance")
    line.add("at-ns", at.nanoseconds)
    line.add("vip", plan.vips[slot.index].name)
    line.add("out-of-service", isOut)
    return line.finish()
  }

  private static func placement(
    _ id: String, _ slot: VIPSlot, _ placement: Placement, _ at: Instant, _ plan: Plan
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "placement")
    line.add("at-ns", at.nanoseconds)
    line.add("vip", plan.vips[slot.index].name)
    line.add("address", placement.word)
    return line.finish()
  }

  private static func session(
    _ id: String, _ slot: PeerSlot, _ state: SessionState, _ reason: DownReason?, _ at: Instant,
    _ plan: Plan
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "session")
    line.add("at-ns", at.nanoseconds)
    line.add("route-server", plan.routeServers.peers[slot.index].description)
    line.add("state", state.description)
    line.add("reason", reason?.description)
    return line.finish()
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
      line.add("reason", reason.map(NoteSentence.words))
      return line.finish()
    }
  }

  private static func publish(
    _ slot: VIPSlot, _ change: (from: Standing?, to: Standing), _ shift: UInt32,
    _ trigger: Trigger, _ link: Link?, _ stamp: Stamp, _ plan: Plan,
    to control: borrowing ControlServer
  ) {
    let name = plan.vips[slot.index].name
    control.publish(shift == 0 ? .vip : .shift) { id in
      var line = JSONLine(id: id, type: shift == 0 ? "vip" : "shift")
      line.add("at-ns", stamp.seen.nanoseconds)
      if shift != 0 { line.add("shift", shift) }
      line.add("vip", name)
      line.add("from", change.from?.word)
      line.add("to", change.to.word)
      line.add("from-host", VIPWords.host(slot, change.from, plan))
      line.add("host", VIPWords.host(slot, change.to, plan))
      line.add("next-hop", VIPWords.nextHop(slot, change.to, plan))
      line.add("cause", Because.of(trigger, plan, link: link))
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

  /// The route tables lead where a shift has led.
  static func tellTabled(
    _ shift: Shift, _ plan: Plan, at now: Instant, stages: StageFields, log: Log,
    to control: borrowing ControlServer
  ) {
    let after = (now - shift.seen).milliseconds
    let name = plan.vips[shift.vip.index].name
    let fields = [
      JournalField("MESSAGE_ID", JournalMessage.tabled.rawValue), JournalField("VIP", name),
      JournalField("SHIFT", "\(shift.number)"),
    ]
    log.write(
      .notice, "vip \(name): shift \(shift.number) is in the route tables, after \(after) ms",
      (fields + stages.of(shift, plan)).map { ($0.name, $0.value) })
    publish(
      "udr-done", at: now, nil, shift.number, plan.vips[shift.vip.index].name, since: shift.seen,
      to: control)
  }

  /// `entry`: whom it is about, so that a monitor of one VIP hears of it.
  private static func alarm(
    _ id: String, _ text: String, _ at: Instant, _ entry: NoteEntry? = nil
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "alarm")
    line.add("at-ns", at.nanoseconds)
    line.add("text", text)
    if let vip = entry?.vip { line.add("vip", vip) }
    if let peer = entry?.peer { line.add("route-server", peer) }
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
}
