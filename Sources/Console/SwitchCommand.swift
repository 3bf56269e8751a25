// The verb `switch`: sends a VIP's traffic to another host.

/// `hopshift switch`
package struct SwitchCommand: Hashable, Sendable {
  /// What the daemon is asked, word by word.
  package let words: [String]
  package let json: Bool

  private static let toOption = Option(
    "--to", argument: "HOST", help: "a host of the VIP, self, other, or auto")
  private static let dryRunOption = Option("--dry-run", help: "say what would happen, do nothing")
  private static let forceOption = Option(
    "--force", help: "also inside the damping window, to a host not known to be well")

  package static let synopsis = Synopsis(
    verb: "switch", operands: "VIP",
    abstract: "send the traffic of a virtual IP to another host",
    details: """
      On a watcher HOST is a candidate of the virtual IP; it stays chosen until it
      is down, or until --to auto lets preference decide again. Between owners that
      are chosen by health, self takes the virtual IP and other gives it away. Where
      the address decides, other asks whoever places it, by the file that keepalived
      tracks, to place it elsewhere; self ends that. Inside the damping window of the
      platform the wish is refused, and the answer says when it is over. A host that
      is down while another is up takes the traffic in maintenance only, also with
      --force: otherwise it would leave again at once.
      """,
    options: [toOption, dryRunOption, forceOption, .json], required: [toOption],
    examples: [
      Example(
        "See what moving voice to ws2 would do, and then do it",
        "hopshift switch voice --to ws2 --dry-run", "hopshift switch voice --to ws2"),
      Example("Give the order of preference its word back", "hopshift switch voice --to auto"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard let vip = arguments.operands.first else { throw .missingWord("VIP", verb: "switch") }
    try arguments.refuseOperands(beyond: 1)
    guard let host = arguments.value(SwitchCommand.toOption) else {
      throw .missingOption(SwitchCommand.toOption, verb: "switch")
    }
    var words = [vip, host]
    if arguments.has(SwitchCommand.dryRunOption) { words.append("dry-run") }
    if arguments.has(SwitchCommand.forceOption) { words.append("force") }
    self.words = words
    json = arguments.has(.json)
  }
}
