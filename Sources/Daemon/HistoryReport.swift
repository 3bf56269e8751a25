// The answer to `history`: the shifts that are remembered, each with its cause and its stages.

import Chronicle
import Control
import Failover
import Linux
import Model

enum HistoryReport {
  /// Shifts of one answer to whoever keeps them: a turn stays below some milliseconds.
  static let pageLimit = 64
  private static let from = "from"

  static func answer(
    _ request: Request, _ plan: Plan, _ run: UInt64, _ history: History
  ) -> [UInt8] {
    do throws(Refusal) {
      var bytes: [UInt8] = []
      // People's time is read here, so that both clocks are those of one moment.
      let offset = (Clock.wall() - Clock.monotonic()).count
      for number in try wanted(request.words, history) {
        bytes += records(request.id, number, plan, run, history, offset)
      }
      return bytes + JSONLine.end(id: request.id, code: .ok, message: "")
    } catch {
      return JSONLine.end(id: request.id, code: error.code, message: error.text)
    }
  }

  private struct Refusal: Error {
    var code: ExitCode
    var text: String
  }

  /// All of them; one; or with `from` and a number the next page of those from there on.
  private static func wanted(
    _ words: [String], _ history: History
  ) throws(Refusal) -> [UInt32] {
    guard let word = words.first else { return history.numbers }
    if words.count == 2, word == from {
      return history.numbers(from: try number(words[1]), limit: pageLimit)
    }
    guard words.count == 1 else {
      throw Refusal(code: .usage, text: "history takes one number at most")
    }
    let found = try number(word)
    guard history[found] != nil else {
      let text = "shift \(found) is not known; the last \(History.limit) are"
      throw Refusal(code: .failure, text: text)
    }
    return [found]
  }

  private static func number(_ word: String) throws(Refusal) -> UInt32 {
    guard let number = UInt32(word) else {
      throw Refusal(code: .usage, text: "\(word) is no number of a shift")
    }
    return number
  }

  private static func records(
    _ id: String, _ number: UInt32, _ plan: Plan, _ run: UInt64, _ history: History,
    _ offset: Int64
  ) -> [UInt8] {
    guard let shift = history[number] else { return [] }
    let name = plan.vips[shift.vip.index].name
    var line = JSONLine(id: id, type: "history")
    line.add("shift", number)
    // Numbers begin anew with each start; with this they are one's own for ever.
    line.add("run", "\(run)")
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
    line.add("evidence", Because.evidence(shift.trigger, plan))
    line.add("confirmable", isConfirmable(shift, plan))
    let isAnnounced = plan.vips[shift.vip.index].isAnnounced
    // The window is of route servers: who is told nothing holds nothing back.
    if isAnnounced, !plan.isShadow, let end = shift.heldBack {
      line.add("held-back-us", (end - shift.seen).microseconds)
    }
    line.add("announced", isAnnounced)
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
    if let accepted = shift.accepted {
      bytes += stage("udr-accepted", at: accepted, nil, shift, name, id)
    }
    if let settled = shift.settled {
      bytes += stage("udr-done", at: settled, nil, shift, name, id)
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
