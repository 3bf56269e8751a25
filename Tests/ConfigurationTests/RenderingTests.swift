// Files and exactly what is printed about them: Tests/Vectors/configuration/*.txt.
import Configuration
import Foundation
import Model
import Testing

/// One case of a vector file: `=== TITLE`, the configuration, `---`, what is printed.
struct RenderingCase: Sendable, CustomTestStringConvertible {
  var title: String
  var text: String
  var expected: String

  var testDescription: String { title }
}

/// The vector files of this room.
enum Vectors {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Vectors/configuration")

  static let names = [
    "group", "hosts", "probes", "local", "owners", "route-servers", "vips", "watchers", "whole",
    "azure", "confirm", "metrics", "redistribute",
  ]

  static func read(_ name: String) throws -> [RenderingCase] {
    let text = try String(contentsOf: folder.appending(path: "\(name).txt"), encoding: .utf8)
    var cases: [RenderingCase] = []
    var isConfiguration = true
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("=== ") {
        cases.append(RenderingCase(title: String(line.dropFirst(4)), text: "", expected: ""))
        isConfiguration = true
      } else if line == "---" {
        isConfiguration = false
      } else if isConfiguration {
        cases[cases.count - 1].text += "\(line)\n"
      } else {
        cases[cases.count - 1].expected += "\(line)\n"
      }
    }
    return cases
  }
}

struct RenderingTests {
  @Test(arguments: Vectors.names)
  func printsExactly(name: String) throws {
    let cases = try Vectors.read(name)
    #expect(cases.count >= 9)
    for item in cases {
      #expect(rendered(item.text) == item.expected, "\(name).txt, \(item.title)")
    }
  }

  /// There is a Plan exactly when nothing is an error.
  @Test(arguments: Vectors.names)
  func aPlanMeansNoError(name: String) throws {
    for item in try Vectors.read(name) {
      let report = check(item.text)
      let hasError = report.problems.contains { $0.severity == .error }
      #expect((report.plan == nil) == hasError, "\(name).txt, \(item.title)")
    }
  }

  @Test func aLongLineIsCutAroundTheCaret() {
    let padding = String(repeating: "x", count: 300)
    let text = "\(padding)\(padding)"
    let problem = Problem(
      severity: .error, position: Position(line: 1, column: 301), path: "", message: "here")
    let lines = ProblemRenderer(file: "f", bytes: Array(text.utf8)).render(problem)
      .split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[1].count == 4 + 3 + 100 + 3)
    #expect(lines[2] == String(repeating: " ", count: 4 + 3 + 60) + "^")
  }

  @Test func aPlaceOutsideTheFileHasNoLine() {
    let problem = Problem(
      severity: .warning, position: Position(line: 9, column: 1), path: "a.b", message: "here")
    let renderer = ProblemRenderer(file: "f", bytes: Array("a: 1\n".utf8))
    #expect(renderer.render(problem) == "f:9:1: warning: a.b: here\n")
  }

  /// What a terminal would obey never reaches it, from the file or from an escape in it.
  @Test func controlCharactersAreShown() {
    let text = "a: \u{1b}[31m\u{202e}\n\"\\e[2J\": 1\n"
    let problem = Problem(
      severity: .error, position: Position(line: 1, column: 4), path: "", message: "here")
    let line = ProblemRenderer(file: "f", bytes: Array(text.utf8)).render(problem)
    #expect(line.contains("a: \u{fffd}[31m\u{fffd}"))
    let report = rendered("\"\\e[2J\\u202e\": 1\n")
    #expect(report.contains("\\u{1b}[2J\\u{202e}: unknown key"))
    #expect(!report.unicodeScalars.contains("\u{1b}"))
  }
}
