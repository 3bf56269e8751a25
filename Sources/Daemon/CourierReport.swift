// The slow path in the answer to `status`: whether anybody writes route tables, and how that goes.

import Control
import Engine
import Model
import Redistribution

enum CourierReport {
  /// Nothing when the configuration asks nothing of Azure.
  static func answer(_ id: String, _ engine: borrowing Engine, _ moment: Moment) -> [UInt8] {
    let plan = engine.plan
    guard plan.azure != nil else { return [] }
    var troubles: [String] = []
    var volatile: [String] = []
    for index in plan.vips.indices {
      guard let outcome = moment.outcomes[VIPSlot(index)] else { continue }
      let name = plan.vips[index].name
      if !outcome.isDurable { volatile.append(name) }
      if outcome.stage == .failed || outcome.stage == .foreign {
        troubles.append("\(name): \(outcome.stage.rawValue): \(outcome.detail)")
      }
    }
    var line = JSONLine(id: id, type: "courier")
    line.add("connected", moment.hasCourier)
    let tables = engine.tableRoutes
    line.add("needed", !tables.isIdle || plan.vips.contains { $0.udr != nil })
    line.add("not-durable", volatile)
    line.add("troubles", troubles)
    line.add("events", moment.events.events.map(\.words))
    let routes = moment.tables.troubles
    if !tables.isIdle {
      line.add("routes", tables.count)
      line.add("routes-open", open(tables, engine, moment))
      line.add("routes-left-out", tables.leftOut)
    }
    if !tables.isIdle || !routes.isEmpty {
      line.add("routes-in-trouble", routes.count)
      line.add(
        "route-troubles",
        routes.prefix(TableReports.told).map {
          "\($0.prefix): \($0.outcome.stage.rawValue): \($0.outcome.detail)"
        })
    }
    return line.finish()
  }

  /// Routes that we write and that are not yet as they should be.
  private static func open(
    _ tables: TableRoutes, _ engine: borrowing Engine, _ moment: Moment
  ) -> Int {
    guard tables.voice == .ours, !engine.plan.isShadow else { return 0 }
    var count = 0
    for item in tables.places {
      let stage = RoutesReport.stage(of: item, tables, engine.run, moment.tables)
      if stage != .done { count += 1 }
    }
    return count
  }
}
