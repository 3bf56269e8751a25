// The verb `check`: reads a configuration as the daemon would.

import Control

/// `hopshift check`
package struct CheckCommand: Hashable, Sendable {
  package let file: String
  /// Print the configuration with every default filled in.
  package let effective: Bool
  package let json: Bool

  private static let effectiveOption = Option(
    "--effective", help: "print the configuration with every default filled in")

  package static let synopsis = Synopsis(
    verb: "check", operands: "[FILE]",
    abstract: "check a configuration without touching the daemon",
    details: """
      Reads FILE, by default /etc/hopshift/hopshift.yaml, as hopshiftd would and
      reports every error with its line and column. The exit status is 0 when
      the daemon would accept the file and 78 when not.
      """,
    options: [effectiveOption, .json],
    examples: [
      Example("Whether the file is good, before a reload", "hopshift check"),
      Example(
        "A file that is not in its place yet, with every default",
        "hopshift check new.yaml --effective"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    file = arguments.operands.first ?? DefaultPath.configuration
    effective = arguments.has(CheckCommand.effectiveOption)
    json = arguments.has(.json)
  }
}
