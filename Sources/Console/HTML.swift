// Text, tables and looks of a page of HTML.

enum HTML {
  /// Text as the content of an element or of an attribute in double quotes.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in Printable.clean(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A number of a drawing, with one digit behind the point.
  static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }

  /// Without headings the first column says what the second is.
  static func table(_ headings: [String], _ rows: [[String]]) -> String {
    var text = "<table>\n"
    if !headings.isEmpty {
      text += "<tr>\(headings.map { "<th>\(escaped($0))</th>" }.joined())</tr>\n"
    }
    for row in rows {
      let cells = row.enumerated().map { column, cell in
        let element = headings.isEmpty && column == 0 ? "th" : "td"
        return "<\(element)>\(escaped(cell))</\(element)>"
      }
      text += "<tr>\(cells.joined())</tr>\n"
    }
    return text + "</table>\n"
  }

  /// Dark where the reader's screen is, and on paper black on white.
  static let style = """
    :root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #d0d7de;
      --ours: #2f6fb5; --theirs: #d9822b; --proof: #2e7d32; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --paper: #12161b; --faint: #3a424c;
        --ours: #5b9be0; --theirs: #e8a25a; --proof: #66bb6a; }
    }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
    svg { width: 100%; height: auto; display: block; }
    .ours { fill: var(--ours); } .theirs { fill: var(--theirs); } .proof { fill: var(--proof); }
    .grid { stroke: var(--faint); stroke-width: 1; }
    .tick, .lane { fill: var(--ink); font-size: 12px; }
    .note { color: color-mix(in srgb, var(--ink) 70%, var(--paper)); font-size: .9rem; }
    table { border-collapse: collapse; margin: 1rem 0; }
    th, td { border-top: 1px solid var(--faint); padding: .25rem 1.2rem .25rem 0;
      text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; }
    """
}
