// One shift of a scene as everybody saw it, whoever speaks there; `Shift` does it for the pair.

import Linux
import Model
import Platform

/// What was seen from the moment of a fault to the end of a window, and what was wrong with it.
struct SceneShift {
  let trigger: Moment
  private(set) var events: [Shift.Event]
  private(set) var faults: [String] = []
  /// The longest time between two answers; nil while nobody has answered again.
  private(set) var outage: Nanoseconds?
  private(set) var unanswered = 0
  /// The questions in and around the window.
  private(set) var questions: [Question] = []

  /// Looks back, when the window is over, at what moved the first VIP to `carrier`.
  init(_ scene: Scene, to carrier: String, trigger: Moment, fault: String) throws(LabError) {
    self.trigger = trigger
    events = [Shift.Event(moment: trigger, observer: "the fault", text: fault)]
    if let rest = scene.network.rest {
      try readManager(rest, scene, carrier)
    } else {
      try readWire(scene, carrier)
      try readTables(scene, carrier)
    }
    try readClient(scene, carrier)
    events.sort { $0.moment < $1.moment }
  }

  private mutating func readWire(_ scene: Scene, _ carrier: String) throws(LabError) {
    let hop = try scene.network.nextHop(of: carrier, for: scene.layout.vips[0])
    for (instance, seen) in try scene.updates(since: trigger, from: nil) {
      for (record, update) in seen {
        add(record.moment, "wire \(instance)", "\(update), from \(record.source.address)")
      }
      if seen.count != 1 {
        faults.append("\(instance): \(seen.count) UPDATEs where one was expected")
      } else if seen[0].update.nextHop != hop {
        faults.append("\(instance): it says: \(seen[0].update)")
      }
    }
    faults += try scene.withdrawals()
  }

  private mutating func readTables(_ scene: Scene, _ carrier: String) throws(LabError) {
    let vip = scene.layout.vips[0]
    let hop = try scene.network.nextHop(of: carrier, for: vip)
    for (instance, routes) in try scene.network.routes(to: vip) {
      guard let best = routes.first(where: \.isBest), best.nextHop == hop else {
        faults.append("\(instance.name): its best route is not the one via \(hop)")
        continue
      }
      add(best.since, "table \(instance.name)", "best via \(hop)")
    }
    let chosen = try scene.network.fabric.routes(to: vip.prefix).first(where: \.isBest)
    if let chosen { add(chosen.since, "fabric", "forwards to \(hop)") }
  }

  /// What the resource manager was told, and when the network followed.
  private mutating func readManager(
    _ rest: RestProcess, _ scene: Scene, _ carrier: String
  ) throws(LabError) {
    let vip = scene.layout.vips[0]
    let hop = try scene.network.nextHop(of: carrier, for: vip)
    let writes = try rest.writes(since: trigger)
    for write in writes {
      add(write.moment, "manager", "\(write.method) of the route, from \(write.from)")
    }
    if writes.count != 1 {
      faults.append("\(writes.count) writes were taken where one was expected")
    }
    for write in writes where write.method != "PUT" || write.from != "\(hop)" {
      faults.append("a \(write.method) from \(write.from)")
    }
    let client = scene.lab.topology.host(named: vip.client)
    let subnet = client.map { scene.lab.topology.subnets[$0.subnet].name }
    for event in try scene.network.platform?.fabric.events() ?? []
    where event.before >= trigger && event.prefix == vip.prefix && event.subnet == subnet {
      add(event.after, "fabric", "\(event.what.rawValue) \(event.hops)")
    }
  }

  private mutating func readClient(_ scene: Scene, _ carrier: String) throws(LabError) {
    let begin = trigger - .seconds(1)
    // Later questions may still be under way.
    let end = Moment(nanoseconds: Clock.wall().nanoseconds) - WebClient.patience
    questions = try scene.clients[0].questions().filter { begin <= $0.asked && $0.asked <= end }
    unanswered = questions.count { $0.answer == nil && $0.asked >= trigger - .milliseconds(100) }
    let answers = questions.compactMap(\.answer).sorted { $0.moment < $1.moment }
    if let last = answers.last(where: { $0.from != carrier }) {
      add(last.moment, "client", "last answer from \(last.from)")
    }
    guard let first = answers.first(where: { $0.from == carrier && $0.moment >= trigger }) else {
      faults.append("the client got no answer from \(carrier)")
      return
    }
    add(first.moment, "client", "first answer from \(carrier)")
    outage = zip(answers, answers.dropFirst()).map { $1.moment - $0.moment }.max()
    let lost = questions.count { $0.asked > first.moment && $0.answer == nil }
    if lost > 0 { faults.append("\(lost) questions were lost after the first answer") }
  }

  private mutating func add(_ moment: Moment, _ observer: String, _ text: String) {
    events.append(Shift.Event(moment: moment, observer: observer, text: text))
  }
}
