// The verb `record`: keeps what goes into the daemon in a file.

package import Model

/// `hopshift record`
package struct RecordCommand: Hashable, Sendable {
  /// Nil for standard output.
  package let path: String?
  /// Only what the flight recorder of the daemon holds now.
  package let past: Bool
  /// End after so much time.
  package let length: Nanoseconds?
  /// End when the file has so many bytes.
  package let size: Int

  private static let pastOption = Option(
    "--past", help: "only what the daemon remembers; do not wait for what comes")
  private static let forOption = Option(
    "--for", argument: "TIME", help: "end after TIME, such as 10m; units are ms, s, m, h")
  private static let sizeOption = Option(
    "--size", argument: "N", help: "end before FILE exceeds N bytes; units are K, M, G")

  /// The size of a file unless another is asked for. We chose it: hello and a hundred probes a
  /// second for half a day.
  package static let usualSize = 256 << 20

  package static let synopsis = Synopsis(
    verb: "record", operands: "FILE",
    abstract: "keep what goes into the daemon in a file",
    details: """
      FILE is a journal: the configuration, and every input of the daemon with
      the sum of what it led to. 'hopshift replay FILE' plays it. It begins with
      what the daemon remembers, and goes on until interrupted. A file that ends
      in the middle of a record can be played up to there. '-' is standard output.
      """,
    options: [pastOption, forOption, sizeOption],
    examples: [
      Example("After an incident, keep what led to it", "hopshift record --past incident.journal"),
      Example("Keep the next hour", "hopshift record --for 1h hour.journal"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard let file = arguments.operands.first else { throw .missingWord("FILE", verb: "record") }
    try arguments.refuseOperands(beyond: 1)
    path = file == "-" ? nil : file
    past = arguments.has(RecordCommand.pastOption)
    length = try arguments.length(RecordCommand.forOption)
    size = try arguments.size(RecordCommand.sizeOption) ?? RecordCommand.usualSize
  }
}
