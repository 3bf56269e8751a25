// The manual page and the example agree with the table of keys.
import Configuration
import Foundation
import Model
import Testing
import YAML

/// Files of the repository.
enum Documents {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func url(_ path: String) -> URL { root.appending(path: path) }

  static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: url(path))) }

  static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }
}

struct DocumentTests {
  /// The entries of the manual's KEYS section: the words behind `.It Ic`, and the text below.
  private func manual() throws -> [(path: String, words: String, text: String)] {
    var entries: [(path: String, words: String, text: String)] = []
    var isWithinKeys = false
    for line in try Documents.text("packaging/man/hopshift.yaml.5").split(separator: "\n") {
      if line.hasPrefix(".Sh ") {
        isWithinKeys = line == ".Sh KEYS"
      } else if isWithinKeys, line.hasPrefix(".It Ic ") {
        let words = line.dropFirst(7).split(separator: " ", maxSplits: 1)
        entries.append((String(words[0]), words.count > 1 ? String(words[1]) : "", ""))
      } else if isWithinKeys, !entries.isEmpty {
        entries[entries.count - 1].text += "\(line)\n"
      }
    }
    return entries
  }

  @Test func theManualHasExactlyTheKeysOfTheTable() throws {
    #expect(try manual().map(\.path) == Schema.paths.map(\.path))
  }

  @Test func theManualNamesTypesDefaultsAndRequirements() throws {
    for (entry, row) in zip(try manual(), Schema.paths) {
      switch row.key.shape {
      case .value(let type):
        // A word and a placeholder in one value have a font each.
        let words = entry.words.replacing("\\& Ns Ar ", with: "")
        #expect(words.contains(Schema.typeName(type)), "\(row.path)")
      case .list(let type, let limit):
        #expect(entry.words.contains("Bq Ar \(Schema.typeName(type)) , ..."), "\(row.path)")
        #expect(entry.text.contains("\(limit)"), "\(row.path)")
      case .named(_, let limit, _):
        #expect(entry.text.contains("\(limit)"), "\(row.path)")
        #expect(entry.text.contains("1 to \(Schema.nameLimit) of the letters"))
      case .section: #expect(entry.words.isEmpty, "\(row.path)")
      case .choices(let noun, let limit, _):
        #expect(entry.words.contains("Bq Ar \(noun.uppercased()) , ..."), "\(row.path)")
        #expect(entry.text.contains("at most \(limit) entries"), "\(row.path)")
      case .pairs(let noun, let type, let limit):
        let words = "Brq Ar \(noun.uppercased()) : Ar \(Schema.typeName(type)) , ..."
        #expect(entry.words.contains(words), "\(row.path)")
        #expect(entry.text.contains("\(limit)"), "\(row.path)")
      }
      switch row.key.presence {
      case .required: #expect(entry.text.contains("Required"), "\(row.path)")
      case .defaulted(let text):
        #expect(entry.text.contains("Default:\n.Li \(text) ."), "\(row.path)")
      case .derived:
        #expect(entry.text.contains("Default:") || row.path == "vips", "\(row.path)")
      case .chosen: #expect(!entry.text.isEmpty, "\(row.path)")
      }
    }
  }

  @Test func theManualStatesTheLimitsOfAFile() throws {
    let text = try Documents.text("packaging/man/hopshift.yaml.5")
    #expect(YAML.Limits.fileSize == 4 << 20 && text.contains("at most 4 MiB"))
    #expect(YAML.Limits.depth == 32 && text.contains("32 levels of nesting"))
    #expect(YAML.Limits.nodes == 1_000_000 && text.contains("1,000,000 keys and values"))
    #expect(text.contains("each of the \(Rung.takeovers) takeover"))
  }

  /// The shortest file and the diagnostic in the manual are what the program makes of them.
  @Test func theManualsExamplesAreTrue() throws {
    let blocks = try Documents.text("packaging/man/hopshift.yaml.5")
      .components(separatedBy: ".Bd -literal -offset indent\n").dropFirst()
      .compactMap { $0.components(separatedBy: ".Ed\n").first }
    try #require(blocks.count == 3)
    let probes = blocks[0].replacing("\n", with: "\n    ")
    let host = check(file(hosts: "h:\n    address: 10.0.2.11\n    \(probes)"))
    #expect(host.plan?.targets.count == 2)
    #expect(check(blocks[1]).plan == plainPlan)
    let text = "\n\n\n\n\n\n\n  hold-time: 30\n"
    let problem = check(file(servers: "hold-time: 30\n  peers: [10.0.1.4, 10.0.1.5]")).problems
      .first { $0.severity == .error }
    var shown = try #require(problem)
    shown.position.line = 8
    let renderer = ProblemRenderer(file: "hopshift.yaml", bytes: Array(text.utf8))
    #expect(renderer.render(shown) == blocks[2])
  }

  @Test func theExampleIsThePlainPlan() throws {
    let report = check(try Documents.text("packaging/examples/hopshift.yaml"))
    #expect(report.plan == plainPlan)
    #expect(report.problems.count == 1)
  }

  /// The examples and the beginnings of the warnings that each has to give.
  static let examples: [(name: String, warnings: [String])] = [
    ("hopshift.yaml", ["owners do not hear each other"]), ("keepalived-pair.yaml", []),
    ("pair-healthy.yaml", []), ("redistribute.yaml", []), ("two-watchers.yaml", []),
    ("udr-pair.yaml", []), ("watcher.yaml", ["a watcher without a group"]),
  ]

  @Test func everyExampleIsKnownHere() throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: Documents.url("packaging/examples").path)
    #expect(names.sorted() == DocumentTests.examples.map(\.name))
  }

  @Test(arguments: examples)
  func anExampleIsRight(name: String, warnings: [String]) throws {
    let report = check(try Documents.text("packaging/examples/\(name)"))
    let plan = try #require(report.plan)
    #expect(report.problems.count == warnings.count, "\(report.problems)")
    for (problem, warning) in zip(report.problems, warnings) {
      #expect(problem.message.hasPrefix(warning))
    }
    #expect(check(Configuration.effective(plan)).plan == plan)
  }

  /// What `hopshift-migrate.7` shows is what its files say, and what follows from each is a Plan
  /// that announces nothing yet.
  @Test func theMigrationsAreRight() throws {
    let lines = try Documents.text("packaging/man/hopshift-migrate.7").split(
      separator: "\n", omittingEmptySubsequences: false)
    let blocks = lines.split(separator: ".Bd -literal -offset indent").dropFirst().map { piece in
      piece.prefix { $0 != ".Ed" }.map { line -> String in
        let plain = String(line).replacing("\\e", with: "\\")
        return plain.hasPrefix("\\&") ? String(plain.dropFirst(2)) : plain
      }.joined(separator: "\n") + "\n"
    }
    let directory = Documents.url("packaging/migrate").path
    let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    let files = try names.map { try Documents.text("packaging/migrate/\($0)") }
    #expect(blocks.sorted() == files.sorted())
    let plans = names.filter { $0.hasSuffix(".yaml") }
    #expect(plans == ["bird.yaml", "exabgp.yaml", "keepalived.yaml"])
    for name in plans {
      let text = try Documents.text("packaging/migrate/\(name)")
      let shadow = try #require(check(text).plan, "\(name): \(check(text).problems)")
      #expect(shadow.isShadow)
      let report = check(text.replacing("mode: shadow\n", with: ""))
      let plan = try #require(report.plan)
      #expect(!plan.isShadow)
      let isAlone = name == "bird.yaml"
      #expect(report.problems.count == (isAlone ? 1 : 0), "\(name): \(report.problems)")
    }
  }

  /// With every `#key:` uncommented the examples are right, and together they show each key.
  @Test func theExamplesShowEveryKey() throws {
    var shown: Set<String> = []
    for (name, _) in DocumentTests.examples {
      let text = uncommented(try Documents.text("packaging/examples/\(name)"))
      let problems = check(text).problems
      #expect(problems.allSatisfy { $0.severity == .warning }, "\(name): \(problems)")
      shown.formUnion(paths(try YAML.parse(Array(text.utf8)), under: ""))
    }
    #expect(shown.sorted() == Schema.paths.map(\.path).sorted())
  }

  private func uncommented(_ text: String) -> String {
    let lines = text.split(separator: "\n").map { line -> String in
      let margin = line.prefix { $0 == " " }
      let rest = line.dropFirst(margin.count)
      guard rest.hasPrefix("#"), let next = rest.dropFirst().first, next != " " else {
        return String(line)
      }
      return "\(margin)\(rest.dropFirst())"
    }
    return lines.joined(separator: "\n")
  }

  private func paths(_ tree: Tree, under parent: String) -> [String] {
    if case .sequence(let trees) = tree.content {
      return trees.flatMap { paths($0, under: parent) }
    }
    // Under these stand names of hosts, which are no keys of the table.
    let isLeaf = ["next-hop", "confirm.text"].contains {
      parent == "vips.\(Schema.placeholder).\($0)"
    }
    guard case .mapping(let entries) = tree.content, !isLeaf else { return [] }
    return entries.flatMap { entry -> [String] in
      let isName = ["vips", "hosts", "redistribute"].contains(parent)
      let name = isName ? Schema.placeholder : entry.key
      let path = parent.isEmpty ? name : "\(parent).\(name)"
      return (isName ? [] : [path]) + paths(entry.value, under: path)
    }
  }
}
