// What is reported of a route server's hold times and of how it counts, each answer that there is.

import Lab
import Model
import Testing

struct ServerReportTests {
  /// A route server that takes hold times of 3 s and more.
  private static func report() -> ServerReport {
    var report = ServerReport(server: IPv4Address(10, 10, 1, 4))
    report.openings = [
      .init(offered: 2, opening: .refused(code: 2, subcode: 6)),
      .init(
        offered: 3, opening: .established(holdTime: 180, after: .milliseconds(2)),
        ending: .notification(code: 4, subcode: 0)),
      .init(offered: 6, opening: .established(holdTime: 180, after: .milliseconds(2))),
      .init(offered: 9, opening: .established(holdTime: 180, after: .milliseconds(2))),
    ]
    return report
  }

  @Test func `the shortest hold time is one that lasted`() {
    let report = Self.report()
    #expect(report.isComplete)
    for text in [
      "hold time 2 s: refused, NOTIFICATION 2/6",
      "hold time 3 s: up after 2.000 ms, its own is 180 s; then NOTIFICATION 4/0",
      "the shortest hold time that it takes: 6 s",
    ] { #expect(report.text.contains(text), "\(report.text)") }
  }

  @Test func `a route server that nobody reached has no hold time, and the report is not whole`() {
    var report = ServerReport(server: IPv4Address(10, 10, 1, 4))
    report.openings = [.init(offered: 3, opening: .failed("timed out"))]
    #expect(!report.isComplete)
    #expect(report.text.contains("hold time 3 s: no session: timed out"))
    #expect(!report.text.contains("the shortest"))
  }

  @Test(
    arguments: zip(
      [
        .counted(300, 150, .closed), .notCounted(300, 150),
        .countedInAll(700, .notification(code: 6, subcode: 1)),
      ] as [ServerReport.Replacement],
      [
        "with 300 routes an UPDATE that replaces 150 of them ends the session (it closed the "
          + "connection): it counts both",
        "with 300 routes an UPDATE may replace 150 of them: it counts what it holds",
        "after 700 routes were replaced in small pieces the session ended (NOTIFICATION 6/1): "
          + "it counts what it was ever told",
      ]))
  func `how it counts has one sentence`(replacement: ServerReport.Replacement, text: String) {
    var report = Self.report()
    report.isReplacementCounted = replacement
    #expect(report.isComplete)
    #expect(report.text.contains(text), "\(report.text)")
  }

  @Test func `what is not known makes the report incomplete, and says why`() {
    var limit = Self.report()
    limit.limit = .unknown("the session went away")
    #expect(!limit.isComplete)
    #expect(limit.text.contains("its limit of routes is not known: the session went away"))
    var counting = Self.report()
    counting.limit = .none(300)
    counting.isReplacementCounted = .unknown("no session")
    #expect(!counting.isComplete)
    #expect(counting.text.contains("it took 300 routes; more were not tried"))
    #expect(counting.text.contains("how it counts is not known: no session"))
  }
}
