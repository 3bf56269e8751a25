// The verb `version`: of the command line and of the daemon that runs.

/// `hopshift version`
package struct VersionCommand: Hashable, Sendable {
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "version",
    abstract: "print the version of this command and of the running daemon",
    details: """
      The two differ between an upgrade and the next restart of the daemon. When
      no daemon answers, the version of this command is printed all the same and
      the exit status is 3.
      """,
    options: [.json],
    examples: [
      Example("After an upgrade, whether the new daemon runs already", "hopshift version")
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands()
    json = arguments.has(.json)
  }
}
