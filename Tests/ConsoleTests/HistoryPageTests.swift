// Shifts as sentences, and times of day.
import Console
import Control
import Model
import Testing

@Suite struct HistoryPageTests {
  private static let plain = Style(hasColour: false)

  private static func records(_ lines: [String]) throws -> [Record] {
    try lines.map { try Record(line: Array($0.utf8).span) }
  }

  private static let shift = """
    {"v":1,"id":"a","type":"history","shift":17,"at-ns":1000000,"unix-ns":1795251792000000000,\
    "vip":"voice","what":"voice moved from ws1 to ws2",\
    "why":"ws1 did not answer 3 HTTP probes in a row"}
    """

  private static func stage(_ name: String, _ server: String, _ after: Int) -> String {
    """
    {"v":1,"id":"a","type":"stage","shift":17,"vip":"voice","stage":"\(name)",\
    "route-server":\(server.isEmpty ? "null" : "\"\(server)\""),\
    "at-ns":\(1_000_000 + after * 1_000),\
    "after-us":\(after)}
    """
  }

  @Test func aSentence() throws {
    let page = HistoryPage(
      try HistoryPageTests.records([
        HistoryPageTests.shift, HistoryPageTests.stage("seen", "", 0),
        HistoryPageTests.stage("decided", "", 9),
        HistoryPageTests.stage("written", "10.10.1.4", 30),
        HistoryPageTests.stage("acknowledged", "10.10.1.4", 400),
        HistoryPageTests.stage("written", "10.10.1.5", 31),
        HistoryPageTests.stage("acknowledged", "10.10.1.5", 500),
      ]))
    #expect(
      page.render(zone: 3_600, withStages: false, HistoryPageTests.plain)
        == """
        #17 2026-11-21 10:03:12 voice moved from ws1 to ws2 because ws1 did not answer 3 HTTP \
        probes in a row; written after 31 us, acknowledged by 10.10.1.4 after 400 us and by \
        10.10.1.5 after 500 us

        """)
  }

  /// Scheduled events stand among the shifts, each at its time.
  @Test func eventsOfTheMachine() throws {
    func event(_ step: String, _ seconds: Int) -> String {
      """
      {"v":1,"id":"a","type":"event","unix-ns":\(1_795_251_792 + seconds)000000000,\
      "event":"E-1","kind":"Reboot","step":"\(step)"}
      """
    }
    let lines = [event("announced", -8), HistoryPageTests.shift, event("begun", 600)]
    let page = HistoryPage(try HistoryPageTests.records(lines + [event("over", 720)]))
    #expect(page.hasShifts)
    #expect(
      page.render(zone: 3_600, withStages: false, HistoryPageTests.plain)
        == """
        2026-11-21 10:03:04 Azure: Reboot E-1 is announced
        #17 2026-11-21 10:03:12 voice moved from ws1 to ws2 because ws1 did not answer 3 HTTP \
        probes in a row; written to no route server
        2026-11-21 10:13:12 Azure: Reboot E-1 has begun
        2026-11-21 10:15:12 Azure: Reboot E-1 is over

        """)
    let alone = HistoryPage(try HistoryPageTests.records([event("over", 0)]))
    #expect(!alone.hasShifts && alone.wall == 1_795_251_792_000_000_000)
    #expect(
      alone.render(zone: 0, withStages: false, HistoryPageTests.plain)
        == "2026-11-21 09:03:12 Azure: Reboot E-1 is over\n")
  }

  /// Each bar begins where the one before it ended, and no line is longer than a terminal.
  @Test func bars() throws {
    let page = HistoryPage(
      try HistoryPageTests.records([
        HistoryPageTests.shift, HistoryPageTests.stage("seen", "", 0),
        HistoryPageTests.stage("decided", "", 8),
        HistoryPageTests.stage("written", "10.10.1.4", 32),
        HistoryPageTests.stage("acknowledged", "10.10.1.4", 512),
        HistoryPageTests.stage("confirmed", "", 524_288),
      ]))
    let text = page.render(zone: 0, withStages: true, HistoryPageTests.plain)
    let lines = text.split(separator: "\n").dropFirst()
    #expect(
      lines.joined(separator: "\n") == """
          TIME             STAGE         ROUTE SERVER  AFTER   1 us to 524 ms
          09:03:12.000000  seen          -             0 us    =
          09:03:12.000008  decided       -             8 us    ===
          09:03:12.000032  written       10.10.1.4     32 us      ==
          09:03:12.000512  acknowledged  10.10.1.4     512 us       ====
          09:03:12.524288  confirmed     -             524 ms     =================
        """, "\(text)")
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test func theTimesOfManyShifts() throws {
    let lines = (1...200).flatMap { count in
      [
        HistoryPageTests.shift, HistoryPageTests.stage("written", "10.10.1.4", count),
        HistoryPageTests.stage("seen", "", 0),
      ]
    }
    let page = HistoryPage(
      try HistoryPageTests.records(lines + [HistoryPageTests.stage("udr-done", "", 2_400_000)]))
    #expect(
      page.statistics(HistoryPageTests.plain)
        == """
        STAGE     COUNT  P50     P99     WORST
        written   200    100 us  198 us  200 us
        udr-done  1      2.4 s   2.4 s   2.4 s

        """)
    #expect(
      page.render(zone: 0, withStages: false, HistoryPageTests.plain).hasSuffix(
        ", in the route tables after 2.4 s\n"))
    #expect(
      HistoryPage([], nothing: "none").render(zone: 0, withStages: true, HistoryPageTests.plain)
        == "none\n")
  }

  @Test func whetherItArrived() throws {
    let asked = HistoryPageTests.shift.replacing("}", with: #","confirmable":true}"#)
    let written = HistoryPageTests.stage("written", "10.10.1.4", 30)
    let confirmed = HistoryPageTests.stage("confirmed", "", 2_400_000)
    let tabled = HistoryPageTests.stage("udr-done", "", 1_900_000)
    let only = HistoryPageTests.shift.replacing("}", with: #","announced":false}"#)
    for (lines, end) in [
      ([HistoryPageTests.shift, tabled], "to no route server; in the route tables after 1.9 s\n"),
      ([only, tabled], "in a row; in the route tables after 1.9 s\n"),
      ([only], "in a row\n"),
      ([asked, written, tabled], ", in the route tables after 1.9 s, not confirmed\n"),
      ([asked, written], ", not confirmed\n"),
      ([asked, written, confirmed], ", confirmed after 2.4 s\n"),
      ([HistoryPageTests.shift, written], "by 10.10.1.4\n"),
    ] {
      let page = HistoryPage(try HistoryPageTests.records(lines))
      let text = page.render(zone: 0, withStages: false, HistoryPageTests.plain)
      #expect(text.hasSuffix(end), "\(text)")
    }
  }

  @Test func insideTheDampingWindow() throws {
    let early = HistoryPageTests.shift.replacing("}", with: #","held-back-us":21300000}"#)
    let page = HistoryPage(
      try HistoryPageTests.records([early, HistoryPageTests.stage("written", "10.10.1.4", 30)]))
    let text = page.render(zone: 0, withStages: false, HistoryPageTests.plain)
    #expect(
      text.hasSuffix(
        "not acknowledged by 10.10.1.4; inside the damping window: the platform is expected to act "
          + "on it 21 s after its cause\n"), "\(text)")
  }

  @Test func notThereYet() throws {
    let page = HistoryPage(
      try HistoryPageTests.records([
        HistoryPageTests.shift, HistoryPageTests.stage("written", "10.10.1.4", 30),
      ]))
    let text = page.render(zone: 0, withStages: false, HistoryPageTests.plain)
    #expect(text.hasSuffix("; written after 30 us, not acknowledged by 10.10.1.4\n"))
    let alone = HistoryPage(try HistoryPageTests.records([HistoryPageTests.shift]))
    #expect(
      alone.render(zone: 0, withStages: false, HistoryPageTests.plain)
        .hasSuffix("; written to no route server\n"))
    #expect(
      HistoryPage([]).render(zone: 0, withStages: false, HistoryPageTests.plain)
        == "no shift since hopshiftd started\n")
  }

  @Test(
    arguments: [
      (0, 0, "1970-01-01 00:00:00"), (-1, 0, "1969-12-31 23:59:59"),
      (951_782_399, 0, "2000-02-28 23:59:59"), (951_782_400, 0, "2000-02-29 00:00:00"),
      (1_795_251_792, 3_600, "2026-11-21 10:03:12"), (4_107_542_399, 1, "2100-03-01 00:00:00"),
    ] as [(Int64, Int64, String)])
  func dates(_ seconds: Int64, _ zone: Int64, _ text: String) {
    #expect(WallTime.date(seconds * 1_000_000_000, zone: zone) == text)
  }

  @Test func timesThatFitNothing() {
    #expect(WallTime.time(Int64.max, zone: 3_600) == WallTime.time(Int64.max, zone: 0))
    #expect(WallTime.time(1_234_567, zone: 0) == "00:00:00.001234")
  }

  @Test(
    arguments: [
      ("1", 1), ("64M", 64 << 20), ("2G", 2 << 30), ("3K", 3_072), ("0", nil), ("1X", nil),
      ("", nil),
      ("99999999999G", nil), ("-1", nil),
    ] as [(String, Int?)])
  func sizes(_ text: String, _ size: Int?) { #expect(SizeText.read(text) == size) }

  @Test func sideBySide() {
    func line(_ second: Int64, _ text: String) -> ReplayLine {
      ReplayLine(time: .init(nanoseconds: second), text: text, tone: .plain)
    }
    let text = ReplayPage.sideBySide(
      [line(1, "same"), line(2, "left")], [line(1, "same"), line(3, "right")],
      titles: ("A", "B"), clock: { "\($0.nanoseconds)" }, style: HistoryPageTests.plain)
    #expect(text == "TIME  A     B\n1     same  same\n2     left\n3           right\n")
  }
}
