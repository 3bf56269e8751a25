// What a real daemon has counted after a real shift, as text.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct MetricsTests {
  private static let server = "route_server=\"\(Duel.judge)\""

  /// Waits until all these samples have these values.
  private func wait(_ duel: Duel, for wanted: [String: String]) throws(LabError) {
    let what = wanted.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    try Waiting.until("\(what) in the metrics", within: .seconds(20)) { () throws(LabError) in
      let text = try duel.lab.shell.attempt(
        ["ip", "netns", "exec", duel.lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
          + ["--socket", duel.daemon?.control ?? "", "metrics"]
      ).output
      let lines = text.split(separator: "\n").map(String.init)
      let holds = wanted.allSatisfy { lines.contains("\($0.key) \($0.value)") }
      return holds && lines.last == "# EOF" ? nil : text
    }
  }

  @Test func `a shift is counted at each stage`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    try wait(
      duel,
      for: [
        "hopshift_up": "1", "hopshift_config_stale": "0",
        "hopshift_route_server_established{\(Self.server)}": "1",
        "hopshift_vip_held{vip=\"web\"}": "0",
        "hopshift_netlink_current{class=\"interfaces\"}": "1",
      ])
    let before = try shifts(duel)
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    let after = "\(before + 1)"
    try wait(
      duel,
      for: [
        "hopshift_vip_held{vip=\"web\"}": "1", "hopshift_vip_active{vip=\"web\"}": "1",
        "hopshift_vip_shifts_total{vip=\"web\"}": after,
        "hopshift_stage_seconds_count{stage=\"decided\"}": after,
        "hopshift_stage_seconds_count{stage=\"written\",\(Self.server)}": after,
        "hopshift_stage_seconds_count{stage=\"acknowledged\",\(Self.server)}": after,
      ])
  }

  private func shifts(_ duel: Duel) throws -> Int {
    let text = try duel.ask(["metrics"])
    let line = try #require(
      text.split(separator: "\n").first { $0.hasPrefix("hopshift_shifts_total") })
    return try #require(line.split(separator: " ").last.flatMap { Int($0) })
  }
}
