// Aligned columns with a tone for each cell.

/// What a piece of text means; on a terminal with colour it shows.
package enum Tone: Hashable, Sendable {
  case plain, heading, good, doubtful, bad
}

/// How text is put out: with the colours of ECMA-48 or without.
package struct Style: Hashable, Sendable {
  package let hasColour: Bool
  /// Columns of the terminal; nil: nobody looks at lines that are too long.
  package let width: Int?

  package init(hasColour: Bool, width: Int? = nil) {
    self.hasColour = hasColour
    self.width = width
  }

  /// Colour needs leave from the command line, a terminal that can, and no NO_COLOR
  /// (no-color.org: present and not empty).
  package init(
    mayColour: Bool, isTerminal: Bool, noColor: String?, term: String?, width: Int? = nil
  ) {
    self.width = isTerminal ? width : nil
    hasColour =
      mayColour && isTerminal && (noColor ?? "").isEmpty && term != nil && term != "dumb"
  }

  /// The text in the colour of its tone, when colours are used.
  package func paint(_ text: String, _ tone: Tone) -> String {
    guard hasColour, tone != .plain, !text.isEmpty else { return text }
    let code =
      switch tone {
      case .plain: "0"
      case .heading: "1"
      case .good: "32"
      case .doubtful: "33"
      case .bad: "31"
      }
    return "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }
}

/// Rows under headings. Every row has one cell for each heading.
struct Table {
  struct Cell {
    let text: String
    let tone: Tone

    init(_ text: String, _ tone: Tone = .plain) {
      self.text = Printable.clean(text)
      self.tone = tone
    }
  }

  private var rows: [[Cell]]

  init(_ headings: [String]) {
    rows = [headings.map { Cell($0, .heading) }]
  }

  mutating func add(_ row: [Cell]) {
    precondition(row.count == rows[0].count, "a row has a cell for each heading")
    rows.append(row)
  }

  /// How far the columns that found no room in the first line of a row stand in.
  private static let indent = 4

  /// One line a row, two spaces between columns, no space at the end of a line. On a terminal that
  /// is too narrow, each row goes on below at the same column, the headings as well.
  func lines(_ style: Style) -> [String] {
    let widths = rows[0].indices.map { column in
      rows.map { $0[column].text.count }.max() ?? 0
    }
    let pieces = Table.pieces(widths, within: style.width)
    return rows.flatMap { row in
      pieces.enumerated().compactMap { place, piece in
        let cells = row[piece]
        guard place == 0 || cells.contains(where: { !$0.text.isEmpty }) else { return nil }
        let lead = place == 0 ? "" : String(repeating: " ", count: Table.indent)
        return lead + Table.line(cells, widths, style)
      }
    }
  }

  private static func line(_ cells: ArraySlice<Cell>, _ widths: [Int], _ style: Style) -> String {
    let last = cells.lastIndex { !$0.text.isEmpty } ?? cells.startIndex
    var line = ""
    for column in cells.startIndex...last {
      let cell = cells[column]
      line += style.paint(cell.text, cell.tone)
      if column < last {
        line += String(repeating: " ", count: widths[column] - cell.text.count + 2)
      }
    }
    return line
  }

  /// Which columns share a line: as many as have room, and at least one.
  private static func pieces(_ widths: [Int], within limit: Int?) -> [Range<Int>] {
    guard let limit else { return [0..<widths.count] }
    var pieces: [Range<Int>] = []
    var start = 0
    var used = widths[0]
    for column in widths.indices.dropFirst() {
      if used + 2 + widths[column] > limit {
        pieces.append(start..<column)
        start = column
        used = indent + widths[column]
      } else {
        used += 2 + widths[column]
      }
    }
    return pieces + [start..<widths.count]
  }
}
