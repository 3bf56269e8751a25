// The rules that look at one file: what each forbids, where, and what to write instead.

/// A place that breaks a rule.
struct Finding: Equatable, CustomStringConvertible {
  var path: String
  var line: Int
  var what: String

  var description: String { "\(path):\(line): \(what)" }
}

/// A word that may not stand in some files, and what stands there instead.
struct Banned: Sendable {
  var words: [String]
  var instead: String
  var applies: @Sendable (SourceFile) -> Bool
  /// Comments count too.
  var inComments = false

  func findings(in file: SourceFile) -> [Finding] {
    guard applies(file) else { return [] }
    let lines = inComments ? file.lines : file.code
    // Most files have none of the words: their identifiers tell so without a search.
    let possible = words.filter { word in
      Banned.identifiers(in: word).allSatisfy(file.identifiers.contains)
        && !file.declares.contains(word)
    }
    guard !possible.isEmpty else { return [] }
    var result: [Finding] = []
    for (index, line) in lines.enumerated() {
      for word in possible where Banned.contains(line, word) {
        result.append(Finding(path: file.path, line: index + 1, what: "\(word): \(instead)"))
      }
    }
    return result
  }

  /// The identifiers in a text.
  static func identifiers(in text: String) -> [Substring] {
    text.utf8.split(whereSeparator: { !isIdentifier($0) }).map { Substring($0) }
  }

  /// Whether `word` stands in `line` and is not a part of a longer identifier.
  static func contains(_ line: String, _ word: String) -> Bool {
    let text = Array(line.utf8)
    let wanted = Array(word.utf8)
    guard let first = wanted.first, let last = wanted.last, text.count >= wanted.count else {
      return false
    }
    for start in 0...(text.count - wanted.count) where text[start] == first {
      let end = start + wanted.count
      guard text[start..<end].elementsEqual(wanted) else { continue }
      if isIdentifier(first), start > 0, isIdentifier(text[start - 1]) { continue }
      if isIdentifier(last), end < text.count, isIdentifier(text[end]) { continue }
      return true
    }
    return false
  }

  private static func isIdentifier(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// Every rule, each with its limits.
enum Rules {
  static let longestFile = 500
  static let longestFunction = 70
  static let longestLine = 100

  private static func isPure(_ file: SourceFile) -> Bool {
    file.isSource && file.isSwift && Arrows.pure.contains(file.target ?? "")
  }

  private static func isSwiftSource(_ file: SourceFile) -> Bool { file.isSource && file.isSwift }

  private static let daemonRooms = Arrows.linked(by: "hopshiftd")

  static let clocks = Banned(
    words: [
      "ContinuousClock", "SuspendingClock", "clock_gettime", "gettimeofday", "Date()", "time(nil)",
      "Instant.now", "DispatchTime",
    ],
    instead: "time comes in as `at now: Instant`", applies: isPure)

  static let randomness = Banned(
    words: [
      "SystemRandomNumberGenerator", ".random(", "randomElement", ".shuffled()", ".shuffle()",
      "getrandom", "arc4random", "Hasher()", "hashValue",
    ],
    instead: "a seed comes in as a value", applies: isPure)

  static let surroundings = Banned(
    words: [
      "getenv", "CommandLine", "ProcessInfo", "print(", "debugPrint(", "readLine(",
      "fopen", "open(", "socket(", "pthread_create", "Thread",
    ],
    instead: "bytes come in and values go out; the edge reads and writes", applies: isPure)

  static let swallowedErrors = Banned(
    words: ["try?", "try!", "as!", "fatalError("],
    instead: "a typed throw that is handled once, or a precondition", applies: isSwiftSource)

  static let concurrency = Banned(
    words: [
      "async", "await", "actor", "Task", "TaskGroup", "AsyncStream", "DispatchQueue",
      "@unchecked Sendable", "nonisolated(unsafe)", "@preconcurrency",
    ],
    instead: "the daemon is one loop on one thread",
    applies: { isSwiftSource($0) && daemonRooms.contains($0.target ?? "") })

  static let pointers = Banned(
    words: [
      "unsafe", "withUnsafeBytes", "withUnsafeBufferPointer", "withUnsafePointer",
      "withUnsafeMutablePointer", "UnsafePointer", "UnsafeMutablePointer", "UnsafeRawPointer",
      "UnsafeRawBufferPointer", "UnsafeMutableRawPointer", "UnsafeBufferPointer",
      "UnsafeMutableRawBufferPointer", "UnsafeMutableBufferPointer", "OpaquePointer", "Unmanaged",
      "unsafeBitCast",
    ],
    instead: "read through Span; pointers live in the rooms at the edge",
    applies: { file in
      guard file.isSwift, let target = file.target else { return false }
      return !Arrows.edge.contains(target) && !Arrows.testsWithPointers.contains(target)
    })

  /// What these rooms say is inlined by all others, which the compiler does for nothing but
  /// `public`.
  private static let inlinedRooms = ["Model", "Bytes"]

  static let publicity = Banned(
    words: ["public", "open class"], instead: "`package` across rooms, `private` by default",
    applies: { isSwiftSource($0) && !inlinedRooms.contains($0.target ?? "") })

  static let packages = Banned(
    words: ["package"], instead: "`public`: this room is inlined by all others",
    applies: { isSwiftSource($0) && inlinedRooms.contains($0.target ?? "") })

  /// Written in two halves, so that this list does not find itself.
  static let unfinished = Banned(
    words: ["FIX" + "ME", "TO" + "DO", "XX" + "X"], instead: "finish it or file it",
    applies: { _ in true }, inComments: true)

  static let sleeps = Banned(
    words: [
      "sle" + "ep(", "usle" + "ep(", "nanosle" + "ep(", "clock_nanosle" + "ep(",
      "Thread.sle" + "ep", "Task.sle" + "ep", "time.sle" + "ep",
    ],
    instead: "wait on the condition itself", applies: { $0.isTest })

  static let banned: [Banned] = [
    clocks, randomness, surroundings, swallowedErrors, concurrency, pointers, publicity, packages,
    unfinished, sleeps,
  ]

  /// A shell waits with the same word as a command.
  static func shellSleeps(in file: SourceFile) -> [Finding] {
    guard file.isTest, !file.isSwift, file.lines.first?.hasPrefix("#!/bin/bash") == true else {
      return []
    }
    let command = "sle" + "ep"
    return file.lines.enumerated().compactMap { index, line in
      let words = line.split(whereSeparator: { " \t;&|(".contains($0) })
      guard words.contains(where: { $0 == command }), !line.contains("# ") else { return nil }
      return Finding(path: file.path, line: index + 1, what: "\(command): wait on the condition")
    }
  }

  /// A `catch` whose braces hold nothing.
  static func emptyCatches(in file: SourceFile) -> [Finding] {
    guard isSwiftSource(file) else { return [] }
    let code = file.code.joined(separator: "\n")
    return code.matches(of: /\bcatch\b[^{}]*\{\s*\}/).map { match in
      let line = code[..<match.range.lowerBound].split(
        separator: "\n", omittingEmptySubsequences: false
      ).count
      return Finding(
        path: file.path, line: line, what: "empty catch: handle the error or let it go on")
    }
  }

  /// A walk over a hash table, whose order changes from run to run. Names are taken from
  /// declarations in the same file; looking a key up is no walk, and neither is sorting.
  static func hashWalks(in file: SourceFile) -> [Finding] {
    guard isPure(file) else { return [] }
    let declared =
      /\b(\w+)\s*:\s*(?:inout\s+|borrowing\s+|consuming\s+)?(?:Set<|Dictionary<|\[\s*[A-Za-z_][\w.]*\s*:\s*[A-Za-z_\[(])/
    let assigned =
      /\b(?:let|var)\s+(\w+)\s*=\s*(?:Set[<(]|Dictionary[<(]|\[\s*[A-Z][\w.]*\s*:\s*[^\]]+\]\(\)|\[:\])/
    var names: Set<String> = []
    for line in file.code where line.contains(":") || line.contains("=") {
      for match in line.matches(of: declared) { names.insert(String(match.1)) }
      for match in line.matches(of: assigned) { names.insert(String(match.1)) }
    }
    guard !names.isEmpty else { return [] }
    let loop = /\bfor\s+.+?\s+in\s+(?:self\.)?(\w+)\s*(?:\{|where\b|\.(?:keys|values)\b)/
    let walk =
      /\b(\w+)\??\.(?:keys|values|forEach|map|flatMap|compactMap|filter|reduce|first|enumerated|makeIterator|popFirst|joined|elements)\b(?!\.sorted)/
    var result: [Finding] = []
    for (index, line) in file.code.enumerated() {
      let walked =
        line.matches(of: loop).map { String($0.1) } + line.matches(of: walk).map { String($0.1) }
      for name in walked where names.contains(name) {
        result.append(
          Finding(
            path: file.path, line: index + 1,
            what: "walk over the hash table \(name): walk an array, or sort the keys"))
      }
    }
    return result
  }

  /// The manual and the tests' vectors are not read from top to bottom.
  private static func isData(_ file: SourceFile) -> Bool {
    file.path.hasPrefix("packaging/man/") || file.path.contains("/Vectors/")
  }

  static func length(of file: SourceFile) -> [Finding] {
    guard file.lines.count > longestFile, !isData(file) else { return [] }
    return [
      Finding(path: file.path, line: file.lines.count, what: "more than \(longestFile) lines")
    ]
  }

  /// The opening sentence may be longer: it cannot be broken.
  static func longLines(in file: SourceFile) -> [Finding] {
    guard file.isSwift else { return [] }
    return file.lines.enumerated().compactMap { index, line in
      guard index > 0, line.count > longestLine, !line.contains(/https?:/), !isPattern(line) else {
        return nil
      }
      return Finding(path: file.path, line: index + 1, what: "\(line.count) columns")
    }
  }

  /// A regular expression literal alone on its line cannot be broken either.
  private static func isPattern(_ line: String) -> Bool {
    let text = line.trimmingPrefix(while: \.isWhitespace)
    return text.hasPrefix("/") && !text.hasPrefix("//") && text.hasSuffix("/")
  }

  static func openingSentence(of file: SourceFile) -> [Finding] {
    guard file.isSwift, file.path != "Package.swift" else { return [] }
    let opening = file.lines.prefix { $0.hasPrefix("// ") && !$0.hasPrefix("// swift") }
    let length = opening.reduce(0) { $0 + $1.count }
    if length > 12, opening.contains(where: { $0.hasSuffix(".") }) { return [] }
    return [Finding(path: file.path, line: 1, what: "the file opens with no sentence in //")]
  }

  /// Functions, initialisers and deinitialisers, by matching braces.
  static func longFunctions(in file: SourceFile) -> [Finding] {
    guard file.isSwift else { return [] }
    let heading =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+(?:\(\w+\))?\s+)*(?:func\b|init\b[?!]?\s*[(<]|deinit\b)/
    return file.code.indices.compactMap { start in
      let line = file.code[start]
      guard line.contains("func") || line.contains("init"), line.contains(heading),
        let end = endOfBody(file.code, from: start), end - start + 1 > longestFunction
      else { return nil }
      return Finding(
        path: file.path, line: start + 1, what: "a function of \(end - start + 1) lines")
    }
  }

  /// The line where the braces that open at or after `start` are closed; nil without a body.
  private static func endOfBody(_ code: [String], from start: Int) -> Int? {
    var depth = 0
    for index in start..<code.count {
      for character in code[index].utf8 {
        if character == UInt8(ascii: "{") { depth += 1 }
        if character == UInt8(ascii: "}") {
          depth -= 1
          if depth == 0 { return index }
          if depth < 0 { return nil }
        }
      }
    }
    return nil
  }

  /// Imports that have no arrow in the table.
  static func strayImports(in file: SourceFile) -> [Finding] {
    guard file.isSwift, let target = file.target else { return [] }
    let allowed = Arrows.rooms[target] ?? Arrows.tests[target] ?? []
    return Arrows.imports(of: file).compactMap { line, module in
      if allowed.contains(module) || Arrows.isAllowed(toolchain: module, in: file) { return nil }
      return Finding(path: file.path, line: line, what: "\(target) may not import \(module)")
    }
  }
}
