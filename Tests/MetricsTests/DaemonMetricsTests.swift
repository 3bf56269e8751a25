// The daemon's records as families; the text is also what promtool judges (Tests/Checks).

import Control
import Metrics
import Testing

@Suite struct DaemonMetricsTests {
  private func records(_ lines: String) throws -> [Record] {
    try lines.split(separator: "\n").map { try Record(line: Array($0.utf8).span) }
  }

  private func text(_ lines: String, isStale: Bool? = nil) throws -> String {
    var text = Exposition()
    DaemonMetrics(try records(lines)).write(isStale: isStale, into: &text)
    return text.finish()
  }

  /// Recorded from hopshiftd two seconds after a VIP had come, with a BIRD for one of its two route
  /// servers.
  @Test func everythingOfADaemon() throws {
    let found = try text(Vectors.read("answer.jsonl"), isStale: false)
    #expect(found == Vectors.read("answer.openmetrics"))
  }

  @Test func aDaemonThatDidNotAnswer() throws {
    #expect(
      try text("") == """
        # TYPE hopshift_up gauge
        # HELP hopshift_up Whether hopshiftd has answered.
        hopshift_up 0
        # EOF

        """)
  }

  @Test(arguments: [(true, "hopshift_config_stale 1"), (false, "hopshift_config_stale 0")])
  func staleness(_ isStale: Bool, _ line: String) throws {
    let daemon = #"{"v":1,"id":"a","type":"daemon","version":"0.1.0","config":"/c","config-sum":7}"#
    #expect(try text(daemon, isStale: isStale).contains("\n\(line)\n"))
    #expect(try !text(daemon).contains("stale"))
    let metrics = DaemonMetrics(try records(daemon))
    #expect(metrics.configuration == "/c")
    #expect(metrics.configurationSum == 7)
  }

  /// Who cannot look at the file has the daemon's word; who has looked knows better.
  @Test(arguments: [true, false]) func whatADaemonKnowsOfItsFile(_ wasRefused: Bool) throws {
    let daemon =
      #"{"v":1,"id":"a","type":"daemon","version":"0.1.0","config-refused":\#(wasRefused)}"#
    let number = wasRefused ? 1 : 0
    #expect(try text(daemon).contains("\nhopshift_config_stale \(number)\n"))
    #expect(try text(daemon, isStale: !wasRefused).contains("_stale \(1 - number)\n"))
  }

  /// Of a daemon that is older or newer a field may be missing: then so is its family.
  @Test func whatIsMissingIsNotThere() throws {
    let found = try text(
      #"""
      {"v":1,"id":"a","type":"daemon","version":"0.1.0"}
      {"v":1,"id":"a","type":"vip","name":"web","state":"standby"}
      {"v":1,"id":"a","type":"times","stage":"written","bounds-us":[1],"counts":[1],"sum-ns":4}
      """#)
    #expect(!found.contains("hopshift_turns"))
    #expect(found.contains("hopshift_vip_active{vip=\"web\"} 0\n"))
    #expect(!found.contains("hopshift_vip_held"))
    #expect(!found.contains("hopshift_stage_seconds"))
  }
}
