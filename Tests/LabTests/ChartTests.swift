// What a page shows: stretches of time by who answered, and nothing that could break the page.

import Lab
import Model
import Testing

struct ChartTests {
  /// A question each 10 ms from `start`; a letter is who answers it, a dot nobody.
  private static func questions(_ text: String, from start: Int64) -> [Question] {
    text.enumerated().map { index, letter in
      let asked = Moment(nanoseconds: (start + Int64(index) * 10) * 1_000_000)
      guard letter != "." else { return Question(asked: asked) }
      let moment = asked + .milliseconds(1)
      return Question(asked: asked, answer: Answer(from: "ws\(letter)", moment: moment))
    }
  }

  private static func spans(_ text: String) -> [ChartLane.Span] {
    ChartLane.spans(
      of: questions(text, from: 1_000), since: Moment(nanoseconds: 1_000_000_000))
  }

  private static func span(_ host: String?, _ begin: Int64, _ end: Int64) -> ChartLane.Span {
    .init(host: host, begin: .milliseconds(begin), end: .milliseconds(end))
  }

  @Test func `stretches follow who answered`() {
    #expect(Self.spans("") == [])
    #expect(Self.spans("....") == [])
    #expect(Self.spans("1112") == [Self.span("ws1", 1, 31), Self.span("ws2", 31, 31)])
    #expect(
      Self.spans("11......22") == [
        Self.span("ws1", 1, 11), Self.span(nil, 11, 81), Self.span("ws2", 81, 91),
      ])
    // Three answers that are missing are a busy machine, and four are a gap.
    #expect(Self.spans("11...11") == [Self.span("ws1", 1, 61)])
    #expect(Self.spans("11....11").count == 3)
    // Where the host is another one less is a gap.
    #expect(Self.spans("11.22").map(\.host) == ["ws1", "ws2"])
    #expect(Self.spans("11..22").map(\.host) == ["ws1", nil, "ws2"])
  }

  private static func page(_ title: String) -> ChartPage {
    let trigger = Moment(nanoseconds: 1_050_000_000)
    let lane = ChartLane(
      "a & b", questions: questions("1111....22222", from: 1_000),
      events: [
        .init(moment: trigger, observer: "the fault", text: "<b>gone</b>"),
        .init(moment: trigger + .milliseconds(30), observer: "wire rs1", text: "UPDATE \"x\""),
      ], trigger: trigger, outage: .milliseconds(50))
    return ChartPage(
      title: title, verdict: "Passed.", isPassed: true,
      charts: [Chart(title: "t", hosts: ["ws1", "ws2"], lanes: [lane])])
  }

  @Test func `a page stands alone, and no text becomes markup`() {
    let text = Self.page("<i>x</i>").text
    for piece in ["<i>", "<b>", "a & b", "<script", "http:", "https:", "url(", "@import"] {
      #expect(!text.contains(piece), "\(piece)")
    }
    for piece in [
      "&lt;i&gt;x", "&lt;b&gt;gone", "a &amp; b", "UPDATE &quot;x&quot;", "class=\"host0\"",
      "class=\"host1\"", "class=\"none\"", "50 ms without an answer", "UPDATE, 30 ms",
    ] {
      #expect(text.contains(piece), "\(piece)")
    }
    // Every element that is opened is closed.
    for name in ["svg", "table", "tr", "td", "text", "rect", "path", "p", "html", "body"] {
      let opened = text.ranges(of: "<\(name) ").count + text.ranges(of: "<\(name)>").count
      #expect(opened == text.ranges(of: "</\(name)>").count, "\(name)")
    }
  }

  @Test func `the scale shows everything that happened, and some time around it`() {
    let chart = Self.page("x").charts[0]
    #expect(chart.begin == .milliseconds(-200))
    // The first answer of the heir ends the gap: 1081 ms, 31 after the trigger.
    #expect(chart.end == .milliseconds(231))
  }
}
