// The verb `volleys`: what is armed for each route server, before it is needed.

/// `hopshift volleys`
package struct VolleysCommand: Hashable, Sendable {
  /// One VIP, shown with its bytes; nil for all of them.
  package let vip: String?
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "volleys", operands: "[VIP]",
    abstract: "show the UPDATEs that are armed for each route server",
    details: """
      A volley is what announces a virtual IP at one rung, encoded before it is
      needed: the one that stands, and the one that the next claim would send.
      With the name of a VIP its attributes and its bytes are shown as well.
      """,
    options: [.json],
    examples: [
      Example("What stands ready for each route server", "hopshift volleys"),
      Example("The same of web, byte by byte", "hopshift volleys web"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    vip = arguments.operands.first
    json = arguments.has(.json)
  }
}
