// The verb `doctor`: what will hurt when a shift comes, found before.

import Control

/// `hopshift doctor`
package struct DoctorCommand: Hashable, Sendable {
  package let json: Bool
  /// Where the courier answers.
  package let courier: String

  private static let courierOption = Option(
    "--courier", argument: "PATH", help: "the socket of the courier to ask")

  package static let synopsis = Synopsis(
    verb: "doctor",
    abstract: "look for what will hurt, and say what mends it",
    details: """
      Asks the daemon once, reads settings of the kernel on this machine, and has
      hopshift-courier look at Azure when the configuration has work for it. Each
      finding says what is wrong, why it matters and the command that mends it.
      The exit status is 5 when there is a problem. Remarks are not counted: they
      hurt on some machines only.
      """,
    options: [.json, courierOption],
    examples: [
      Example("Look for what will hurt, before anything happens", "hopshift doctor"),
      Example(
        "In a pipeline, with exit status 5 when there is a problem", "hopshift doctor --json"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands()
    json = arguments.has(.json)
    courier = arguments.value(DoctorCommand.courierOption) ?? DefaultPath.courier
  }
}
