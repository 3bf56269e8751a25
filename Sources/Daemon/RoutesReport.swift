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
    _ request: Request, _ engine: borrowing Engine, _ moment: Moment
  ) -> [UInt8] {
    let now = moment.now
    let rules = engine.plan.redistributions
    let names = request.words.filter { $0 != heldWord }
    let isHeldOnly = names.count < request.words.count
    guard names.count <= 1, request.words.count - names.count <= 1 else {
      let text = "routes takes one rule at most, and the word \(heldWord)"
      return JSONLine.end(id: request.id, code: .usage, message: text)
    }
    let chosen = rules.indices.filter { names.isEmpty || names[0] == rules[$0].name }
    guard names.isEmpty || !chosen.isEmpty else {
      let text = UnknownName.text(
        "rule", names.first ?? "", among: engine.plan.redistributions.map(\.name))
      return JSONLine.end(id: request.id, code: .failure, message: text)
    }
    let exports = engine.exports
    var bytes: [UInt8] = []
    let tables = engine.tableRoutes
    let reports = moment.tables
    let run = engine.run
    summary(request.id, exports, engine.plan, into: &bytes)
    if !tables.isIdle { table(request.id, tables, engine.plan, into: &bytes) }
    for index in chosen { rule(request.id, index, exports, engine.plan, into: &bytes) }
    if !rules.isEmpty {
      for index in engine.plan.routeServers.peers.indices {
        server(request.id, PeerSlot(index), exports, engine.plan, into: &bytes)
      }
    }
    let (views, omitted) = exports.views(at: now, limit: routeLimit) { view in
      (names.isEmpty || view.rule.map { chosen.contains($0.index) } ?? false)
        && !(isHeldOnly && view.state == .announced
          && isDone(view, rules, tables, run, reports))
    }
    for view in views {
      let place = standing(view, rules, tables, run, reports, isShadow: engine.plan.isShadow)
      record(request.id, view, rules, place, now, into: &bytes)
    }
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
    line.add("udr", rule.tablesMode?.rawValue)
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
    _ id: String, _ view: ExportView, _ rules: [Plan.Redistribution],
    _ place: (word: String, detail: String)?, _ now: Instant, into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "export")
    line.add("prefix", view.prefix.description)
    line.add("rule", view.rule.map { rules[$0.index].name })
    let (word, end) = words(view.state)
    line.add("state", word)
    if let end { line.add("left-ms", max(0, (end - now).milliseconds)) }
    if let place {
      line.add("table", place.word)
      if !place.detail.isEmpty { line.add("table-detail", place.detail) }
    }
    line.finish(into: &bytes)
  }

  // MARK: Route tables

  private static func table(
    _ id: String, _ tables: TableRoutes, _ plan: Plan, into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "export-tables")
    line.add("voice", TableSetReport.word(tables.voice))
    line.add("writer", plan.azure?.writer.map { plan.vips[$0.index].name })
    line.add("wanted", tables.count)
    line.add("left-out", tables.leftOut)
    line.add("limit", tables.limit)
    line.finish(into: &bytes)
  }

  /// How far a route has come that has a place; an older report says nothing of it.
  static func stage(
    of item: TableRoutes.Item, _ tables: TableRoutes, _ run: UInt64, _ reports: TableReports
  ) -> TableReports.Stage {
    let wanted = Generation(epoch: run, counter: max(item.generation, tables.voiceGeneration))
    guard let outcome = reports[item.prefix], outcome.generation >= wanted else { return .queued }
    return outcome.stage
  }

  /// Whether nothing is left to do for it in route tables.
  private static func isDone(
    _ view: ExportView, _ rules: [Plan.Redistribution], _ tables: TableRoutes, _ run: UInt64,
    _ reports: TableReports
  ) -> Bool {
    guard let rule = view.rule, rules[rule.index].tablesMode != nil, tables.voice == .ours else {
      return true
    }
    guard let item = tables.item(view.prefix), item.generation > 0 else { return false }
    return stage(of: item, tables, run, reports) == .done
  }

  /// How it stands in route tables; nothing when it is for none, or not decided yet.
  private static func standing(
    _ view: ExportView, _ rules: [Plan.Redistribution], _ tables: TableRoutes, _ run: UInt64,
    _ reports: TableReports, isShadow: Bool
  ) -> (word: String, detail: String)? {
    guard let rule = view.rule, rules[rule.index].tablesMode != nil else { return nil }
    if tables.isReserved(view.prefix) { return ("reserved", "") }
    guard let item = tables.item(view.prefix) else { return nil }
    if item.generation == 0 { return ("left-out", "") }
    if isShadow { return ("shadow", "") }
    guard tables.voice == .ours else { return (TableSetReport.word(tables.voice), "") }
    let stage = stage(of: item, tables, run, reports)
    let detail = stage == .queued ? nil : reports[view.prefix]?.detail
    return (stage.rawValue, detail ?? "")
  }

  private static func words(_ state: ExportState) -> (word: String, end: Instant?) {
    switch state {
    case .announced: ("announced", nil)
    case .former: ("former", nil)
    case .waiting(let end): ("waiting", end)
    case .leaving(let end): ("leaving", end)
    case .damped(let end): ("damped", end)
    case .leftOut: ("left-out", nil)
    case .reserved: ("reserved", nil)
    case .gone: ("gone", nil)
    }
  }
}
