// The verb `status`: what the daemon knows now.

/// `hopshift status`
package struct StatusCommand: Hashable, Sendable {
  package let json: Bool
  /// Exit with 5 when something does not work.
  package let check: Bool
  /// Everything about each route server.
  package let isVerbose: Bool

  private static let checkOption = Option(
    "--check", help: "exit with 5 when a session, a speaker or the kernel view fails")

  private static let verboseOption = Option(
    "--verbose", help: "show all that is known of each route server")

  package static let synopsis = Synopsis(
    verb: "status",
    abstract: "show the daemon, its route servers and its virtual IPs",
    details: """
      Asks the daemon once. Ages count back from the moment of the answer.
      With --verbose each route server has a page of its own: what was negotiated,
      what was sent and received, and why the last session ended.
      With --check the exit status is 5 when a route server is not in state
      Established, another speaker of the group is silent, the view of the kernel is
      stale, nobody can carry a virtual IP or a shift is not confirmed; the reasons
      go to standard error.
      """,
    options: [.json, checkOption, verboseOption],
    examples: [
      Example("Who carries what, and what is degraded", "hopshift status"),
      Example(
        "For a monitoring system, with exit status 5 when anything is degraded",
        "hopshift status --check"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands()
    json = arguments.has(.json)
    check = arguments.has(StatusCommand.checkOption)
    isVerbose = arguments.has(StatusCommand.verboseOption)
  }
}
