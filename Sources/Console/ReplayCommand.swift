// The verb `replay`: plays a journal without touching the daemon.

/// `hopshift replay`
package struct ReplayCommand: Hashable, Sendable {
  package let file: String
  /// Another configuration to play it against.
  package let configuration: String?
  package let json: Bool

  private static let configOption = Option(
    "--config", argument: "FILE", help: "show beside it what this configuration would have done")

  package static let synopsis = Synopsis(
    verb: "replay", operands: "FILE",
    abstract: "play a journal again and compare what it led to",
    details: """
      FILE was written by 'hopshift record'. Its inputs go into the same engine
      as in the daemon, and what comes out is compared with what came out then,
      byte for byte. The decisions are printed as a timeline. The exit status is
      0 when everything was the same and 1 when not. Another configuration may
      name other route servers, speakers and virtual IPs: what has the same name
      is the same thing.
      """,
    options: [configOption, .json],
    examples: [
      Example("Look at what was recorded", "hopshift replay incident.journal"),
      Example(
        "What another configuration would have done",
        "hopshift replay incident.journal --config new.yaml"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard let file = arguments.operands.first else { throw .missingWord("FILE", verb: "replay") }
    try arguments.refuseOperands(beyond: 1)
    self.file = file
    configuration = arguments.value(ReplayCommand.configOption)
    json = arguments.has(.json)
  }
}
