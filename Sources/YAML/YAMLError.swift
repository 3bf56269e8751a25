// What can be wrong with a file before its keys are looked at, and how a person is told.
package import Model

/// Why a file is not a tree, and where.
package struct YAMLError: Error, Hashable {
  package var problem: Problem
  package var position: Position

  package init(_ problem: Problem, at position: Position) {
    self.problem = problem
    self.position = position
  }

  package enum Problem: Hashable, Sendable {
    case fileTooLarge(Int)
    case tooDeep
    case tooManyNodes
    /// Nothing in the file but white space and comments.
    case empty
    case notUTF8(byte: UInt8)
    case utf16
    /// A character that YAML does not allow in a file.
    case character(UInt32)
    /// U+0085, U+2028 or U+2029: YAML counts a new line there and editors do not.
    case lineSeparator(UInt32)
    case alias
    case anchor
    case tag
    case directive
    case secondDocument
    /// A mapping or a sequence in the place of a key.
    case keyNotScalar
    /// A line is indented with a tab.
    case tabIndentation
    case unclosedQuote
    case unclosedList
    case unclosedBraces
    /// The libyaml parser stopped here, in its words.
    case syntax(String)
    case outOfMemory
  }
}

extension YAMLError {
  /// One sentence that says what is wrong.
  package var message: String {
    switch problem {
    case .fileTooLarge(let count):
      "the file has \(count) bytes; at most \(YAML.Limits.fileSize) are read"
    case .tooDeep: "more than \(YAML.Limits.depth) levels of nesting"
    case .tooManyNodes: "more than \(YAML.Limits.nodes) keys and values"
    case .empty: "the file is empty"
    case .notUTF8(let byte): "the byte 0x\(hex(UInt32(byte), width: 2)) is not UTF-8 here"
    case .utf16: "the file is UTF-16; only UTF-8 is read"
    case .character(let value): "the character U+\(hex(value)) may not stand in a YAML file"
    case .lineSeparator(let value):
      "the character U+\(hex(value)) is a line break to YAML but not to most editors"
    case .alias: "an alias (*name) is not allowed: values are written out"
    case .anchor: "an anchor (&name) is not allowed: values are written out"
    case .tag: "a tag (!name) is not allowed"
    case .directive: "a %TAG directive is not allowed"
    case .secondDocument: "a second YAML document begins here; the file may hold one"
    case .keyNotScalar: "a key must be a single word, not a list or a mapping"
    case .tabIndentation: "the line is indented with a tab; YAML is indented with spaces only"
    case .unclosedQuote: "the quoted text that begins here is never closed"
    case .unclosedList: "the list that begins here is not closed, or a comma is missing in it"
    case .unclosedBraces: "the braces that open here are not closed, or a comma is missing in them"
    case .syntax(let words): SyntaxSentences.sentence(for: words)
    case .outOfMemory: "no memory for the YAML parser"
    }
  }

  /// What to write instead, where that is clear.
  package var suggestion: String? {
    switch problem {
    case .utf16: "convert the file: iconv -f UTF-16 -t UTF-8"
    case .lineSeparator: "remove the character"
    case .tabIndentation: "replace each tab at the start of the line by spaces"
    case .syntax(let words): SyntaxSentences.suggestion(for: words)
    default: nil
    }
  }

  private func hex(_ value: UInt32, width: Int = 4) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
