// A file of the repository as the tidy rules see it: its lines, and its code without comments and
// strings.
import Foundation

/// One text file. `code` has as many lines as `lines`, with comments and string contents blanked.
struct SourceFile: Sendable {
  let path: String
  let lines: [String]
  let code: [String]
  /// Every identifier that stands in the text, comments included.
  let identifiers: Set<Substring>
  /// The functions that the file declares, written as a call begins: a `print(` of its own is not
  /// the one of the standard library.
  let declares: Set<String>

  init(path: String, text: String) {
    self.path = path
    lines = SourceFile.split(text)
    code =
      path.hasSuffix(".swift") ? SourceFile.split(Blanking.blanked(text)) : SourceFile.split(text)
    identifiers = Set(Banned.identifiers(in: text))
    declares = Set(
      text.split(separator: "func ", omittingEmptySubsequences: false).dropFirst().compactMap {
        rest in
        Banned.identifiers(in: String(rest.prefix(80))).first.map { "\($0)(" }
      })
  }

  /// The target that the file belongs to: `Sources/BGP/Session.swift` is of `BGP`.
  var target: String? {
    let parts = path.split(separator: "/")
    guard parts.count >= 3, parts[0] == "Sources" || parts[0] == "Tests" else { return nil }
    return String(parts[1])
  }

  var isSwift: Bool { path.hasSuffix(".swift") }
  var isSource: Bool { path.hasPrefix("Sources/") }
  var isTest: Bool { path.hasPrefix("Tests/") }

  private static func split(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}

/// Replaces what is not code by spaces, so that rules see words only where the compiler does.
enum Blanking {
  private enum State {
    case code
    case lineComment
    case blockComment(depth: Int)
    /// A string literal: how many `#` it has and whether it spans lines. What is interpolated
    /// counts as text.
    case string(pounds: Int, multiline: Bool)
    /// A regular expression literal between slashes.
    case pattern
  }

  static func blanked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var state = State.code
    var at = 0
    while at < bytes.count {
      let length: Int
      let keeps: Bool
      (state, length, keeps) = step(state, bytes, at)
      for byte in bytes[at..<min(at + length, bytes.count)] {
        result.append(keeps || byte == newline ? byte : space)
      }
      at += length
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")
  private static let quote = UInt8(ascii: "\"")
  private static let slash = UInt8(ascii: "/")
  private static let pound = UInt8(ascii: "#")

  /// What the next bytes are: the state after them, how many they are, whether they are code.
  private static func step(_ state: State, _ bytes: [UInt8], _ at: Int) -> (State, Int, Bool) {
    switch state {
    case .code: return stepInCode(bytes, at)
    case .lineComment: return (bytes[at] == newline ? .code : .lineComment, 1, false)
    case .blockComment(let depth):
      if starts(bytes, at, "*/") {
        return (depth == 1 ? .code : .blockComment(depth: depth - 1), 2, false)
      }
      if starts(bytes, at, "/*") { return (.blockComment(depth: depth + 1), 2, false) }
      return (state, 1, false)
    case .pattern:
      if starts(bytes, at, "\\") { return (.pattern, 2, false) }
      let ends = bytes[at] == slash || bytes[at] == newline
      return (ends ? .code : .pattern, 1, ends)
    case .string(let pounds, let multiline):
      let tail = String(repeating: "#", count: pounds)
      if starts(bytes, at, "\\" + tail) { return (state, 2 + pounds, false) }
      let end = (multiline ? "\"\"\"" : "\"") + tail
      if starts(bytes, at, end) { return (.code, end.utf8.count, true) }
      if bytes[at] == newline, !multiline { return (.code, 1, true) }
      return (state, 1, false)
    }
  }

  /// A slash that stands where a value begins, and is not an operator with space around it.
  private static func patternBegins(_ bytes: [UInt8], _ at: Int) -> Bool {
    guard bytes[at] == slash, at + 1 < bytes.count, bytes[at + 1] != space else { return false }
    guard let before = bytes[..<at].last(where: { $0 != space }) else { return true }
    return "(,=:[{\n".utf8.contains(before)
  }

  private static func stepInCode(_ bytes: [UInt8], _ at: Int) -> (State, Int, Bool) {
    if starts(bytes, at, "//") { return (.lineComment, 2, false) }
    if starts(bytes, at, "/*") { return (.blockComment(depth: 1), 2, false) }
    if patternBegins(bytes, at) { return (.pattern, 1, true) }
    var pounds = 0
    while at + pounds < bytes.count, bytes[at + pounds] == pound { pounds += 1 }
    guard at + pounds < bytes.count, bytes[at + pounds] == quote else {
      return (.code, max(pounds, 1), true)
    }
    let multiline = starts(bytes, at + pounds, "\"\"\"")
    return (.string(pounds: pounds, multiline: multiline), pounds + (multiline ? 3 : 1), true)
  }

  private static func starts(_ bytes: [UInt8], _ at: Int, _ text: String) -> Bool {
    var index = at
    for byte in text.utf8 {
      guard index < bytes.count, bytes[index] == byte else { return false }
      index += 1
    }
    return true
  }
}

/// The files that a person wrote, found from this file's own place.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// Every text file under the folders, in the order of its path.
  static func files(under folders: [String] = ["Sources", "Tests", "CModules", "packaging", ".ci"])
    throws -> [SourceFile]
  {
    var paths: [String] = ["Package.swift", "Makefile"]
    for folder in folders {
      let inside = try FileManager.default.subpathsOfDirectory(
        atPath: root.appendingPathComponent(folder).path)
      paths += inside.map { "\(folder)/\($0)" }
    }
    return try paths.sorted().compactMap { path in
      let place = root.appendingPathComponent(path)
      guard try place.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true,
        let text = String(bytes: try Data(contentsOf: place), encoding: .utf8)
      else { return nil }
      return SourceFile(path: path, text: text)
    }
  }
}
