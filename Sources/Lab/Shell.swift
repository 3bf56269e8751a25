// Runs other programs to their end and hands back what they printed.

import Linux
package import Model

/// Starts programs for one owner: all bear its mark in their environment, so that whoever cleans up
/// finds them.
package final class Shell {
  /// What one program may print. We chose it: more than any table that the lab asks for.
  package static let outputLimit = 4 << 20
  /// Programs that are not waited for longer.
  package static let usualLimit = Nanoseconds.seconds(20)
  /// The name of the mark.
  package static let mark = "HOPSHIFT_LAB"

  /// Where outputs are kept while their program runs.
  package let scratch: String
  private let tag: String
  private var started = 0

  package init(scratch: String, tag: String) {
    self.scratch = scratch
    self.tag = tag
  }

  /// How a program ended, and what it printed on both outputs.
  package struct Outcome: Sendable {
    package var status: Int32
    package var output: String
  }

  /// What every program gets: nothing of ours but the search path, and how patient
  /// tests are. Times are told in UTC.
  package var environment: [String] {
    [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TZ=UTC",
      "LC_ALL=C.UTF-8", "\(Shell.mark)=\(tag)", "HOPSHIFT_PATIENCE=\(Waiting.patience)",
    ]
  }

  /// Runs a program and answers what it printed; any status but 0 is an error.
  @discardableResult
  package func run(
    _ words: [String], in namespace: String? = nil, within limit: Nanoseconds = Shell.usualLimit
  ) throws(LabError) -> String {
    let outcome = try attempt(words, in: namespace, within: limit)
    guard outcome.status == 0 else {
      throw .command(words: words, status: outcome.status, output: outcome.output.trimmed)
    }
    return outcome.output
  }

  /// Runs a program whose failure is an answer too.
  package func attempt(
    _ words: [String], in namespace: String? = nil, within limit: Nanoseconds = Shell.usualLimit
  ) throws(LabError) -> Outcome {
    started += 1
    let path = "\(scratch)/output-\(started)"
    do throws(Errno) {
      let exit = try end(
        of: words, in: namespace, output: path, within: limit * Waiting.patience)
      let bytes = try Files.read(path: path, limit: Shell.outputLimit)
      try Files.removeIfPresent(path)
      let output = String(decoding: bytes, as: UTF8.self)
      switch exit {
      case .exited(let status): return Outcome(status: status, output: output)
      // As shells tell it.
      case .signalled(let signal): return Outcome(status: 128 + signal, output: output)
      case nil: return Outcome(status: 124, output: output + "\n(stopped after \(limit.seconds) s)")
      }
    } catch {
      throw .system(error, doing: "running \(words.joined(separator: " "))")
    }
  }

  private func end(
    of words: [String], in namespace: String?, output: String, within limit: Nanoseconds
  ) throws(Errno) -> Subprocess.Exit? {
    let process = try Subprocess(
      arguments: words, environment: environment, in: namespace, output: output)
    return try process.wait(until: Clock.monotonic() + limit)
  }
}

extension String {
  /// Without white space at either end.
  package var trimmed: String {
    let whole = self[...]
    let head = whole.drop { $0.isWhitespace }
    guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(head[...last])
  }
}
