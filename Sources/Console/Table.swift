// Aligned columns with a tone for each cell.

/// What a piece of text means; on a terminal with colour it shows.
package enum Tone: Hashable, Sendable {
  case plain, heading, good, doubtful, bad
}

/// How text is put out: with the colours of ECMA-48 or without.
package struct Style: Hashable, Sendable {
  package let hasColour: Bool

  package init(hasColour: Bool) { self.hasColour = hasColour }

  /// Colour needs leave from the command line, a terminal that can, and no NO_COLOR
  /// (no-color.org: present and not empty).
  package init(mayColour: Bool, isTerminal: Bool, noColor: String?, term: String?) {
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

  /// One line a row, two spaces between columns, no space at the end of a line.
  func lines(_ style: Style) -> [String] {
    let widths = rows[0].indices.map { column in
      rows.map { $0[column].text.count }.max() ?? 0
    }
    return rows.map { row in
      let last = row.lastIndex { !$0.text.isEmpty } ?? 0
      var line = ""
      for (column, cell) in row.enumerated() where column <= last {
        line += style.paint(cell.text, cell.tone)
        if column < last {
          line += String(repeating: " ", count: widths[column] - cell.text.count + 2)
        }
      }
      return line
    }
  }
}
