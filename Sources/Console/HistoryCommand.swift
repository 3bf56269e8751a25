// The verb `history`: the shifts that were, why, and how long each stage took.

/// `hopshift history`
package struct HistoryCommand: Hashable, Sendable {
  /// One shift, shown with its stages; nil for all that are remembered.
  package let shift: Int?
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "history", operands: "[SHIFT]",
    abstract: "show the last shifts, why they were, and when they arrived",
    details: """
      A shift is one change of a virtual IP's next hop; it has a number, which
      counts from the start of the daemon. The last 512 are remembered. With a
      number that one is shown with the time of each stage: when its cause was
      seen, when it was decided, and for each route server when the UPDATE was
      written and when it was acknowledged.
      """,
    options: [.json])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    json = arguments.has(.json)
    guard let word = arguments.operands.first else {
      shift = nil
      return
    }
    guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(word) else {
      throw .unknownWord(word, known: ["the number of a shift, such as 17"])
    }
    shift = number
  }
}
