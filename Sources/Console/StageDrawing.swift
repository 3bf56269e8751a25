// The stages of a shift as a drawing in SVG: a bar for each, on one scale.

struct StageDrawing {
  private let spans: [StageSpan]
  private let scale: StageScale

  init(_ spans: [StageSpan]) {
    // When something was seen is where the scale begins, and no length of time.
    self.spans = spans.filter { $0.stage != "seen" }
    scale = StageScale(spans)
  }

  // The geometry, in the units of the view box.
  private static let width = 960.0
  private static let nameWidth = 210.0
  private static let timeWidth = 90.0
  private static let rowHeight = 26.0
  private static let barHeight = 16.0
  private static let axisHeight = 28.0
  /// A stage of no time at all is seen as well.
  private static let leastBar = 2.0

  var text: String {
    let height = StageDrawing.rowHeight * Double(spans.count) + StageDrawing.axisHeight
    var text = """
      <svg viewBox="0 0 \(HTML.number(StageDrawing.width)) \(HTML.number(height))" role="img" \
      aria-label="How long each stage of the shift took">

      """
    for tick in scale.ticks { text += line(at: tick, height: height) }
    for (row, span) in spans.enumerated() { text += bar(span, row: row) }
    return text + "</svg>\n"
  }

  private func x(_ microseconds: Int64) -> Double {
    let room = StageDrawing.width - StageDrawing.nameWidth - StageDrawing.timeWidth
    return StageDrawing.nameWidth + scale.place(microseconds) * room
  }

  private func line(at tick: Int64, height: Double) -> String {
    let place = HTML.number(x(tick))
    let bottom = height - StageDrawing.axisHeight + 6
    return """
      <line class="grid" x1="\(place)" x2="\(place)" y1="0.0" y2="\(HTML.number(bottom))"/>
      <text class="tick" x="\(place)" y="\(HTML.number(height - 8))" text-anchor="middle">\
      \(StageDrawing.round(tick))</text>

      """
  }

  private func bar(_ span: StageSpan, row: Int) -> String {
    let top = StageDrawing.rowHeight * Double(row) + 4
    let base = HTML.number(top + 12)
    let begin = x(span.from)
    let length = max(StageDrawing.leastBar, x(span.to) - begin)
    let name = span.server.map { "\(span.stage) \($0)" } ?? span.stage
    let time = LengthOfTime.text(microseconds: span.to)
    let taken = LengthOfTime.text(microseconds: span.to - span.from)
    return """
      <text class="lane" x="0.0" y="\(base)">\(HTML.escaped(name))</text>
      <rect class="\(StageDrawing.kind(span))" x="\(HTML.number(begin))" y="\(HTML.number(top))" \
      width="\(HTML.number(length))" height="\(HTML.number(StageDrawing.barHeight))">\
      <title>\(HTML.escaped("\(name): took \(taken), over after \(time)"))</title></rect>
      <text class="lane" x="\(HTML.number(begin + length + 6))" y="\(base)">\
      \(HTML.escaped(time))</text>

      """
  }

  /// What we do, what others do, and what proves that it arrived.
  private static func kind(_ span: StageSpan) -> String {
    switch span.stage {
    case "decided", "written": "ours"
    case "confirmed", "udr-done": "proof"
    default: "theirs"
    }
  }

  /// `10 us`, `1 ms`, `100 s`.
  private static func round(_ tick: Int64) -> String {
    switch tick {
    case ..<1_000: "\(tick) us"
    case ..<1_000_000: "\(tick / 1_000) ms"
    default: "\(tick / 1_000_000) s"
    }
  }
}
