// The pages of `explain`, `switch` and `maintenance`, letter for letter, and their command lines.
import Console
import Control
import Model
import Testing

@Suite struct ExplainReportTests {
  private static let head = """
    {"v":1,"id":"ask","type":"explain","vip":"web","state":"watching","host":"fw1",\
    "next-hop":"10.0.4.20","rung":"takeover-1","since-ms":90000,\
    "because":"fw2 did not answer 3 ARP probes in a row",\
    "decided-by":"the first candidate that is well; claims are told by hello",\
    "next-cause":"fw1 going down"}
    """
  private static let evidence = """
    {"v":1,"id":"ask","type":"evidence","host":"fw1","health":"up","require":"all",\
    "evidence":"arp 10.0.4.20",\
    "state":"up","since-ms":3600000}
    {"v":1,"id":"ask","type":"evidence","host":"fw2","health":"down","require":"2",\
    "evidence":"link eth2",\
    "state":"down","since-ms":90000}
    """
  private static let speakers = """
    {"v":1,"id":"ask","type":"speaker","speaker":"this machine","state":"alive",\
    "rung":"takeover-1","epoch":4,"wants":true,"rank":100,"next-hop":"10.0.4.20","since-ms":null}
    {"v":1,"id":"ask","type":"speaker","speaker":"10.0.2.20","state":"silent","rung":"owner",\
    "epoch":3,"wants":false,"rank":100,"next-hop":null,"since-ms":1500}
    """
  private static let waits = """
    {"v":1,"id":"ask","type":"wait","what":"changes that can wait, by the platform's damping \
    window","for-ms":12000}
    {"v":1,"id":"ask","type":"wait","what":"everything: out of service by an operator",\
    "for-ms":null}
    """
  private static let alternative = """
    {"v":1,"id":"ask","type":"alternative","when":"if fw1 goes down","host":"fw2",\
    "rung":"takeover-1","next-hop":"10.0.4.21","path-length":14}
    """

  private func page(_ parts: String...) throws -> String {
    ExplainReport(try records(parts.joined(separator: "\n"))).render(Style(hasColour: false))
  }

  @Test func everything() throws {
    let page = try page(
      ExplainReportTests.head, ExplainReportTests.evidence, ExplainReportTests.speakers,
      ExplainReportTests.waits, ExplainReportTests.alternative)
    #expect(
      page == """
        web: watching
        announced: next hop 10.0.4.20 (host fw1), takeover-1, since 1 min 30 s
        last change: fw2 did not answer 3 ARP probes in a row
        decided by: the first candidate that is well; claims are told by hello
        next change: by fw1 going down

        HOST  HEALTH  NEEDS  EVIDENCE       SAYS  SINCE
        fw1   up      all    arp 10.0.4.20  up    1 h 0 min
        fw2   down    2      link eth2      down  1 min 30 s

        SPEAKER       STATE   RUNG        EPOCH  WANTS IT  RANK  SINCE
        this machine  alive   takeover-1  4      yes       100   -
        10.0.2.20     silent  owner       3      no        100   1.5 s

        held back: changes that can wait, by the platform's damping window for another 12 s
        held back: everything: out of service by an operator

        WOULD BE SENT     RUNG        NEXT HOP   PATH LENGTH
        if fw1 goes down  takeover-1  10.0.4.21  14

        """)
  }

  @Test func nothingButTheVIP() throws {
    #expect(
      try page(ExplainReportTests.head) == """
        web: watching
        announced: next hop 10.0.4.20 (host fw1), takeover-1, since 1 min 30 s
        last change: fw2 did not answer 3 ARP probes in a row
        decided by: the first candidate that is well; claims are told by hello
        next change: by fw1 going down

        nothing holds a change back

        """)
    let silent = ExplainReportTests.head.replacing(
      #""next-hop":"10.0.4.20""#, with: #""next-hop":null"#)
    #expect(try page(silent).contains("\nnothing is announced yet\n"))
    #expect(try page(ExplainReportTests.waits) == "", "without the VIP there is no page")
  }

  @Test func withdrawn() throws {
    let gone = ExplainReportTests.head
      .replacing(#""next-hop":"10.0.4.20""#, with: #""next-hop":null"#)
      .replacing(#""rung":"takeover-1""#, with: #""rung":"withdrawn""#)
      .replacing(#""state":"watching""#, with: #""state":"withdrawn""#)
    let page = try page(gone)
    #expect(page.hasPrefix("web: withdrawn\nwithdrawn: nobody is known to be able to carry it\n"))
  }

  /// What a daemon says is never an order to the terminal.
  @Test func nothingIsPrintedAsItCame() throws {
    let evil = ExplainReportTests.head.replacing("fw1", with: #"\u001b[31mfw"#)
    #expect(!(try page(evil)).contains("\u{1b}"))
  }

  @Test(arguments: [true, false]) func answersOfOperators(_ hasColour: Bool) throws {
    let answers = """
      {"v":1,"id":"ask","type":"answer","vip":"web","result":"done","dry-run":false,\
      "message":"traffic goes to fw2"}
      {"v":1,"id":"ask","type":"answer","vip":"api","result":"damped","dry-run":false,\
      "free-in-ms":9000,"message":"refused: wait"}
      """
    let page = CommandReport(try records(answers)).render(Style(hasColour: hasColour))
    if hasColour {
      #expect(page.contains("\u{1b}[") && page.contains("web") && page.contains("api"))
    } else {
      #expect(page == "web: traffic goes to fw2\napi: refused: wait\n")
    }
    #expect(CommandReport([]).render(Style(hasColour: false)) == "")
  }

  @Test func theCommandLine() throws {
    let invocation = try Invocation(["explain", "web", "--json"])
    guard case .explain(let command) = invocation.command else {
      Issue.record("not explain")
      return
    }
    #expect(command.vip == "web" && command.json)
    #expect(throws: UsageError.self) { try Invocation(["explain"]) }
    #expect(throws: UsageError.self) { try Invocation(["explain", "web", "api"]) }
  }
}
