// The last shift in three sentences, letter for letter, and as a page of HTML.
import Console
import Control
import Testing

@Suite struct WhyPageTests {
  static let shift = """
    {"v":1,"id":"ask","type":"history","shift":17,"run":"1790","at-ns":1000000,\
    "unix-ns":1795251792000000000,"vip":"voice","from":"owner","to":"owner","from-host":"ws1",\
    "host":"ws2","next-hop":"10.10.0.5","what":"voice moved from ws1 to ws2",\
    "why":"ws1 did not answer 3 HTTP probes in a row","evidence":"http 10.10.0.4/",\
    "confirmable":true,"announced":true}
    """

  static func stage(_ name: String, _ server: String?, _ after: Int) -> String {
    """
    {"v":1,"id":"ask","type":"stage","shift":17,"vip":"voice","stage":"\(name)",\
    "route-server":\(server.map { "\"\($0)\"" } ?? "null"),"at-ns":\(1_000_000 + after * 1_000),\
    "after-us":\(after)}
    """
  }

  private static let sent = [
    shift, stage("seen", nil, 0), stage("decided", nil, 9), stage("written", "10.10.1.4", 30),
    stage("acknowledged", "10.10.1.4", 400), stage("written", "10.10.1.5", 31),
  ]

  private static let damped = """
    {"v":1,"id":"ask","type":"wait","what":"changes that can wait, by the platform's damping \
    window","for-ms":12000}
    {"v":1,"id":"ask","type":"wait","what":"the return to a better host or owner","for-ms":null}
    """

  private func text(
    _ history: [String], _ present: String = "", vip: String? = nil
  ) throws -> String {
    let page = WhyPage(history: try records(history.joined(separator: "\n")), vip: vip)
    return page.render(
      explain: try records(present), zone: 3_600, Style(hasColour: false))
  }

  @Test func whatCameInsideTheDampingWindow() throws {
    let early = WhyPageTests.shift.replacing("}", with: #","held-back-us":21300000}"#)
    let page = try text([early, WhyPageTests.stage("decided", nil, 9)])
    #expect(
      page.contains(
        "; it came inside the damping window: the platform is expected to act on it 21 s after "
          + "its cause.\n"), "\(page)")
  }

  @Test func everythingThatIsKnown() throws {
    let lines =
      WhyPageTests.sent + [
        WhyPageTests.stage("confirmed", nil, 2_400_000),
        WhyPageTests.stage("udr-accepted", nil, 700_000),
        WhyPageTests.stage("udr-done", nil, 1_900_000),
      ]
    #expect(
      try text(lines, WhyPageTests.damped) == """
        Shift 17 came about at 2026-11-21 10:03:12 because ws1 did not answer 3 HTTP probes in a \
        row (http 10.10.0.4/).
        voice moved from ws1 to ws2, decided 9 us after that was seen; the UPDATE was written to \
        10.10.1.4 after 30 us and to 10.10.1.5 after 31 us and acknowledged by 10.10.1.4 after \
        400 us, but not acknowledged by 10.10.1.5.
        Since then its new host has answered through the VIP, after 2.4 s; the route tables were \
        seen to lead there, after 1.9 s; held back now: changes that can wait, by the platform's \
        damping window for another 12 s and the return to a better host or owner.

        """)
  }

  @Test func whatIsStillMissing() throws {
    let text = try text(WhyPageTests.sent + [WhyPageTests.stage("udr-accepted", nil, 700_000)])
    #expect(
      text.hasSuffix(
        """
        Since then its new host has not answered through the VIP; Azure took the write of the \
        route tables after 700 ms, and no read has shown it yet; nothing holds a further change \
        back now.

        """), "\(text)")
    let alone = try self.text([
      WhyPageTests.shift.replacing(#""confirmable":true"#, with: #""confirmable":false"#)
    ])
    #expect(
      alone.hasSuffix(
        "Since then nothing more was heard of it; nothing holds a further change back now.\n"))
    let silent = try self.text([WhyPageTests.shift])
    #expect(silent.contains("voice moved from ws1 to ws2; no route server was told.\n"))
    let tables = WhyPageTests.shift.replacing(#""announced":true"#, with: #""announced":false"#)
    #expect(try self.text([tables]).contains("\nvoice moved from ws1 to ws2.\n"))
  }

  /// The last of all, or of one VIP; what moved in the same turn is counted, and nothing else.
  @Test func whichShift() throws {
    let other = WhyPageTests.shift.replacing("voice", with: "data")
      .replacing(#""shift":17"#, with: #""shift":18"#)
    let later = other.replacing("data", with: "late")
      .replacing(#""shift":18"#, with: #""shift":19"#)
      .replacing(#""at-ns":1000000"#, with: #""at-ns":2000000"#)
    let all = [WhyPageTests.shift, other, later]
    #expect(try text(all).contains("Shift 19 "))
    #expect(try text(all).contains("late moved from ws1 to ws2;"))
    let one = try text(all, vip: "voice")
    #expect(one.contains("Shift 17 ") && one.contains(", together with 1 other VIP;"), "\(one)")
    let page = WhyPage(history: try records(all.joined(separator: "\n")), vip: nil)
    #expect(page.subject == "late")
  }

  @Test func noShift() throws {
    let rest = "hopshift history --since 168h asks hopshift-courier for earlier ones\n"
    #expect(try text([]) == "no shift since hopshiftd started; \(rest)")
    #expect(
      try text([WhyPageTests.shift], vip: "web")
        == "no shift of web since hopshiftd started; \(rest)")
    #expect(WhyPage(history: [], vip: "web").subject == "web")
  }

  @Test func asARecord() throws {
    let page = WhyPage(history: try records(WhyPageTests.sent.joined(separator: "\n")), vip: nil)
    let line = Array(page.line(explain: [], zone: 0).dropLast())
    let record = try Record(line: line.span)
    #expect(record.type == "why" && record.integer("shift") == 17)
    #expect(record.string("vip") == "voice" && record.string("run") == "1790")
    guard case .array(let sentences)? = record["sentences"] else {
      Issue.record("no sentences")
      return
    }
    #expect(sentences.count == 3)
    let empty = Array(WhyPage(history: [], vip: nil).line(explain: [], zone: 0).dropLast())
    let none = try Record(line: empty.span)
    #expect(none["shift"] == .null && none["vip"] == .null)
  }

  private func document(_ history: [String], _ present: String) throws -> String {
    let entries = ShiftRecords.all(try records(history.joined(separator: "\n")))
    let entry = try #require(entries.first)
    return ShiftDocument(
      entry, present: try records(present), now: 1_795_251_900_000_000_000, zone: 0
    ).text
  }

  @Test func aPage() throws {
    let present = """
      {"v":1,"id":"ask","type":"evidence","host":"ws1","health":"down",\
      "evidence":"http 10.10.0.4/","state":"down","since-ms":108000}
      {"v":1,"id":"ask","type":"vip","name":"voice","prefixes":3,"first-prefix":"100.64.0.1/32"}
      """ + "\n" + Recorded.status
    let page = try document(WhyPageTests.sent, present)
    for part in [
      "<h1>Shift 17: voice moved from ws1 to ws2</h1>", "<svg viewBox=", "class=\"theirs\"",
      "<td>09:03:12.000400</td><td>acknowledged</td><td>10.10.1.4</td><td>400 us</td>",
      "<td>ws1</td><td>down</td><td>http 10.10.0.4/</td><td>down</td><td>1 min 48 s</td>",
      "<th>Prefixes</th><td>100.64.0.1/32 and 2 more</td>", "<th>From</th><td>ws1, as owner</td>",
      "<th>Route servers</th><td>10.10.1.4 and 10.10.1.5</td>",
      "<th>Times</th><td>local, +00:00 from UTC</td>",
      "<th>Configuration</th><td>/etc/hopshift/hopshift.yaml</td>",
    ] {
      #expect(page.contains(part), "\(part)\n\(page)")
    }
    // Complete in itself: nothing is fetched and nothing runs.
    for word in ["http://", "https://", "<script", "src=", "url(", "@import", "<link"] {
      #expect(!page.contains(word), "\(word)")
    }
  }

  /// Each element that is opened is closed, whatever the names are.
  @Test func namesAreText() throws {
    let evil = WhyPageTests.sent.map {
      $0.replacing("voice", with: #"<script>'&\"\u001b[31m"#)
        .replacing("ws1", with: "</td><img src=x>")
    }
    let page = try document(evil, Recorded.status)
    #expect(!page.contains("<script") && !page.contains("<img") && !page.contains("\u{1b}"))
    #expect(page.contains("&lt;script&gt;&#39;&amp;&quot;\\x{1b}[31m"))
    for element in ["p", "td", "tr", "table", "h1", "h2", "svg", "text", "rect", "title"] {
      let opened =
        page.components(of: "<\(element)>") + page.components(of: "<\(element) ")
      #expect(opened == page.components(of: "</\(element)>"), "\(element)")
    }
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
