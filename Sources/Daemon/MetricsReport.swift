// The answer to `metrics` beyond what `status` says too: VIPs in short, and how long stages took.

import Chronicle
import Control
import Engine
import Failover
import Linux
import Model

enum MetricsReport {
  /// VIPs that are told one by one. We chose it: whoever asks does so every few seconds, and a turn
  /// stays below some milliseconds. The sums in `vips` hold for all of them.
  static let vipLimit = 1_000

  static func answer(_ id: String, _ engine: borrowing Engine, _ moment: Moment) -> [UInt8] {
    // People's time is read here, so that both clocks are those of one moment.
    let offset = (Clock.wall() - Clock.monotonic()).count
    let measures = moment.measures
    var bytes = totals(id, engine, moment)
    for index in engine.plan.vips.indices.prefix(vipLimit) {
      bytes += vip(id, engine, VIPSlot(index), measures, offset, moment.now)
    }
    bytes += times(id, "decided", nil, measures.decisions)
    for (place, server) in engine.plan.routeServers.peers.enumerated() {
      bytes += times(id, "written", server, measures.writes[place])
      bytes += times(id, "acknowledged", server, measures.acknowledgements[place])
    }
    if engine.plan.vips.contains(where: { $0.confirmation != nil }) {
      bytes += times(id, "confirmed", nil, measures.confirmations)
    }
    guard engine.plan.azure != nil else { return bytes }
    bytes += times(id, "udr-accepted", nil, measures.acceptances)
    bytes += times(id, "udr-done", nil, measures.completions)
    return bytes
  }

  private static func totals(
    _ id: String, _ engine: borrowing Engine, _ moment: Moment
  ) -> [UInt8] {
    var open = 0
    for index in engine.plan.vips.indices {
      let vip = VIPSlot(index)
      guard let (wish, generation) = engine.routeWish(of: vip), wish.voice == .ours else {
        continue
      }
      let outcome = moment.outcomes[vip]
      let isDone =
        outcome?.stage == .done && outcome?.generation == "\(engine.run).\(generation)"
      if !isDone { open += 1 }
    }
    var line = JSONLine(id: id, type: "vips")
    line.add("count", engine.plan.vips.count)
    line.add("told", min(engine.plan.vips.count, vipLimit))
    line.add("routes-open", open)
    return line.finish()
  }

  private static func vip(
    _ id: String, _ engine: borrowing Engine, _ slot: VIPSlot, _ measures: Measures,
    _ offset: Int64, _ now: Instant
  ) -> [UInt8] {
    let damping = engine.failover.waits(of: slot, at: now).first { $0.reason == .damping }
    var line = JSONLine(id: id, type: "vip")
    line.add("name", engine.plan.vips[slot.index].name)
    line.add("state", VIPWords.state(slot, engine))
    line.add("held", engine.failover.isHeld(slot))
    line.add("shifts", measures.shifts[slot.index])
    if let last = measures.lastShift[slot.index] {
      line.add("last-shift-unix-ms", (last.nanoseconds &+ offset) / 1_000_000)
    } else {
      line.addNull("last-shift-unix-ms")
    }
    line.add("damping-ms", (damping?.until.map { $0 - now } ?? .zero).milliseconds)
    return line.finish()
  }

  private static func times(
    _ id: String, _ stage: String, _ server: IPv4Address?, _ counts: TimeCounts
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "times")
    line.add("stage", stage)
    line.add("route-server", server?.description)
    line.add("bounds-us", TimeCounts.bounds.map(\.microseconds))
    line.add("counts", counts.counts)
    line.add("sum-ns", counts.sum.count)
    return line.finish()
  }
}
