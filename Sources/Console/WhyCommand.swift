// The verb `why`: the last shift in three sentences.

/// `hopshift why`
package struct WhyCommand: Hashable, Sendable {
  /// Nil for the last shift of all.
  package let vip: String?
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "why", operands: "[VIP]",
    abstract: "tell the last shift in three sentences",
    details: """
      What was seen and by which evidence; what was decided and sent, and how long
      that took to each route server; what has happened since, and what a further
      change has to wait for. With the name of a virtual IP its last shift is told,
      otherwise the last of all. 'hopshift history' has the shifts before.
      """,
    options: [.json],
    examples: [
      Example("What moved last, and why", "hopshift why"),
      Example("The last shift of web", "hopshift why web"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    vip = arguments.operands.first
    json = arguments.has(.json)
  }
}
