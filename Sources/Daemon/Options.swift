// The daemon's own flags: few, so that several can run side by side.

import Control

/// What the command line of `hopshiftd` asks for.
package struct Options: Equatable, Sendable {
  package enum Action: Equatable, Sendable {
    case run
    case check
    case version
    case help
  }

  package var action = Action.run
  package var configuration = DefaultPath.configuration
  package var control = DefaultPath.control
  package var state = DefaultPath.state

  package init() {}

  /// Reads the words behind the program's name.
  package init(_ words: [String]) throws(UsageError) {
    var index = 0
    while index < words.count {
      let word = words[index]
      let (name, attached) = Options.split(word)
      switch name {
      case "--check": action = .check
      case "--version": action = .version
      case "--help", "-h": action = .help
      case "--config", "--control", "--state":
        var value = attached
        if value == nil {
          index += 1
          value = index < words.count ? words[index] : nil
        }
        guard let value, !value.isEmpty else { throw UsageError(text: "\(name) needs a path") }
        switch name {
        case "--config": configuration = value
        case "--control": control = value
        default: state = value
        }
      default: throw UsageError(text: "unknown option \(word)")
      }
      if attached != nil, !["--config", "--control", "--state"].contains(name) {
        throw UsageError(text: "\(name) takes no value")
      }
      index += 1
    }
  }

  private static func split(_ word: String) -> (name: String, value: String?) {
    guard word.hasPrefix("--"), let equals = word.firstIndex(of: "=") else { return (word, nil) }
    return (String(word[..<equals]), String(word[word.index(after: equals)...]))
  }

  package static let usage = """
    usage: hopshiftd [--config FILE] [--control SOCKET] [--state FILE] [--check] [--version]
      --config FILE     configuration (default \(DefaultPath.configuration))
      --control SOCKET  where hopshift talks to the daemon (default \(DefaultPath.control))
      --state FILE      what outlives a restart (default \(DefaultPath.state))
      --check           read the configuration, report every problem, do nothing else
      --version         print the version

    """
}

/// A command line that cannot be understood.
package struct UsageError: Error, Equatable, Sendable {
  package let text: String
  /// A name that does not exist is understood all the same.
  var code = ExitCode.usage
}
