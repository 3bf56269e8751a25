// Where answers and complaints go.

import Console
import Control
import Linux

/// Standard output and error of this run. A reader that has gone is no failure: the rest of the
/// output is dropped and the command ends as soon as it can.
struct Output {
  /// Nobody reads what is written: end.
  private(set) var isClosed = false
  private var failure: Errno?

  mutating func write(_ text: String) { write(Array(text.utf8)) }

  mutating func write(_ bytes: [UInt8]) {
    if isClosed { return }
    do throws(Errno) {
      try StandardStream.output.write(bytes.span)
    } catch {
      isClosed = true
      if error != .brokenPipe { failure = error }
    }
  }

  /// A line to standard error.
  func complain(_ text: String) { writeErrors("hopshift: \(text)\n") }

  func writeErrors(_ text: String) {
    do throws(Errno) {
      try StandardStream.error.write(Array(text.utf8).span)
    } catch {
      // Who closed standard error does not want to know, and there is nowhere else to say it.
      return
    }
  }

  /// The code to end with: output that could not be written makes a success a failure.
  func outcome(_ code: ExitCode) -> ExitCode {
    guard let failure else { return code }
    complain("cannot write the answer: \(failure)")
    return code == .ok ? .failure : code
  }
}
