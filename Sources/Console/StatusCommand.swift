// The verb `status`: what the daemon knows now.

/// `hopshift status`
package struct StatusCommand: Hashable, Sendable {
  package let json: Bool
  /// Exit with 5 when something does not work.
  package let check: Bool

  private static let checkOption = Option(
    "--check", help: "exit with 5 when a session, a speaker or the kernel view fails")

  package static let synopsis = Synopsis(
    verb: "status",
    abstract: "show the daemon, its route servers and its virtual IPs",
    details: """
      Asks the daemon once. Ages count back from the moment of the answer.
      With --check the exit status is 5 when a route server is not in state
      Established, another speaker of the group is silent or the view of the
      kernel is stale; the reasons go to standard error.
      """,
    options: [.json, checkOption])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands()
    json = arguments.has(.json)
    check = arguments.has(StatusCommand.checkOption)
  }
}
