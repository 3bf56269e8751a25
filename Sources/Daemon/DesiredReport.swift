// The answer to `desired`: what route tables should say, for whoever writes them.

import Chronicle
import Control
import Engine
import Failover
import Model

enum DesiredReport {
  /// Everything as it stands; with `follow` the client is told of each change from then on.
  static func answer(
    _ request: Request, to client: ControlClient, _ engine: borrowing Engine,
    _ history: History, _ moment: Moment
  ) {
    let isCourier = request.words == ["follow", "courier"]
    let follows = isCourier || request.words == ["follow"]
    guard follows || request.words.isEmpty else {
      let text = "desired takes no words but follow and courier"
      return client.enqueue(JSONLine.end(id: request.id, code: .usage, message: text))
    }
    if let azure = engine.plan.azure { client.enqueue(settings(request.id, azure, engine.plan)) }
    if let place = engine.plan.metrics {
      var line = JSONLine(id: request.id, type: "metrics")
      line.add("listen", place)
      client.enqueue(line.finish())
    }
    for index in engine.plan.vips.indices {
      let vip = VIPSlot(index)
      if isCourier { client.enqueue(carriage(request.id, vip, engine.plan)) }
      guard let (wish, generation) = engine.routeWish(of: vip) else { continue }
      client.enqueue(
        record(
          request.id, vip, wish, (engine.run, generation), engine.plan, history, moment.now))
      if let outcome = moment.outcomes[vip] {
        client.enqueue(RouteOutcomes.record(request.id, vip, outcome, engine.plan, moment.now))
      }
    }
    client.enqueue(TableSetReport.answer(request.id, engine, moment.now))
    guard follows else {
      return client.enqueue(JSONLine.end(id: request.id, code: .ok, message: ""))
    }
    // From here on it is a stream; whoever asks knows by this that it has everything.
    client.enqueue(JSONLine(id: request.id, type: "complete").finish())
    if !moment.vacated.isEmpty { client.enqueue(vacated(request.id, moment.vacated)) }
    client.subscribe(.desired, id: request.id)
    if isCourier { client.beCourier() }
  }

  /// Of these events the traffic has left; it is the whole list each time.
  static func vacated(_ id: String, _ events: [String]) -> [UInt8] {
    var line = JSONLine(id: id, type: "vacated")
    line.add("events", events)
    return line.finish()
  }

  /// What the configuration says of the courier's work.
  private static func settings(_ id: String, _ azure: Plan.Azure, _ plan: Plan) -> [UInt8] {
    var line = JSONLine(id: id, type: "azure")
    line.add("route-tables", azure.routeTables)
    line.add("identity", azure.identity)
    line.add("repair", azure.repairsDrift)
    line.add("scheduled-events", azure.scheduledEvents.rawValue)
    line.add("freeze-events", azure.dodgesFreezes)
    line.add("acknowledge-events", azure.acknowledgesEvents)
    line.add("address", plan.local.address.description)
    line.add("shadow", plan.isShadow)
    return line.finish()
  }

  /// What may stand in the way of a VIP, for whoever can look for it in Azure.
  private static func carriage(_ id: String, _ vip: VIPSlot, _ plan: Plan) -> [UInt8] {
    let made = plan.vips[vip.index]
    var line = JSONLine(id: id, type: "vip")
    line.add("vip", made.name)
    line.add("prefixes", made.prefixes.map(\.description))
    line.add("announced", made.isAnnounced)
    let own = plan.ownNextHops(of: vip)
    line.add("own-hop", own?.ipv4.description)
    line.add("own-hop6", own?.ipv6?.description)
    return line.finish()
  }

  static func record(
    _ id: String, _ vip: VIPSlot, _ wish: RouteWish, _ generation: (run: UInt64, number: UInt64),
    _ plan: Plan, _ history: History, _ at: Instant
  ) -> [UInt8] {
    let made = plan.vips[vip.index]
    var line = JSONLine(id: id, type: "desired")
    line.add("at-ns", at.nanoseconds)
    line.add("vip", made.name)
    line.add("generation", "\(generation.run).\(generation.number)")
    line.add("voice", word(wish.voice))
    line.add("wanted", wish.isWanted)
    line.add("mode", made.udr?.mode.rawValue)
    line.add("routes", made.udr?.prefixes.map(\.description) ?? [])
    let hops = wish.candidate.map { plan.nextHopAddresses(of: vip)[$0] }
    line.add("next-hop", hops?.ipv4.description)
    line.add("next-hop6", hops?.ipv6?.description)
    let standing = wish.candidate.map { Standing(candidate: $0, rung: .owner) }
    line.add("host", VIPWords.host(vip, standing, plan))
    if wish.voice == .ours, wish.isWanted, let shift = history.last(of: vip) {
      line.add("shift", shift)
    } else {
      line.addNull("shift")
    }
    return line.finish()
  }

  static func word(_ voice: Voice) -> String {
    switch voice {
    case .ours: "ours"
    case .others: "others"
    case .unsure: "unsure"
    }
  }
}
