// Tables on terminals that are wide, narrow, or none at all.
import Console
import Control
import Testing

@Suite struct WidthTests {
  private static func page(_ width: Int?) throws -> [String] {
    let style = Style(hasColour: false, width: width)
    return StatusReport(try records(Recorded.status)).render(style)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The lines of the tables: behind the first empty one.
  private static func tables(_ page: [String]) -> [String] { Array(page.drop { !$0.isEmpty }) }

  /// Nothing is lost, and every word stands where it stood in the order.
  @Test(arguments: [40, 60, 80, 120])
  func nothingIsLost(_ width: Int) throws {
    let wide = WidthTests.tables(try WidthTests.page(nil))
    let narrow = WidthTests.tables(try WidthTests.page(width))
    let words = { (lines: [String]) in
      lines.joined(separator: " ").split(separator: " ").map(String.init)
    }
    #expect(words(wide) == words(narrow))
    for line in narrow where !line.hasPrefix("held back") && !line.contains(": ") {
      #expect(line.count <= width, "\(line)")
    }
  }

  /// A pipe gets each row in one line, whatever the terminal of the same shell is.
  @Test func aPipeHasNoWidth() {
    let pipe = Style(mayColour: true, isTerminal: false, noColor: nil, term: "xterm", width: 80)
    #expect(pipe.width == nil)
    let screen = Style(mayColour: true, isTerminal: true, noColor: "1", term: nil, width: 80)
    #expect(screen.width == 80 && !screen.hasColour)
  }

  /// The headings break where the rows do, so that each stands above its column.
  @Test func headingsBreakWithTheirRows() throws {
    let lines = WidthTests.tables(try WidthTests.page(60)).filter { !$0.isEmpty }
    let heading = try #require(lines.firstIndex { $0.hasPrefix("ROUTE SERVER") })
    let below = lines[heading + 1]
    #expect(below.hasPrefix("    ") == (lines[heading + 3].hasPrefix("    ")))
  }
}
