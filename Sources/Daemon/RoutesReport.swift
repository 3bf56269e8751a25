// The answer to `routes`: which of the kernel's routes are announced, and what is held back.

import Control
import Engine
import Model
import Redistribution

enum RoutesReport {
  /// Routes in one answer. We chose it: far more than a platform with a limit takes; the answer
  /// stays within `ControlClient.queueLimit`.
  static let routeLimit = 10_000
  /// The word for what is held back alone; no rule can be called so.
  static let heldWord = "/held"

  static func answer(
    _ request: Request, _ engine: borrowing Engine, at now: Instant
  ) -> [UInt8] {
    let rules = engine.plan.redistributions
    let names = request.words.filter { $0 != heldWord }
    let isHeldOnly = names.count < request.words.count
    guard names.count <= 1, request.words.count - names.count <= 1 else {
      let text = "routes takes one rule at most, and the word \(heldWord)"
      return JSONLine.end(id: request.id, code: .usage, message: text)
    }
    let chosen = rules.indices.filter { names.isEmpty || names[0] == rules[$0].name }
    guard names.isEmpty || !chosen.isEmpty else {
      let text = "there is no rule \(names.first ?? "")"
      return JSONLine.end(id: request.id, code: .failure, message: text)
    }
    let exports = engine.exports
    var bytes: [UInt8] = []
    summary(request.id, exports, engine.plan, into: &bytes)
    for index in chosen { rule(request.id, index, exports, engine.plan, into: &bytes) }
    if !rules.isEmpty {
      for index in engine.plan.routeServers.peers.indices {
        server(request.id, PeerSlot(index), exports, engine.plan, into: &bytes)
      }
    }
    let (views, omitted) = exports.views(at: now, limit: routeLimit) { view in
      (names.isEmpty || chosen.contains(view.rule.index))
        && !(isHeldOnly && view.state == .announced)
    }
    for view in views { record(request.id, view, rules, now, into: &bytes) }
    let rest = omitted == 0 ? "" : "\(omitted) more routes are there; name a rule"
    return bytes + JSONLine.end(id: request.id, code: .ok, message: rest)
  }

  private static func summary(
    _ id: String, _ exports: Exports, _ plan: Plan, into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "exports")
    line.add("current", exports.isComplete)
    line.add("shadow", plan.isShadow)
    line.add("announced", exports.total)
    line.add("limit", plan.exportLimit)
    line.add("not-kept", exports.overflows)
    line.finish(into: &bytes)
  }

  private static func rule(
    _ id: String, _ index: Int, _ exports: Exports, _ plan: Plan, into bytes: inout [UInt8]
  ) {
    let rule = plan.redistributions[index]
    var line = JSONLine(id: id, type: "export-rule")
    line.add("rule", rule.name)
    line.add("announced", exports.announced[index])
    line.add("left-out", exports.leftOut[index])
    line.add("limit", rule.limit)
    line.add("next-hop", plan.nextHops(of: rule).ipv4.description)
    line.add("next-hop6", plan.nextHops(of: rule).ipv6?.description)
    line.finish(into: &bytes)
  }

  private static func server(
    _ id: String, _ peer: PeerSlot, _ exports: Exports, _ plan: Plan, into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "export-server")
    line.add("route-server", plan.routeServers.peers[peer.index].description)
    line.add("told", exports.knownCount(peer))
    line.add("owed", exports.owedCount(peer))
    line.finish(into: &bytes)
  }

  private static func record(
    _ id: String, _ view: ExportView, _ rules: [Plan.Redistribution], _ now: Instant,
    into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "export")
    line.add("prefix", view.prefix.description)
    line.add("rule", rules[view.rule.index].name)
    let (word, end) = words(view.state)
    line.add("state", word)
    if let end { line.add("left-ms", max(0, (end - now).milliseconds)) }
    line.finish(into: &bytes)
  }

  private static func words(_ state: ExportState) -> (word: String, end: Instant?) {
    switch state {
    case .announced: ("announced", nil)
    case .waiting(let end): ("waiting", end)
    case .leaving(let end): ("leaving", end)
    case .damped(let end): ("damped", end)
    case .leftOut: ("left-out", nil)
    case .reserved: ("reserved", nil)
    case .gone: ("gone", nil)
    }
  }
}
