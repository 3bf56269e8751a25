// The courier's own flags; what it has to do it learns from hopshiftd.

package import Azure
import Control

/// What the command line of `hopshift-courier` asks for.
package struct Options: Equatable, Sendable {
  package enum Action: Equatable, Sendable {
    case run
    case version
    case help
  }

  package static let usualState = "/var/lib/hopshift-courier"

  package var action = Action.run
  package var control = DefaultPath.control
  package var state = Options.usualState
  /// Where it answers who asks for the past.
  package var listen = DefaultPath.courier
  package var servers = Servers()
  /// A file of certificates that is believed instead of the system's.
  package var authority: String?

  private static let valued = [
    "--control", "--state", "--listen", "--endpoint", "--metadata", "--ca-file",
  ]

  package init() {}

  /// Reads the words behind the program's name.
  package init(_ words: [String]) throws(UsageError) {
    var index = 0
    while index < words.count {
      let (name, attached) = Options.split(words[index])
      if Options.valued.contains(name) {
        var value = attached
        if value == nil {
          index += 1
          value = index < words.count ? words[index] : nil
        }
        guard let value, !value.isEmpty else { throw UsageError(text: "\(name) needs a value") }
        try take(name, value)
      } else {
        guard attached == nil else { throw UsageError(text: "\(name) takes no value") }
        switch name {
        case "--version": action = .version
        case "--help", "-h": action = .help
        default: throw UsageError(text: "unknown option \(words[index])")
        }
      }
      index += 1
    }
  }

  private mutating func take(_ name: String, _ value: String) throws(UsageError) {
    switch name {
    case "--control": control = value
    case "--state": state = value
    case "--listen": listen = value
    case "--ca-file": authority = value
    default:
      guard let endpoint = Endpoint(url: value) else {
        throw UsageError(text: "\(name) needs a URL of a scheme, a host and a port")
      }
      if name == "--metadata" {
        servers.metadata = endpoint
      } else {
        guard endpoint.isSecure else {
          throw UsageError(text: "\(name) gets a token, so it is spoken to by https only")
        }
        servers.management = endpoint
      }
    }
  }

  private static func split(_ word: String) -> (name: String, value: String?) {
    guard word.hasPrefix("--"), let equals = word.firstIndex(of: "=") else { return (word, nil) }
    return (String(word[..<equals]), String(word[word.index(after: equals)...]))
  }

  package static let usage = """
    usage: hopshift-courier [--control SOCKET] [--state DIRECTORY] [--listen SOCKET]
                            [--endpoint URL] [--metadata URL] [--ca-file FILE] [--version]
      --control SOCKET   where hopshiftd listens (default \(DefaultPath.control))
      --state DIRECTORY  what outlives a restart (default \(Options.usualState))
      --listen SOCKET    where the past is asked for (default \(DefaultPath.courier))
      --endpoint URL     the resource manager, instead of the cloud's own
      --metadata URL     the instance metadata service, instead of \(Endpoint.metadata.origin)
      --ca-file FILE     certificates to believe instead of the system's
      --version          print the version

    """
}

/// A command line that cannot be understood.
package struct UsageError: Error, Equatable, Sendable {
  package let text: String
}
