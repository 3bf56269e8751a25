// A command line understood: which command, with what, before anything is done.

import Control

/// What a person asked for.
package struct Invocation: Hashable, Sendable {
  package let command: Command
  package let socket: String
  /// Colour may be used if the terminal agrees.
  package let mayColour: Bool

  /// Reads the words behind the program's name.
  package init(_ words: [String]) throws(UsageError) {
    let arguments = try Arguments(words)
    socket = arguments.value(.socket) ?? DefaultPath.control
    mayColour = !arguments.has(.noColor)
    command = try Command(arguments)
  }

  /// How a verb is used, for whom has used it in another way. The verb is the first word that is
  /// neither an option nor the argument of one; what comes behind may be the name of another verb.
  package static func usage(for words: [String]) -> String? {
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word != "-" else {
        return Synopsis.all.first { $0.verb == word }.map { HelpCommand.usage(of: $0) + "\n" }
      }
      if Arguments.takesNext(word) { rest = rest.dropFirst() }
    }
    return nil
  }
}

/// A command as a value: its options are in it, running it is the program's matter.
package enum Command: Hashable, Sendable {
  case status(StatusCommand)
  case monitor(MonitorCommand)
  case explain(ExplainCommand)
  case `switch`(SwitchCommand)
  case maintenance(MaintenanceCommand)
  case volleys(VolleysCommand)
  case history(HistoryCommand)
  case why(WhyCommand)
  case desired(DesiredCommand)
  case doctor(DoctorCommand)
  case metrics(MetricsCommand)
  case record(RecordCommand)
  case replay(ReplayCommand)
  case simulate(SimulateCommand)
  case received(ReceivedCommand)
  case routes(RoutesCommand)
  case check(CheckCommand)
  case config(ConfigCommand)
  case reload(ReloadCommand)
  case version(VersionCommand)
  case help(HelpCommand)

  init(_ arguments: Arguments) throws(UsageError) {
    if arguments.has(.help) {
      self = .help(HelpCommand(topic: arguments.verb))
      return
    }
    switch arguments.verb {
    case StatusCommand.synopsis?: self = .status(try StatusCommand(arguments))
    case MonitorCommand.synopsis?: self = .monitor(try MonitorCommand(arguments))
    case ExplainCommand.synopsis?: self = .explain(try ExplainCommand(arguments))
    case SwitchCommand.synopsis?: self = .switch(try SwitchCommand(arguments))
    case MaintenanceCommand.synopsis?: self = .maintenance(try MaintenanceCommand(arguments))
    case VolleysCommand.synopsis?: self = .volleys(try VolleysCommand(arguments))
    case HistoryCommand.synopsis?: self = .history(try HistoryCommand(arguments))
    case WhyCommand.synopsis?: self = .why(try WhyCommand(arguments))
    case DesiredCommand.synopsis?: self = .desired(try DesiredCommand(arguments))
    case DoctorCommand.synopsis?: self = .doctor(try DoctorCommand(arguments))
    case MetricsCommand.synopsis?: self = .metrics(try MetricsCommand(arguments))
    case RecordCommand.synopsis?: self = .record(try RecordCommand(arguments))
    case ReplayCommand.synopsis?: self = .replay(try ReplayCommand(arguments))
    case SimulateCommand.synopsis?: self = .simulate(try SimulateCommand(arguments))
    case ReceivedCommand.synopsis?: self = .received(try ReceivedCommand(arguments))
    case RoutesCommand.synopsis?: self = .routes(try RoutesCommand(arguments))
    case CheckCommand.synopsis?: self = .check(try CheckCommand(arguments))
    case ConfigCommand.synopsis?: self = .config(try ConfigCommand(arguments))
    case ReloadCommand.synopsis?: self = .reload(try ReloadCommand(arguments))
    case VersionCommand.synopsis?: self = .version(try VersionCommand(arguments))
    case HelpCommand.synopsis?: self = .help(try HelpCommand(arguments))
    default: throw .noVerb
    }
  }
}
