// What a replay showed, as a page for people: a timeline, or two side by side.

package import Model

/// One line of a timeline.
package struct ReplayLine: Hashable, Sendable {
  package let time: Instant
  package let text: String
  package let tone: Tone

  package init(time: Instant, text: String, tone: Tone) {
    self.time = time
    self.text = text
    self.tone = tone
  }
}

package enum ReplayPage {
  /// A line for each; `clock` makes a time of the journal one that people read.
  package static func timeline(
    _ lines: [ReplayLine], clock: (Instant) -> String, style: Style
  ) -> String {
    lines.map { "\(clock($0.time))  \(style.paint(Printable.clean($0.text), $0.tone))\n" }.joined()
  }

  /// The decisions of two engines beside each other; what both decided at one time is one row.
  package static func sideBySide(
    _ left: [ReplayLine], _ right: [ReplayLine], titles: (left: String, right: String),
    clock: (Instant) -> String, style: Style
  ) -> String {
    var table = Table(["TIME", titles.left, titles.right])
    var (first, second) = (left[...], right[...])
    while let row = next(&first, &second) {
      let time = row.left?.time ?? row.right?.time ?? .zero
      table.add([Table.Cell(clock(time)), cell(row.left), cell(row.right)])
    }
    return table.lines(style).map { $0 + "\n" }.joined()
  }

  private static func cell(_ line: ReplayLine?) -> Table.Cell {
    guard let line else { return Table.Cell("") }
    return Table.Cell(Printable.clean(line.text), line.tone)
  }

  /// The earlier of the two next lines, or both when they are of one time and say the same.
  private static func next(
    _ left: inout ArraySlice<ReplayLine>, _ right: inout ArraySlice<ReplayLine>
  ) -> (left: ReplayLine?, right: ReplayLine?)? {
    guard let first = left.first else {
      guard let second = right.popFirst() else { return nil }
      return (nil, second)
    }
    guard let second = right.first else {
      left.removeFirst()
      return (first, nil)
    }
    if first.time == second.time && first.text == second.text {
      left.removeFirst()
      right.removeFirst()
      return (first, second)
    }
    if first.time <= second.time {
      left.removeFirst()
      return (first, nil)
    }
    right.removeFirst()
    return (nil, second)
  }
}
