// The daemon's own flags, and the exit codes that a service manager acts on.

import Control
import Daemon
import Foundation
import Testing

struct OptionsTests {
  @Test func nothingSaidMeansTheDefaults() throws {
    let options = try Options([])
    #expect(options.action == .run)
    #expect(options.configuration == DefaultPath.configuration)
    #expect(options.control == DefaultPath.control)
  }

  @Test(arguments: [
    ["--config", "a.yaml", "--control", "b.sock", "--check"],
    ["--check", "--control=b.sock", "--config=a.yaml"],
  ])
  func pathsMayStandBehindOrWithin(words: [String]) throws {
    let options = try Options(words)
    #expect(options.action == .check)
    #expect(options.configuration == "a.yaml")
    #expect(options.control == "b.sock")
  }

  @Test(arguments: [
    ["--config"], ["--control"], ["--config", ""], ["--config="], ["--nothing"], ["file.yaml"],
    ["--check=yes"], ["--version=1"], ["-c"],
  ])
  func whatIsNotUnderstoodIsRefused(words: [String]) {
    #expect(throws: UsageError.self) { try Options(words) }
  }

  @Test func usageNamesEveryFlag() {
    for flag in ["--config", "--control", "--check", "--version"] {
      #expect(Options.usage.contains(flag))
    }
  }

  @Test(arguments: [
    ("local: {asn: 65001}\n", ExitCode.badConfiguration),
    ("local: [\n", .badConfiguration),
    (
      """
      local: {asn: 65001, address: 10.0.2.10}
      route-servers: {peers: [10.0.1.4, 10.0.1.5]}
      vips: {web: {prefixes: [10.1.0.5/32], owner: {when: address}}}

      """, .ok
    ),
  ])
  func checkingEndsAsTheUnitExpects(text: String, code: ExitCode) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "hopshiftd-check-\(UUID().uuidString).yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
    #expect(Program.run(["--check", "--config", file.path]) == code.rawValue)
  }

  @Test func aFileThatIsNotThereIsABadConfiguration() {
    #expect(
      Program.run(["--check", "--config", "/nonexistent/hopshift.yaml"])
        == ExitCode.badConfiguration.rawValue)
  }

  @Test func wordsThatAreNotUnderstoodEndWithUsage() {
    #expect(Program.run(["--frobnicate"]) == ExitCode.usage.rawValue)
  }
}
