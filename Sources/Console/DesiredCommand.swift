// The verb `desired`: the next hop that each route of Azure's route tables should have.

/// `hopshift desired`
package struct DesiredCommand: Hashable, Sendable {
  package let follow: Bool
  package let json: Bool

  private static let followOption = Option(
    "--follow", help: "go on with each change, until interrupted")

  package static let synopsis = Synopsis(
    verb: "desired",
    abstract: "show what the route tables of Azure should say",
    details: """
      For each virtual IP with udr: its routes, the next hop they should have, and
      whose word it is. Only where the voice is "ours" should anything be written;
      "unsure" means to wait. The generation counts the changes: START.CHANGE, both
      of which only grow. What was reported of the last write stands beside it.
      How many routes of the kernel they should have stands below; the verb routes
      shows each.
      With --follow the records begin with everything as it stands and the record
      "complete"; when records were lost, ask again.
      """,
    options: [.json, followOption],
    examples: [
      Example("Where the route tables should lead, and whose word that is", "hopshift desired"),
      Example("Each change of it, for a program", "hopshift desired --follow --json"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 0)
    follow = arguments.has(DesiredCommand.followOption)
    json = arguments.has(.json)
  }
}
