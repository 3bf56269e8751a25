// One shift of a scene as everybody saw it, whoever speaks there; `Shift` does it for the pair.

import Linux
import Model
import Platform

/// What was seen from the moment of a fault to the end of a window, and what was wrong with it.
struct SceneShift {
  /// What each route server has to hear.
  enum Expected: Equatable {
    /// One UPDATE, which announces the way to the new carrier; nothing is withdrawn.
    case claim
    /// One UPDATE, by which this speaker takes its route back: another holds one already.
    case withdrawal(by: String)
    /// As many routes as they are go away with one link, in at most so many UPDATEs.
    case departure(of: Int, by: String, most: Int)
  }

  let trigger: Moment
  private(set) var events: [Shift.Event]
  private(set) var faults: [String] = []
  /// The longest time between two answers; nil while nobody has answered again.
  private(set) var outage: Nanoseconds?
  private(set) var unanswered = 0
  /// The questions in and around the window.
  private(set) var questions: [Question] = []

  /// Looks back, when the window is over, at what moved the first VIP to `carrier`.
  init(
    _ scene: Scene, to carrier: String, trigger: Moment, fault: String,
    expecting expected: Expected = .claim
  ) throws(LabError) {
    self.trigger = trigger
    events = [Shift.Event(moment: trigger, observer: "the fault", text: fault)]
    if let rest = scene.network.rest {
      try readManager(rest, scene, carrier)
    } else {
      try readWire(scene, carrier, expected)
      try readTables(scene, carrier)
    }
    try readClient(scene, carrier)
    events.sort { $0.moment < $1.moment }
  }

  private mutating func readWire(
    _ scene: Scene, _ carrier: String, _ expected: Expected
  ) throws(LabError) {
    let hop = try scene.network.nextHop(of: carrier, for: scene.layout.vips[0])
    for (instance, seen) in try scene.updates(since: trigger, from: nil) {
      for (record, update) in seen {
        let text = SceneShift.text(of: update)
        add(record.moment, "wire \(instance)", "\(text), from \(record.source.address)")
      }
      switch expected {
      case .claim: faults += ShiftVerdict.ofClaim(instance, seen.map(\.update), to: hop)
      case .withdrawal(let speaker):
        faults += ShiftVerdict.ofDeparture(
          instance, seen.map { ($0.record.source.address, $0.update) }, of: 1,
          from: try scene.network.address(of: speaker), most: 1)
      case .departure(let count, let speaker, let most):
        faults += ShiftVerdict.ofDeparture(
          instance, seen.map { ($0.record.source.address, $0.update) }, of: count,
          from: try scene.network.address(of: speaker), most: most)
      }
    }
    if expected == .claim { faults += try scene.withdrawals(since: trigger) }
  }

  /// Of many prefixes only how many they are.
  private static func text(of update: WireUpdate) -> String {
    guard update.withdrawn.count + update.announced.count > 4 else { return "\(update)" }
    let (more, fewer) = (update.announced.count, update.withdrawn.count)
    return "UPDATE announces \(more) prefixes, withdraws \(fewer)"
  }

  private mutating func readTables(_ scene: Scene, _ carrier: String) throws(LabError) {
    let vip = scene.layout.vips[0]
    let hop = try scene.network.nextHop(of: carrier, for: vip)
    guard scene.network.platform == nil else { return try readPlatform(scene, hop) }
    for (instance, routes) in try scene.network.routes(to: vip) {
      guard let best = routes.first(where: \.isBest), best.nextHop == hop else {
        faults.append("\(instance.name): its best route is not the one via \(hop)")
        continue
      }
      // A route that was there before has only become the best one.
      if best.since >= trigger { add(best.since, "table \(instance.name)", "best via \(hop)") }
    }
    let chosen = try scene.network.fabric.routes(to: vip.prefix).first(where: \.isBest)
    if let chosen, chosen.since >= trigger {
      add(chosen.since, "fabric", "forwards to \(hop)")
    }
  }

  /// The same of the simulated platform, whoever plays its route servers.
  private mutating func readPlatform(_ scene: Scene, _ hop: IPv4Address) throws(LabError) {
    let vip = scene.layout.vips[0]
    for server in scene.network.servers {
      let best = try server.paths(to: vip.prefix).filter(\.isBest).compactMap(\.nextHop)
      if best != [.v4(hop)] {
        faults.append("\(server.name): its best route is not the one via \(hop)")
      }
    }
    try readFabric(scene)
  }

  /// When the fabric of the simulated platform followed, seen from the client's subnet.
  private mutating func readFabric(_ scene: Scene) throws(LabError) {
    let vip = scene.layout.vips[0]
    let client = scene.lab.topology.host(named: vip.client)
    let subnet = client.map { scene.lab.topology.subnets[$0.subnet].name }
    for event in try scene.network.platform?.fabric.events() ?? []
    where event.before >= trigger && event.prefix == vip.prefix && event.subnet == subnet {
      let hops = event.hops.map(\.description).joined(separator: " ")
      add(event.after, "fabric", "\(event.what.rawValue) \(hops)")
    }
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
    try readFabric(scene)
  }

  private mutating func readClient(_ scene: Scene, _ carrier: String) throws(LabError) {
    let begin = trigger - .seconds(1)
    // Later questions may still be under way.
    let end = Moment(nanoseconds: Clock.wall().nanoseconds) - WebClient.patience
    questions = try scene.clients[0].questions().filter { begin <= $0.asked && $0.asked <= end }
    unanswered = questions.count { $0.answer == nil && $0.asked >= trigger - .milliseconds(100) }
    let answers = questions.compactMap(\.answer).sorted { $0.moment < $1.moment }
    let answerer = scene.layout.answerer(of: carrier)
    if let last = answers.last(where: { $0.from != answerer }) {
      add(last.moment, "client", "last answer from \(last.from)")
    }
    guard let first = answers.first(where: { $0.from == answerer && $0.moment >= trigger }) else {
      faults.append("the client got no answer from \(answerer)")
      return
    }
    add(first.moment, "client", "first answer from \(answerer)")
    outage = zip(answers, answers.dropFirst()).map { $1.moment - $0.moment }.max()
    let lost = questions.count { $0.asked > first.moment && $0.answer == nil }
    if lost > 0 { faults.append("\(lost) questions were lost after the first answer") }
  }

  private mutating func add(_ moment: Moment, _ observer: String, _ text: String) {
    events.append(Shift.Event(moment: moment, observer: observer, text: text))
  }
}
