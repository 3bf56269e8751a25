// The verb `simulate`: what would be decided if something happened.

package import Model

/// `hopshift simulate`
package struct SimulateCommand: Hashable, Sendable {
  package let events: [String]
  /// How long time goes on behind the last event.
  package let length: Nanoseconds
  package let json: Bool

  private static let forOption = Option(
    "--for", argument: "TIME", help: "let TIME pass behind the last event; 15s unless given")

  /// Longer than a hello timeout, a resignation and a hand-over together.
  package static let usualLength = Nanoseconds.seconds(15)

  package static let synopsis = Synopsis(
    verb: "simulate", operands: "EVENT...",
    abstract: "show what the daemon would do if something happened",
    details: """
      Each EVENT is one word for the shell:
        "link eth1 down"                  also up, no-carrier, gone
        "address 10.1.0.5 added eth0"     also removed
        "host ws1 down"                   also up
        "speaker 10.0.2.20 silent"
        "route-server 10.10.1.4 lost"
        "wait 10s"
      A copy of the daemon's engine goes on from its state of now, in this
      command; the daemon does nothing. Shown is what it would decide, and each
      UPDATE that it would send, byte by byte and in words.
      """,
    options: [forOption, .json],
    examples: [
      Example(
        "See what the loss of an interface would do",
        "hopshift simulate \"link eth1 down\""),
      Example(
        "A machine that dies and comes back after ten seconds",
        "hopshift simulate \"host ws1 down\" \"wait 10s\" \"host ws1 up\""),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard !arguments.operands.isEmpty else { throw .missingWord("EVENT", verb: "simulate") }
    events = arguments.operands
    length = try arguments.length(SimulateCommand.forOption) ?? SimulateCommand.usualLength
    json = arguments.has(.json)
  }
}
