// The verb `received`: what route servers have told us.

/// `hopshift received`
package struct ReceivedCommand: Hashable, Sendable {
  /// The address of one route server; nil for all of them.
  package let routeServer: String?
  package let json: Bool
  /// Only the messages that were not plainly accepted.
  package let errors: Bool

  /// What the daemon calls the errors in a request.
  private static let errorsWord = "errors"
  private static let errorsOption = Option(
    "--errors", help: "show only the messages that were not accepted as they were")

  package static let synopsis = Synopsis(
    verb: "received", operands: "[ROUTE-SERVER]",
    abstract: "show the routes that route servers have sent",
    details: """
      The routes of the present session, with the next hop and the AS path of each;
      they never change what is announced. With --errors the last messages are
      shown that were not accepted as they were: an attribute was discarded, their
      routes were taken as withdrawn, or the session was reset (RFC 7606).
      """,
    options: [.json, errorsOption],
    examples: [
      Example("What a route server has told us", "hopshift received 10.10.1.4"),
      Example("What of it was not accepted as it was", "hopshift received --errors"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands(beyond: 1)
    routeServer = arguments.operands.first
    json = arguments.has(.json)
    errors = arguments.has(ReceivedCommand.errorsOption)
  }

  /// The words of the request.
  package var words: [String] {
    (routeServer.map { [$0] } ?? []) + (errors ? [ReceivedCommand.errorsWord] : [])
  }
}
