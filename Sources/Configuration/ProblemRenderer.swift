// Prints problems as compilers do: the place, the sentence, the source line and a caret below it.
import Model

/// Knows one file: its name for the messages, its bytes for the lines.
package struct ProblemRenderer {
  /// The longest piece of a line that is shown, in characters; the caret stays within it.
  private static let width = 100
  /// How much is shown before the caret of a longer line.
  private static let lead = 60
  /// A longer line, in bytes, is not shown: it would be read again for each of its problems.
  private static let lineLimit = 64 << 10

  private let file: String
  private let bytes: [UInt8]
  /// Where each line begins. LF, CR LF and CR end a line, as they do for the parser.
  private let starts: [Int]

  package init(file: String, bytes: [UInt8]) {
    self.file = file
    let mark = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    self.bytes = bytes
    var starts = [mark]
    for index in bytes.indices
    where bytes[index] == 0x0a
      || (bytes[index] == 0x0d && !(index + 1 < bytes.count && bytes[index + 1] == 0x0a))
    {
      starts.append(index + 1)
    }
    self.starts = starts
  }

  /// All of them, each ended by a line feed.
  package func render(_ problems: [Problem]) -> String {
    problems.map(render).joined()
  }

  /// One to four lines: place and message, the source line, the caret, the suggestion.
  package func render(_ problem: Problem) -> String {
    let subject = problem.path.isEmpty ? "" : "\(problem.path): "
    var text = "\(file):\(problem.position): \(problem.severity.rawValue): "
    text += "\(subject)\(problem.message)\n"
    if let (line, margin) = excerpt(problem.position) {
      text += "    \(line)\n    \(margin)^\n"
    }
    if let suggestion = problem.suggestion { text += "    hint: \(suggestion)\n" }
    return text
  }

  /// The line, or the part of it around the column, and the white space that leads to the column.
  private func excerpt(_ position: Position) -> (line: String, margin: String)? {
    guard starts.indices.contains(position.line - 1) else { return nil }
    let start = starts[position.line - 1]
    let end = position.line < starts.count ? starts[position.line] : bytes.count
    if end - start > ProblemRenderer.lineLimit { return nil }
    let line = String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars
      .filter { $0 != "\n" && $0 != "\r" }
    if line.isEmpty { return nil }
    let caret = min(position.column - 1, line.count)
    let from = line.count > ProblemRenderer.width ? max(0, caret - ProblemRenderer.lead) : 0
    let to = min(line.count, from + ProblemRenderer.width)
    var shown = from > 0 ? "..." : ""
    var margin = from > 0 ? "   " : ""
    for (index, scalar) in line.enumerated() where index >= from && index < to {
      let visible = scalar == "\t" || !Quote.isControl(scalar) ? scalar : "\u{fffd}"
      shown.unicodeScalars.append(visible)
      if index < caret { margin += scalar == "\t" ? "\t" : " " }
    }
    if to < line.count { shown += "..." }
    return (shown, margin)
  }
}
