// The verb `reload`: the daemon reads its configuration again and follows it.

package import Control
import Model

/// `hopshift reload`
package struct ReloadCommand: Hashable, Sendable {
  /// What the daemon is asked, word by word.
  package let words: [String]
  package let json: Bool

  private static let confirmOption = Option(
    "--confirm", argument: "LENGTH", help: "go back after LENGTH (60s, 5m) unless it is kept")
  private static let keepOption = Option("--keep", help: "keep what was reloaded with --confirm")
  private static let rollbackOption = Option(
    "--rollback", help: "go back to what was before --confirm, now")

  package static let synopsis = Synopsis(
    verb: "reload",
    abstract: "follow the configuration file as it is now",
    details: """
      The daemon reads its file again. A file with errors changes nothing and is
      answered with all of them. Otherwise sessions stay up whose own parameters are
      the same, and each virtual IP stays where it is; hopshift config diff says
      before what will change. With --confirm the daemon goes back after LENGTH,
      unless --keep comes before.
      """,
    options: [confirmOption, keepOption, rollbackOption, .json],
    examples: [
      Example(
        "Try the file for a minute, and keep it when all is well",
        "hopshift reload --confirm 60s", "hopshift reload --keep"),
      Example("Go back at once", "hopshift reload --rollback"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 0)
    var words: [String] = []
    if let length = try arguments.length(ReloadCommand.confirmOption) {
      words = ["confirm", "\(length.milliseconds)"]
    }
    for option in [ReloadCommand.keepOption, ReloadCommand.rollbackOption]
    where arguments.has(option) {
      guard words.isEmpty else { throw .unexpectedWord(option.name, verb: "reload") }
      words = [String(option.name.dropFirst(2))]
    }
    self.words = words
    json = arguments.has(.json)
  }
}

/// The answer to `reload`, for people.
package struct ReloadReport: Sendable {
  private let records: [Record]

  package init(_ records: [Record]) { self.records = records }

  /// Every problem of the file, as `check` prints it.
  package var problems: String {
    records.filter { $0.type == "problem" }.map { $0.text("text") + "\n" }.joined()
  }

  package var text: String {
    guard let done = records.first(where: { $0.type == "reloaded" }) else { return "" }
    var text =
      done.boolean("changed") == true
      ? "reloaded\n" : "reloaded; the file says what was followed already\n"
    if let left = done.integer("confirm-ms") {
      let length = LengthOfTime.text(milliseconds: max(0, left))
      text += "goes back in \(length) unless hopshift reload --keep comes before\n"
    }
    return text
  }
}
