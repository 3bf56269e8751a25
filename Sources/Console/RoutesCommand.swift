// The verb `routes`: which of the kernel's routes are announced, and why the others are not.

import Control

/// `hopshift routes`
package struct RoutesCommand: Hashable, Sendable {
  /// The name of one rule; nil for all of them.
  package let rule: String?
  package let json: Bool
  /// Only the routes that are not announced.
  package let held: Bool

  /// What the daemon calls those in a request; no rule can be called so.
  private static let heldWord = "/held"
  private static let heldOption = Option("--held", help: "show only the routes that are held back")

  package static let synopsis = Synopsis(
    verb: "routes", operands: "[RULE]",
    abstract: "show which kernel routes are announced, and what is held back",
    details: """
      For each rule of redistribute: how many routes are announced by it and how
      many are left out; how many of them each route server was told; and the
      routes, each with what became of it. A route that waits, flaps, is gone or
      stays only for a while says for how long that will be so. With udr it is also
      shown who writes Azure's route tables, and how far each route has come there.
      """,
    options: [.json, heldOption],
    examples: [
      Example("Which routes of the kernel are held back, and why", "hopshift routes --held"),
      Example("Every route of the rule branches", "hopshift routes branches"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    rule = arguments.operands.first
    json = arguments.has(.json)
    held = arguments.has(RoutesCommand.heldOption)
  }

  /// The words of the request.
  package var words: [String] {
    (held ? [RoutesCommand.heldWord] : []) + (rule.map { [$0] } ?? [])
  }
}
