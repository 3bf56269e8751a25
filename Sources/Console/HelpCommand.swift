// The verb `help`: the texts are put together from what each verb says of itself.

import Control

/// `hopshift help`
package struct HelpCommand: Hashable, Sendable {
  /// One verb, or nil for all of them.
  package let topic: Synopsis?

  package static let synopsis = Synopsis(
    verb: "help", operands: "[VERB]",
    abstract: "explain a verb, or list them all",
    details: """
      The same is printed by 'hopshift VERB --help'.
      """,
    examples: [
      Example("All about one verb", "hopshift help monitor")
    ])

  init(topic: Synopsis?) { self.topic = topic }

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    guard let word = arguments.operands.first else {
      topic = nil
      return
    }
    guard let found = Synopsis.all.first(where: { $0.verb == word }) else {
      throw .unknownVerb(word)
    }
    topic = found
  }

  /// The help text, ending in a newline.
  package var text: String {
    if let topic { HelpCommand.text(of: topic) } else { HelpCommand.overview }
  }

  private static func text(of topic: Synopsis) -> String {
    """
    \(usage(of: topic))

    \(topic.details)

    Options:
    \(list((topic.options + Option.global).map { ($0.usage, $0.help) }))

    Examples:
    \(topic.examples.map(show).joined(separator: "\n"))

    """
  }

  private static func show(_ example: Example) -> String {
    "  \(example.purpose):" + example.lines.map { "\n    " + $0 }.joined()
  }

  /// A terminal's usual width.
  private static let columns = 80

  /// Words that do not fit stand below the first option.
  static func usage(of topic: Synopsis) -> String {
    let lead = "Usage: hopshift \(topic.verb)"
    var lines = [lead]
    for part in topic.parts {
      if lines[lines.count - 1].count + 1 + part.count > columns {
        lines.append(String(repeating: " ", count: lead.count))
      }
      lines[lines.count - 1] += " \(part)"
    }
    return lines.joined(separator: "\n")
  }

  private static var overview: String {
    """
    Usage: hopshift [OPTION...] VERB [WORD...]

    Asks hopshiftd, the daemon that moves the next hop of virtual IPs in Azure.

    Verbs:
    \(list(Synopsis.all.map { ($0.verb, $0.abstract) }))

    Options, before the verb or behind it:
    \(list(Option.global.map { ($0.usage, $0.help) }))

    Exit status:
    \(list(ExitCode.allCases.map { ("\($0.rawValue)", $0.meaning) }))

    'hopshift help VERB' explains one verb. The manual is hopshift(1).

    """
  }

  /// Two columns, the left one as wide as its longest entry.
  private static func list(_ rows: [(String, String)]) -> String {
    let width = rows.map { $0.0.count }.max() ?? 0
    return rows.map { left, right in
      "  " + left + String(repeating: " ", count: width - left.count + 2) + right
    }.joined(separator: "\n")
  }
}

extension ExitCode {
  /// What the code says to who called the command.
  package var meaning: String {
    switch self {
    case .ok: "it worked"
    case .failure: "it failed"
    case .usage: "the command line was not understood"
    case .notRunning: "the daemon does not run or does not answer"
    case .noPermission: "no permission to ask the daemon"
    case .degraded: "something does not work (status --check, doctor)"
    case .badConfiguration: "the configuration is wrong"
    }
  }
}
