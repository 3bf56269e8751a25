// The verb `explain`: how a virtual IP stands, why, and what would change it.

/// `hopshift explain`
package struct ExplainCommand: Hashable, Sendable {
  package let vip: String
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "explain", operands: "VIP",
    abstract: "say how a virtual IP stands, why, and what would change it",
    details: """
      Shows where the traffic goes and what led to it, what each piece of evidence
      and each other speaker says and since when, what a change would have to wait
      for, and what each change would send.
      """,
    options: [.json],
    examples: [
      Example("Why web stands where it does, and what would move it", "hopshift explain web")
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard let vip = arguments.operands.first else { throw .missingWord("VIP", verb: "explain") }
    try arguments.refuseOperands(beyond: 1)
    self.vip = vip
    json = arguments.has(.json)
  }
}
