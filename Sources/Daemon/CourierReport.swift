// The slow path in the answer to `status`: whether anybody writes route tables, and how that goes.

import Control
import Model

enum CourierReport {
  /// Nothing when the configuration asks nothing of Azure.
  static func answer(_ id: String, _ plan: Plan, _ moment: Moment) -> [UInt8] {
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
    line.add("needed", plan.vips.contains { $0.udr != nil })
    line.add("not-durable", volatile)
    line.add("troubles", troubles)
    line.add("events", moment.events.events.map(\.words))
    return line.finish()
  }
}
