// What can go wrong in a lab, in words for the person who runs it.

package import Linux

/// Why the lab could not go on.
package enum LabError: Error, CustomStringConvertible {
  /// A program answered with something other than success.
  case command(words: [String], status: Int32, output: String)
  /// A condition was not met in time; `last` is what was seen instead.
  case timedOut(String, last: String)
  /// The kernel refused.
  case system(Errno, doing: String)
  /// The topology cannot be built.
  case topology(TopologyError)
  /// Somebody asked the program to end.
  case interrupted
  /// This machine cannot do it, and why.
  case unsuitable(String)

  package var description: String {
    switch self {
    case .command(let words, let status, let output):
      "\(words.joined(separator: " ")): status \(status): \(output)"
    case .timedOut(let what, let last):
      last.isEmpty ? "timed out: \(what)" : "timed out: \(what); last seen: \(last)"
    case .system(let errno, let doing): "\(doing): \(errno)"
    case .topology(let error): error.description
    case .interrupted: "interrupted"
    case .unsuitable(let why): why
    }
  }
}
