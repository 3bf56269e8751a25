// The verb `history`: the shifts that were, why, and how long each stage took.

import Control
package import Model

/// `hopshift history`
package struct HistoryCommand: Hashable, Sendable {
  /// One shift, shown with its stages; nil for all that are remembered.
  package let shift: Int?
  package let json: Bool
  /// How far back the courier is asked; nil when the daemon is.
  package let since: Nanoseconds?
  /// The file that a page about the shift is written to.
  package let html: String?
  /// Where the courier answers.
  package let courier: String

  private static let sinceOption = Option(
    "--since", argument: "TIME", help: "ask hopshift-courier for those of TIME, such as 2h")
  private static let htmlOption = Option(
    "--html", argument: "FILE", help: "write a page about the shift, complete in itself")
  private static let courierOption = Option(
    "--courier", argument: "PATH", help: "the socket of the courier to ask")

  package static let synopsis = Synopsis(
    verb: "history", operands: "[SHIFT]",
    abstract: "show the last shifts, why they were, and when they arrived",
    details: """
      A shift is one change of a virtual IP's next hop; it has a number, which
      counts from the start of the daemon. The last 512 are remembered. With a
      number that one is shown with the time of each stage and a bar for what it
      took: when its cause was seen, when it was decided, and for each route server
      when the UPDATE was written and when it was acknowledged; --html makes a page
      of it, to be kept and passed on. With --since the courier answers,
      which keeps the last 2048 shifts and scheduled events on disk, whichever start
      of the daemon they are of; below them stand the middle and the worst times of
      each stage.
      """,
    options: [.json, htmlOption, sinceOption, courierOption],
    examples: [
      Example(
        "The last shifts, and then the stages of number 17",
        "hopshift history", "hopshift history 17"),
      Example("A page about it for the post-mortem", "hopshift history 17 --html shift-17.html"),
      Example("Last night, whatever has been restarted since", "hopshift history --since 12h"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    json = arguments.has(.json)
    since = try arguments.length(HistoryCommand.sinceOption)
    html = arguments.value(HistoryCommand.htmlOption)
    courier = arguments.value(HistoryCommand.courierOption) ?? DefaultPath.courier
    if since != nil, let word = arguments.operands.first {
      throw .unexpectedWord(word, verb: "history --since")
    }
    guard let word = arguments.operands.first else {
      if html != nil { throw .missingWord("the number of a shift", verb: "history --html") }
      shift = nil
      return
    }
    guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(word) else {
      throw .unknownWord(word, known: ["the number of a shift, such as 17"])
    }
    shift = number
  }
}
