// The answer to `history`: the shifts that are remembered, each with its cause and its stages.

import Chronicle
import Control
import Failover
import Linux
import Model

enum HistoryReport {
  static func answer(_ request: Request, _ plan: Plan, _ history: History) -> [UInt8] {
    guard request.words.count <= 1 else {
      return JSONLine.end(id: request.id, code: .usage, message: "history takes one number at most")
    }
    // People's time is read here, so that both clocks are those of one moment.
    let offset = (Clock.wall() - Clock.monotonic()).count
    guard let word = request.words.first else {
      var bytes: [UInt8] = []
      for number in history.numbers { bytes += records(request.id, number, plan, history, offset) }
      return bytes + JSONLine.end(id: request.id, code: .ok, message: "")
    }
    guard let number = UInt32(word) else {
      let text = "\(word) is no number of a shift"
      return JSONLine.end(id: request.id, code: .usage, message: text)
    }
    guard history[number] != nil else {
      let text = "shift \(number) is not known; the last \(History.limit) are"
      return JSONLine.end(id: request.id, code: .failure, message: text)
    }
    return records(request.id, number, plan, history, offset)
      + JSONLine.end(id: request.id, code: .ok, message: "")
  }

  private static func records(
    _ id: String, _ number: UInt32, _ plan: Plan, _ history: History, _ offset: Int64
  ) -> [UInt8] {
    guard let shift = history[number] else { return [] }
    let name = plan.vips[shift.vip.index].name
    var line = JSONLine(id: id, type: "history")
    line.add("shift", number)
    line.add("at-ns", shift.seen.nanoseconds)
    line.add("unix-ns", shift.seen.nanoseconds &+ offset)
    line.add("vip", name)
    line.add("from", shift.from?.word)
    line.add("to", shift.to.word)
    line.add("from-host", VIPWords.host(shift.vip, shift.from, plan))
    line.add("host", VIPWords.host(shift.vip, shift.to, plan))
    line.add("next-hop", VIPWords.nextHop(shift.vip, shift.to, plan))
    line.add("what", shift.what(plan))
    line.add("why", shift.why(plan))
    line.add("confirmable", isConfirmable(shift, plan))
    line.add("announced", plan.vips[shift.vip.index].isAnnounced)
    var bytes = line.finish()
    bytes += stage("seen", at: shift.seen, nil, shift, name, id)
    bytes += stage("decided", at: shift.decided, nil, shift, name, id)
    for (place, server) in plan.routeServers.peers.enumerated() {
      let delivery = history.delivery(of: number, at: PeerSlot(place))
      if let written = delivery.written {
        bytes += stage("written", at: written, server, shift, name, id)
      }
      if let acknowledged = delivery.acknowledged {
        bytes += stage("acknowledged", at: acknowledged, server, shift, name, id)
      }
    }
    if let confirmed = shift.confirmed {
      bytes += stage("confirmed", at: confirmed, nil, shift, name, id)
    }
    if let tabled = shift.tabled {
      bytes += stage("udr-done", at: tabled, nil, shift, name, id)
    }
    return bytes
  }

  /// Whether anybody asks, or has asked, through the VIP if it arrived.
  private static func isConfirmable(_ shift: Shift, _ plan: Plan) -> Bool {
    plan.vips[shift.vip.index].confirmation != nil && !shift.to.isWithdrawn && !plan.isShadow
  }

  /// The same record as in a stream.
  private static func stage(
    _ stage: String, at instant: Instant, _ server: IPv4Address?, _ shift: Shift, _ name: String,
    _ id: String
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "stage")
    line.add("shift", shift.number)
    line.add("vip", name)
    line.add("stage", stage)
    line.add("route-server", server?.description)
    line.add("at-ns", instant.nanoseconds)
    line.add("after-us", (instant - shift.seen).microseconds)
    return line.finish()
  }
}
