// The verb `config`: compares a file with what the daemon follows.

/// `hopshift config diff`
package struct ConfigCommand: Hashable, Sendable {
  /// Nil for the file that the daemon reads.
  package let file: String?
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "config", operands: "diff [FILE]",
    abstract: "what a reload would change",
    details: """
      Compares FILE, by default the one that the daemon was started with, with what
      the running daemon follows, defaults filled in on both sides: each key that
      differs, then which sessions would end and which virtual IPs would come, go or
      be announced in another way. Nothing is changed. The exit status is 78 when
      the file has errors.
      """,
    options: [.json], choices: ["diff"],
    examples: [
      Example("What a reload would change, before it is done", "hopshift config diff"),
      Example("The same of another file", "hopshift config diff new.yaml"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard let what = arguments.operands.first else { throw .missingWord("diff", verb: "config") }
    guard what == "diff" else { throw .unknownWord(what, known: ["diff"]) }
    try arguments.refuseOperands(beyond: 2)
    file = arguments.operands.count > 1 ? arguments.operands[1] : nil
    json = arguments.has(.json)
  }
}
