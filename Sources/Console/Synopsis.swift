// How a verb describes itself: one source of help; manual and completions are checked against it.

/// An option of the command line, long form only.
package struct Option: Hashable, Sendable {
  /// With its dashes.
  package let name: String
  /// What its argument is called, nil when it takes none.
  package let argument: String?
  package let help: String

  init(_ name: String, argument: String? = nil, help: String) {
    self.name = name
    self.argument = argument
    self.help = help
  }

  /// The option as a synopsis shows it.
  package var usage: String { argument.map { "\(name) \($0)" } ?? name }

  package static let socket = Option(
    "--socket", argument: "PATH", help: "the control socket of the daemon to ask")
  package static let noColor = Option("--no-color", help: "no colour, not even on a terminal")
  package static let help = Option("--help", help: "show help for the verb and do nothing else")

  /// Taken before the verb and behind it.
  package static let global = [socket, noColor, help]

  static let json = Option("--json", help: "print records, one JSON object a line")
}

/// Lines that somebody could type, and what for.
package struct Example: Hashable, Sendable {
  /// A sentence that a colon ends, at most 78 columns.
  package let purpose: String
  /// As a shell takes them, with the program's name.
  package let lines: [String]

  init(_ purpose: String, _ lines: String...) {
    self.purpose = purpose
    self.lines = lines
  }
}

/// What a verb is called, takes and does.
package struct Synopsis: Hashable, Sendable {
  package let verb: String
  /// The words behind the verb, as help shows them.
  package let operands: String
  /// One line, without a full stop.
  package let abstract: String
  /// Complete sentences, each line at most 78 columns.
  package let details: String
  package let options: [Option]
  /// Those without which the verb does nothing.
  let required: [Option]
  /// The words that the operands may be, when only certain ones are allowed.
  package let choices: [String]
  package let examples: [Example]

  init(
    verb: String, operands: String = "", abstract: String, details: String, options: [Option] = [],
    required: [Option] = [], choices: [String] = [], examples: [Example]
  ) {
    self.verb = verb
    self.operands = operands
    self.abstract = abstract
    self.details = details
    self.options = options
    self.required = required
    self.choices = choices
    self.examples = examples
  }

  /// What may stand behind the verb.
  var parts: [String] {
    (options.map { required.contains($0) ? $0.usage : "[\($0.usage)]" } + [operands])
      .filter { !$0.isEmpty }
  }

  /// Each verb that exists, in the order in which help lists them.
  package static let all = [
    StatusCommand.synopsis, MonitorCommand.synopsis, ExplainCommand.synopsis,
    HistoryCommand.synopsis, WhyCommand.synopsis, SimulateCommand.synopsis, SwitchCommand.synopsis,
    MaintenanceCommand.synopsis, VolleysCommand.synopsis, ReceivedCommand.synopsis,
    RoutesCommand.synopsis, DesiredCommand.synopsis, DoctorCommand.synopsis,
    MetricsCommand.synopsis, RecordCommand.synopsis, ReplayCommand.synopsis,
    CheckCommand.synopsis, ConfigCommand.synopsis, ReloadCommand.synopsis,
    VersionCommand.synopsis, HelpCommand.synopsis,
  ]
}
