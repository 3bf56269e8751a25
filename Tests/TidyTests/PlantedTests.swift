// Every tidy rule on bad text planted for it, so that each rule is seen to fail, and on its good
// neighbour.
import Testing

/// A text that breaks a rule once, in a file where the rule holds.
struct Planted: Sendable, CustomTestStringConvertible {
  var name: String
  var path: String
  var text: String
  var rule: @Sendable (SourceFile) -> [Finding]
  /// The same with the fault mended, or in a file where it is allowed.
  var good: (path: String, text: String)

  var testDescription: String { name }
}

@Suite struct PlantedTests {
  static let head = "// What it is for,\n// in two lines.\n"

  static let words: [Planted] = [
    Planted(
      name: "clock", path: "Sources/Engine/A.swift", text: "let t = ContinuousClock()",
      rule: { Rules.clocks.findings(in: $0) },
      good: ("Sources/Engine/A.swift", "let t = \"ContinuousClock\" // ContinuousClock")),
    Planted(
      name: "randomness", path: "Sources/BGP/A.swift", text: "let x = UInt8.random(in: 0...3)",
      rule: { Rules.randomness.findings(in: $0) },
      good: ("Sources/Linux/A.swift", "let x = UInt8.random(in: 0...3)")),
    Planted(
      name: "environment", path: "Sources/Control/A.swift", text: "let x = getenv(name)",
      rule: { Rules.surroundings.findings(in: $0) },
      good: ("Sources/Control/A.swift", "let x = forgetenv(name); reopen(x)")),
    Planted(
      name: "print", path: "Sources/Failover/A.swift", text: "print(x)",
      rule: { Rules.surroundings.findings(in: $0) },
      good: ("Sources/Failover/A.swift", "func print(_ x: Int) {}\nprint(x)")),
    Planted(
      name: "try?", path: "Sources/Daemon/A.swift", text: "let x = try? load()",
      rule: { Rules.swallowedErrors.findings(in: $0) },
      good: ("Sources/Daemon/A.swift", "let x = try load() // never try?")),
    Planted(
      name: "as!", path: "Sources/Lab/A.swift", text: "let x = y as! Z",
      rule: { Rules.swallowedErrors.findings(in: $0) },
      good: ("Sources/Lab/A.swift", "let x = y as? Z")),
    Planted(
      name: "fatalError", path: "Sources/YAML/A.swift", text: "fatalError(text)",
      rule: { Rules.swallowedErrors.findings(in: $0) },
      good: ("Sources/YAML/A.swift", "precondition(ok, text)")),
    Planted(
      name: "async", path: "Sources/Linux/A.swift", text: "func f() async {}",
      rule: { Rules.concurrency.findings(in: $0) },
      good: ("Sources/Lab/A.swift", "func f() async {}")),
    Planted(
      name: "unchecked", path: "Sources/Model/A.swift",
      text: "final class A: @unchecked Sendable {}",
      rule: { Rules.concurrency.findings(in: $0) },
      good: ("Sources/Model/A.swift", "struct A: Sendable {}")),
    Planted(
      name: "unsafe", path: "Sources/Daemon/A.swift", text: "let x = unsafe y.pointee",
      rule: { Rules.pointers.findings(in: $0) },
      good: ("Sources/Linux/A.swift", "let x = unsafe y.pointee")),
    Planted(
      name: "public", path: "Sources/Failover/A.swift", text: "public struct A {}",
      rule: { Rules.publicity.findings(in: $0) },
      good: ("Sources/Model/A.swift", "public struct A {}")),
    Planted(
      name: "package", path: "Sources/Bytes/A.swift", text: "package struct A {}",
      rule: { Rules.packages.findings(in: $0) },
      good: ("Sources/Failover/A.swift", "package struct A {}")),
    Planted(
      name: "unfinished", path: "CModules/A/A.h", text: "/* TO" + "DO later */",
      rule: { Rules.unfinished.findings(in: $0) },
      good: ("CModules/A/A.h", "/* TO" + "DOs are listed elsewhere */")),
    Planted(
      name: "pause", path: "Tests/ModelTests/A.swift", text: "usle" + "ep(10)",
      rule: { Rules.sleeps.findings(in: $0) },
      good: ("Tests/ModelTests/A.swift", "waitUntil(ready)")),
    Planted(
      name: "pause of a shell", path: "Tests/Checks/a", text: "#!/bin/bash\nsle" + "ep 1",
      rule: { Rules.shellSleeps(in: $0) },
      good: ("Tests/Checks/a", "#!/bin/bash\nread -r line")),
  ]

  static let shapes: [Planted] = [
    Planted(
      name: "empty catch", path: "Sources/Daemon/A.swift",
      text: "do { try f() } catch let error {\n  // nothing\n}",
      rule: { Rules.emptyCatches(in: $0) },
      good: ("Sources/Daemon/A.swift", "do { try f() } catch { note(error) }")),
    Planted(
      name: "walk of a dictionary", path: "Sources/Failover/A.swift",
      text: "var hosts: [HostSlot: Int]\nfor (host, n) in hosts { go(host, n) }",
      rule: { Rules.hashWalks(in: $0) },
      good: (
        "Sources/Failover/A.swift",
        "var hosts: [HostSlot: Int]\nlet n = hosts[slot]\nfor x in list {}"
      )),
    Planted(
      name: "walk of keys", path: "Sources/Failover/A.swift",
      text: "let names = Set<String>()\nlet x = names.map { $0 }",
      rule: { Rules.hashWalks(in: $0) },
      good: ("Sources/Failover/A.swift", "let names = Set<String>()\nlet x = names.sorted()")),
    Planted(
      name: "long file", path: "Tests/ModelTests/A.swift",
      text: String(repeating: "x\n", count: Rules.longestFile + 1), rule: { Rules.length(of: $0) },
      good: ("Tests/ModelTests/A.swift", String(repeating: "x\n", count: Rules.longestFile))),
    Planted(
      name: "long line", path: "Sources/BGP/A.swift",
      text: head + String(repeating: "x", count: Rules.longestLine + 1),
      rule: { Rules.longLines(in: $0) },
      good: ("Sources/BGP/A.swift", head + String(repeating: "x", count: Rules.longestLine))),
    Planted(
      name: "long function", path: "Sources/BGP/A.swift",
      text: "package func f() {\n" + String(repeating: "  a { \"}\" }\n", count: 69) + "}",
      rule: { Rules.longFunctions(in: $0) },
      good: (
        "Sources/BGP/A.swift",
        "package func f() {\n" + String(repeating: "  a { \"}\" }\n", count: 68) + "}"
      )),
    Planted(
      name: "no sentence", path: "Sources/BGP/A.swift", text: "import Model",
      rule: { Rules.openingSentence(of: $0) },
      good: ("Sources/BGP/A.swift", head + "import Model")),
    Planted(
      name: "stray import", path: "Sources/BGP/A.swift", text: "package import Linux",
      rule: { Rules.strayImports(in: $0) }, good: ("Sources/Daemon/A.swift", "package import Linux")
    ),
    Planted(
      name: "Foundation", path: "Sources/Lab/A.swift", text: "import struct Foundation.Data",
      rule: { Rules.strayImports(in: $0) },
      good: ("Tests/BGPTests/A.swift", "import struct Foundation.Data")),
    Planted(
      name: "libc in a pure room", path: "Sources/Engine/A.swift", text: "internal import Glibc",
      rule: { Rules.strayImports(in: $0) }, good: ("Sources/Linux/A.swift", "internal import Glibc")
    ),
  ]

  @Test(arguments: words + shapes) func isFoundOnce(_ planted: Planted) {
    let bad = SourceFile(path: planted.path, text: planted.text)
    #expect(planted.rule(bad).count == 1)
    let good = SourceFile(path: planted.good.path, text: planted.good.text)
    #expect(planted.rule(good) == [])
  }

  @Test func everyWordOfEveryListIsFound() {
    for rule in Rules.banned {
      let paths = ["Sources/Engine/A.swift", "Sources/Model/A.swift", "Tests/ModelTests/A.swift"]
      let path = paths.first { rule.applies(SourceFile(path: $0, text: "")) }
      for word in rule.words {
        let file = SourceFile(path: path ?? "", text: "a \(word) b")
        #expect(rule.findings(in: file).isEmpty == false, "\(word)")
      }
    }
  }

  @Test func aLoopIsFound() {
    #expect(Arrows.loops(in: ["A": ["B"], "B": ["C"], "C": ["A"], "D": ["A"]]) == ["A", "B", "C"])
  }

  @Test func declarationsOfThePackageAreRead() {
    let text =
      "room(\"A\"),\n room(\n \"B\", [\"A\",\n \"C\"]), tests(\"T\", []), func room(_ n: String)"
    #expect(Arrows.declared(in: text) == ["A": [], "B": ["A", "C"], "T": []])
  }

  @Test func patternsAreNoCode() {
    let text = "let a = /b{\\/c/\nd(/e/)\nf / g / h"
    let words = Blanking.blanked(text).split(whereSeparator: { !$0.isLetter }).map(String.init)
    #expect(words == ["let", "a", "d", "f", "g", "h"])
  }

  @Test func commentsAndStringsAreNoCode() {
    let text = "a /* b /* c */ d */ e \"f \\\" g\" h // i\n\"\"\"\nj \" k\n\"\"\" l #\"m \" n\"# o"
    let words = Blanking.blanked(text).split(whereSeparator: { !$0.isLetter }).map(String.init)
    #expect(words == ["a", "e", "h", "l", "o"])
  }
}
