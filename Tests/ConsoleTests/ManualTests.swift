// Help texts, man pages and completions name the same verbs, options, words and exit codes.
import Console
import Control
import Foundation
import Model
import Testing

@Suite struct ManualTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func lines(_ path: String) throws -> [String] {
    let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// An option as every description of it must agree: its name, and whether it takes an argument.
  private struct Named: Hashable {
    let name: String
    let hasArgument: Bool

    init(_ option: Console.Option) {
      name = option.name
      hasArgument = option.argument != nil
    }

    init(_ name: String, _ hasArgument: Bool) {
      self.name = name
      self.hasArgument = hasArgument
    }
  }

  /// The items of a man page: the options below each verb, the global ones below "".
  private static func options(ofManual lines: [String]) -> [String: [Named]] {
    var verb = ""
    var found: [String: [Named]] = ["": []]
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      if words.starts(with: [".It", "Cm"]) {
        verb = words[2]
        found[verb] = []
      } else if words.starts(with: [".It", "Fl", "Fl"]) {
        found[verb, default: []].append(Named("--" + words[3], words.contains("Ar")))
      }
    }
    return found
  }

  @Test func theManualHasEveryVerbAndOption() throws {
    let found = ManualTests.options(ofManual: try ManualTests.lines("packaging/man/hopshift.1"))
    #expect(found[""] == Console.Option.global.map(Named.init))
    #expect(found.count == Synopsis.all.count + 1)
    for synopsis in Synopsis.all {
      #expect(found[synopsis.verb] == synopsis.options.map(Named.init), "\(synopsis.verb)")
    }
  }

  /// In the synopsis a verb's options stand behind `.Cm verb` until the next `.Nm`.
  @Test func theSynopsisHasThemToo() throws {
    let lines = try ManualTests.lines("packaging/man/hopshift.1")
    let section = lines.drop { $0 != ".Sh SYNOPSIS" }.dropFirst().prefix { !$0.hasPrefix(".Sh") }
    var found: [String: [String]] = [:]
    for block in section.split(separator: ".Nm") {
      let verb = try #require(block.first { $0.hasPrefix(".Cm ") }).dropFirst(4)
      let behind = block.drop { !$0.hasPrefix(".Cm ") }
      found[String(verb)] = behind.compactMap { line in
        line.firstMatch(of: /Fl Fl ([a-z-]+)/).map { "--\($0.1)" }
      }
    }
    #expect(found.count == Synopsis.all.count)
    for synopsis in Synopsis.all {
      #expect(found[synopsis.verb] == synopsis.options.map(\.name), "\(synopsis.verb)")
    }
  }

  @Test func theManualHasEveryWordAndExitCode() throws {
    let lines = try ManualTests.lines("packaging/man/hopshift.1")
    let words = lines.filter { $0.hasPrefix(".Cm ") }.map { $0.split(separator: " ")[1] }
    for kind in MonitorCommand.kinds { #expect(words.contains(Substring(kind)), "\(kind)") }
    let section = lines.drop { $0 != ".Sh EXIT STATUS" }.dropFirst().prefix {
      !$0.hasPrefix(".Sh")
    }
    let codes = section.filter { $0.hasPrefix(".It ") }.map { String($0.dropFirst(4)) }
    #expect(codes == ExitCode.allCases.map { "\($0.rawValue)" })
  }

  @Test func theManualHasTheDefaults() throws {
    for page in ["packaging/man/hopshift.1", "packaging/man/hopshiftd.8"] {
      let text = try ManualTests.lines(page).joined(separator: "\n")
      #expect(text.contains(".Pa \(DefaultPath.control)"))
      #expect(text.contains(".Pa \(DefaultPath.configuration)"))
    }
    #expect(CheckCommand.synopsis.details.contains(DefaultPath.configuration))
  }

  @Test func theManualOfTheDaemonHasItsOptions() throws {
    let found = ManualTests.options(ofManual: try ManualTests.lines("packaging/man/hopshiftd.8"))
    #expect(
      found == [
        "": [
          Named("--config", true), Named("--control", true), Named("--state", true),
          Named("--check", false), Named("--version", false), Named("--help", false),
        ]
      ])
  }

  @Test func theManualOfTheCourierHasItsOptions() throws {
    let page = try ManualTests.lines("packaging/man/hopshift-courier.8")
    let wanted = [
      Named("--control", true), Named("--state", true), Named("--listen", true),
      Named("--endpoint", true), Named("--metadata", true), Named("--ca-file", true),
      Named("--version", false), Named("--help", false),
    ]
    #expect(ManualTests.options(ofManual: page) == ["": wanted])
    let names = wanted.map(\.name)
    let bash = try ManualTests.lines("packaging/completions/bash/hopshift-courier")
    #expect(bash.joined().contains("'\(names.joined(separator: " "))'"))
    let zsh = try ManualTests.lines("packaging/completions/zsh/_hopshift-courier")
    let found = zsh.compactMap { $0.firstMatch(of: /'(--[a-z-]+)\[/).map { String($0.1) } }
    #expect(found == names)
  }

  @Test func bashCompletesThem() throws {
    let text = try ManualTests.lines("packaging/completions/bash/hopshift").joined(separator: "\n")
    let verbs = Synopsis.all.map(\.verb)
    let global = Console.Option.global.map(\.name)
    let verbWords = try #require(text.firstMatch(of: /local verbs='([^']*)'/)).1
    #expect(verbWords.split(separator: " ").map(String.init) == verbs)
    let globalWords = try #require(text.firstMatch(of: /local global='([^']*)'/)).1
    #expect(globalWords.split(separator: " ").map(String.init) == global)
    var found: [String: [String]] = [:]
    for match in text.matches(of: /\n  ([a-z]+)\) candidates="([^"]*)"/) {
      found[String(match.1)] = match.2.split(separator: " ").map(String.init)
    }
    #expect(found.count == verbs.count)
    for synopsis in Synopsis.all {
      let lead = synopsis.verb == "help" ? ["$verbs"] : synopsis.choices
      #expect(found[synopsis.verb] == lead + synopsis.options.map(\.name) + ["$global"])
    }
    // Behind an option that takes an argument comes no verb: the script must know each of them.
    let known = Set(Console.Option.global + Synopsis.all.flatMap(\.options))
    let takers = Set(known.filter { $0.argument != nil }.map(\.name))
    let cases = text.matches(of: /\n  (--[a-z| -]+)\)\n/).flatMap {
      $0.1.split(separator: " | ").map(String.init)
    }
    #expect(Set(cases) == takers)
  }

  @Test func zshCompletesThem() throws {
    let text = try ManualTests.lines("packaging/completions/zsh/_hopshift").joined(separator: "\n")
    let pieces = text.split(separator: "case $words[1] in", maxSplits: 1).map(String.init)
    try #require(pieces.count == 2)
    #expect(ManualTests.zshOptions(pieces[0]) == Console.Option.global.map(ManualTests.line))
    let verbs = pieces[0].matches(of: /'([a-z]+):([^'\]]+)'\n/).map { "\($0.1):\($0.2)" }
    #expect(verbs == Synopsis.all.map { "\($0.verb):\($0.abstract)" })
    var found: [String: String] = [:]
    for match in pieces[1].matches(of: /(?m)^    ([a-z]+)\)\n((?:      .*\n)+)/) {
      found[String(match.1)] = String(match.2)
    }
    #expect(found.count == Synopsis.all.count)
    for synopsis in Synopsis.all {
      let block = try #require(found[synopsis.verb])
      #expect(block.contains("$global"))
      #expect(ManualTests.zshOptions(block) == synopsis.options.map(ManualTests.line))
      if !synopsis.choices.isEmpty {
        #expect(block.contains("(\(synopsis.choices.joined(separator: " ")))"))
      }
    }
    let help = try #require(found["help"])
    #expect(help.contains("(\(Synopsis.all.map(\.verb).joined(separator: " ")))"))
  }

  private static func zshOptions(_ text: String) -> [String] {
    text.matches(of: /'(--[a-z-]+\[[^\]]*\])(:[^']*)?'/).map {
      "\($0.1)\($0.2 == nil ? "" : ":")"
    }
  }

  private static func line(_ option: Console.Option) -> String {
    "\(option.name)[\(option.help)]\(option.argument == nil ? "" : ":")"
  }

  /// Each is a command line of its verb that would be understood, and help and manual have it.
  @Test(arguments: Synopsis.all)
  func examplesAreUnderstood(_ synopsis: Synopsis) throws {
    #expect(!synopsis.examples.isEmpty)
    for example in synopsis.examples {
      for line in example.lines {
        let words = ManualTests.words(line)
        #expect(words.prefix(2) == ["hopshift", synopsis.verb], "\(line)")
        #expect(throws: Never.self) { _ = try Invocation(Array(words.dropFirst())) }
      }
    }
  }

  /// As a shell cuts it: quotes keep blanks.
  private static func words(_ line: String) -> [String] {
    line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .flatMap { place, piece in
        place.isMultiple(of: 2) ? piece.split(separator: " ") : [piece]
      }.map(String.init)
  }

  @Test func theManualHasTheExamples() throws {
    let lines = try ManualTests.lines("packaging/man/hopshift.1")
    let section = lines.drop { $0 != ".Sh EXAMPLES" }.dropFirst().prefix { !$0.hasPrefix(".Sh") }
    let text = section.joined(separator: "\n").replacing("\\(dq", with: "\"")
    var place = text.startIndex
    for example in Synopsis.all.flatMap(\.examples) {
      let block = "\(example.purpose):\n.Pp\n" + example.lines.map { ".Dl \($0)\n" }.joined()
      let found = try #require(text[place...].firstRange(of: block), "\(block)")
      place = found.upperBound
    }
  }

  /// What prints something prints it for programs too; `record` writes a file and `help` explains.
  @Test func everyVerbHasRecords() {
    let without = Synopsis.all.filter { !$0.options.contains { $0.name == "--json" } }
    #expect(without.map(\.verb) == ["record", "help"])
  }

  @Test(arguments: [nil] + Synopsis.all.map(\.verb))
  func helpNamesEverythingAndFitsAScreen(_ verb: String?) throws {
    let invocation = try Invocation(["help"] + (verb.map { [$0] } ?? []))
    guard case .help(let command) = invocation.command else {
      Issue.record("not help")
      return
    }
    let text = command.text
    #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
    for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    let options = command.topic?.options ?? []
    for option in options + Console.Option.global {
      #expect(text.contains("  \(option.usage) "), "\(option.name)")
      #expect(text.contains(option.help))
    }
    if let topic = command.topic {
      #expect(text.contains(topic.details))
      for choice in topic.choices { #expect(topic.details.contains(choice)) }
      for example in topic.examples {
        #expect(text.contains("  \(example.purpose):\n"))
        for line in example.lines { #expect(text.contains("    \(line)\n")) }
      }
    } else {
      for synopsis in Synopsis.all { #expect(text.contains("  \(synopsis.verb) ")) }
      for code in ExitCode.allCases { #expect(text.contains("  \(code.rawValue) ")) }
    }
  }
}
