// One self-contained page: charts as SVG, and every stage with its time below.

import Linux
import Model

/// A page that needs nothing but itself: no script, no font, no other file.
package struct ChartPage {
  package var title: String
  package var verdict: String
  package var isPassed: Bool
  package var charts: [Chart]

  package init(title: String, verdict: String, isPassed: Bool, charts: [Chart]) {
    self.title = title
    self.verdict = verdict
    self.isPassed = isPassed
    self.charts = charts
  }

  // The geometry of a chart, in the units of its view box.
  private static let width = 960.0
  private static let left = 12.0
  private static let right = 12.0
  private static let barHeight = 26.0
  private static let laneHeight = 92.0
  private static let axisHeight = 34.0

  package func write(to file: String) throws(LabError) {
    do throws(Errno) {
      try Files.writeAtomically(path: file, bytes: Array(text.utf8).span, mode: 0o644)
    } catch {
      throw .system(error, doing: "writing \(file)")
    }
  }

  package var text: String {
    var body = "<h1>\(ChartPage.escaped(title))</h1>\n"
    body += "<p class=\"\(isPassed ? "passed" : "failed")\">\(ChartPage.escaped(verdict))</p>\n"
    for chart in charts {
      body += "<h2>\(ChartPage.escaped(chart.title))</h2>\n"
      body += ChartPage.legend(chart) + ChartPage.drawing(chart)
      for lane in chart.lanes { body += ChartPage.table(lane) }
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(ChartPage.escaped(title))</title>
      <style>
      \(ChartPage.style)
      </style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  // MARK: Parts

  private static func legend(_ chart: Chart) -> String {
    var text = "<p class=\"legend\">"
    for (index, host) in chart.hosts.enumerated() {
      text += "<span class=\"key host\(index)\"></span>\(escaped(host)) answers&emsp;"
    }
    return text + "<span class=\"key none\"></span>nobody answers</p>\n"
  }

  private static func drawing(_ chart: Chart) -> String {
    let height = axisHeight + laneHeight * Double(chart.lanes.count)
    let scale = Scale(begin: chart.begin, end: chart.end)
    var text = """
      <svg viewBox="0 0 \(number(width)) \(number(height))" role="img" \
      aria-label="\(escaped(chart.title))">

      """
    for (place, tick) in scale.ticks.enumerated() {
      let x = scale.x(tick)
      text += "<line class=\"grid\" x1=\"\(number(x))\" x2=\"\(number(x))\" y1=\"0\" "
      text += "y2=\"\(number(height - axisHeight + 6))\"/>\n"
      // No label may hang over an edge.
      let anchor = place == 0 ? "start" : x > width - 30 ? "end" : "middle"
      text += "<text class=\"tick\" x=\"\(number(x))\" y=\"\(number(height - 10))\" "
      text += "text-anchor=\"\(anchor)\">\(tick.milliseconds) ms</text>\n"
    }
    for (index, lane) in chart.lanes.enumerated() {
      text += draw(lane, at: laneHeight * Double(index), scale, chart.hosts)
    }
    return text + "</svg>\n"
  }

  private static func draw(_ lane: ChartLane, at top: Double, _ scale: Scale, _ hosts: [String])
    -> String
  {
    var name = escaped(lane.name)
    if let outage = lane.outage { name += ": \(whole(outage)) without an answer" }
    var text = "<text class=\"lane\" x=\"\(number(left))\" y=\"\(number(top + 20))\">"
    text += "\(name)</text>\n"
    let bar = top + 30
    for span in lane.spans {
      let from = scale.x(max(span.begin, scale.begin))
      let to = scale.x(min(span.end, scale.end))
      guard to > from else { continue }
      let kind = span.host.flatMap { hosts.firstIndex(of: $0) }.map { "host\($0)" } ?? "none"
      text += "<rect class=\"\(kind)\" x=\"\(number(from))\" y=\"\(number(bar))\" "
      text += "width=\"\(number(to - from))\" height=\"\(number(barHeight))\">"
      text += "<title>\(escaped(span.host ?? "nobody")): \(Timeline.milliseconds(span.begin)) to "
      text += "\(Timeline.milliseconds(span.end))</title></rect>\n"
    }
    let zero = number(scale.x(.zero))
    text += "<line class=\"zero\" x1=\"\(zero)\" x2=\"\(zero)\" y1=\"\(number(bar - 6))\" "
    text += "y2=\"\(number(bar + barHeight + 6))\"/>\n"
    for event in lane.events where event.observer.hasPrefix("wire") {
      let x = scale.x(event.time)
      let tip = "\(number(x)) \(number(bar + barHeight + 2))"
      text += "<path class=\"update\" d=\"M\(tip) l-5 9 h10 z\">"
      text += "<title>\(escaped(event.text))</title></path>\n"
    }
    if let last = lane.events.last(where: { $0.observer.hasPrefix("wire") }) {
      let x = scale.x(last.time)
      let isLate = x > width - 220
      text += "<text class=\"tick\" x=\"\(number(isLate ? x - 9 : x + 9))\" "
      text += "y=\"\(number(bar + barHeight + 13))\" "
      text += "text-anchor=\"\(isLate ? "end" : "start")\">UPDATE, \(whole(last.time))</text>\n"
    }
    return text
  }

  private static func table(_ lane: ChartLane) -> String {
    var text = "<table>\n<caption>\(escaped(lane.name))</caption>\n"
    for event in lane.events {
      text += "<tr><td class=\"time\">\(Timeline.milliseconds(event.time))</td>"
      text += "<td>\(escaped(event.observer))</td><td>\(escaped(event.text))</td></tr>\n"
    }
    return text + "</table>\n"
  }

  // MARK: Small parts

  /// Time to place.
  private struct Scale {
    var begin: Nanoseconds
    var end: Nanoseconds

    func x(_ time: Nanoseconds) -> Double {
      let share = Double((time - begin).count) / Double(max((end - begin).count, 1))
      return left + share * (width - left - right)
    }

    /// At most eight round times, zero among them.
    var ticks: [Nanoseconds] {
      let steps: [Int64] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000]
      let length = (end - begin).milliseconds
      let step = steps.first { length / $0 <= 8 } ?? 60_000
      let first = begin.milliseconds / step
      let last = end.milliseconds / step
      return (first...max(first, last)).map { .milliseconds($0 * step) }
    }
  }

  /// `91 ms`, and `0.1 ms` where that would hide everything.
  private static func whole(_ length: Nanoseconds) -> String {
    guard length < .milliseconds(10) else { return "\((length.count + 500_000) / 1_000_000) ms" }
    return number(Double(length.count) / 1_000_000) + " ms"
  }

  /// One digit behind the point.
  private static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }

  package static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #d0d7de;
      --first: #2f6fb5; --second: #d9822b; --gap: #c62828; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --paper: #12161b; --faint: #3a424c;
        --first: #5b9be0; --second: #e8a25a; --gap: #ef6a6a; }
    }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
    svg { width: 100%; height: auto; display: block; }
    .passed { border-left: 4px solid #2e7d32; padding-left: .7rem; font-weight: 600; }
    .failed { border-left: 4px solid var(--gap); padding-left: .7rem; font-weight: 600; }
    .key { display: inline-block; width: 1em; height: 1em; vertical-align: -.1em;
      margin-right: .4em; }
    .host0 { fill: var(--first); background: var(--first); }
    .host1 { fill: var(--second); background: var(--second); }
    .none { fill: var(--gap); background: var(--gap); }
    .grid { stroke: var(--faint); stroke-width: 1; }
    .zero { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3; }
    .tick { fill: var(--ink); font-size: 12px; } .lane { fill: var(--ink); font-size: 14px;
      font-weight: 600; }
    .update { fill: var(--ink); }
    table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
    caption { text-align: left; font-weight: 600; padding: .3rem 0; }
    td { border-top: 1px solid var(--faint); padding: .25rem .6rem .25rem 0;
      vertical-align: top; }
    td:nth-child(2) { width: 7rem; }
    .time { width: 7rem; text-align: right; white-space: nowrap;
      font-variant-numeric: tabular-nums; }
    """
}
