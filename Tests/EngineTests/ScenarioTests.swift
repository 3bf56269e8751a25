// Every story of Tests/Scenarios, told again and compared line by line.

import Foundation
import Testing

struct ScenarioTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Scenarios")

  /// With HOPSHIFT_RECORD=1 the expectations are written anew, and the diff is the review.
  private static let isRecording =
    ProcessInfo.processInfo.environment["HOPSHIFT_RECORD"] == "1"

  private static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".txt") }.sorted()
  }

  @Test func theStoriesAreThere() throws {
    #expect(try Self.names().count >= 20)
  }

  @Test func everyStoryEndsAsItIsWritten() throws {
    for name in try Self.names() {
      let file = Self.folder.appending(path: name)
      let expected = try String(contentsOf: file, encoding: .utf8)
      let actual = try Scenario.run(expected)
      if Self.isRecording {
        try actual.write(to: file, atomically: true, encoding: .utf8)
        continue
      }
      let difference = Self.firstDifference(expected, actual)
      #expect(difference == nil, "\(name): \(difference ?? "")")
    }
  }

  private static func firstDifference(_ expected: String, _ actual: String) -> String? {
    let left = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let right = actual.split(separator: "\n", omittingEmptySubsequences: false)
    for line in 0..<max(left.count, right.count) {
      let wanted = line < left.count ? left[line] : "(the end)"
      let got = line < right.count ? right[line] : "(the end)"
      if wanted != got { return "line \(line + 1): expected \"\(wanted)\", got \"\(got)\"" }
    }
    return nil
  }
}
