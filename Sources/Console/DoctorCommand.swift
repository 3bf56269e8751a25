// The verb `doctor`: what will hurt when a shift comes, found before.

/// `hopshift doctor`
package struct DoctorCommand: Hashable, Sendable {
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "doctor",
    abstract: "look for what will hurt, and say what mends it",
    details: """
      Asks the daemon once and reads settings of the kernel on this machine. Each
      finding says what is wrong, why it matters and the command that mends it.
      The exit status is 5 when there is a problem. Remarks are not counted: they
      hurt on some machines only.
      """,
    options: [.json])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands()
    json = arguments.has(.json)
  }
}
