// One thing that is wrong, or doubtful, in a configuration file.
package import Model

/// A problem with its place, what it is about, and what to write instead.
package struct Problem: Hashable, Sendable {
  package enum Severity: String, Hashable, Sendable {
    /// There is no Plan.
    case error
    /// There is a Plan, and a person should know this.
    case warning
  }

  package var severity: Severity
  package var position: Position
  /// The key it is about, as `route-servers.hold-time`; empty for the file as a whole.
  package var path: String
  package var message: String
  package var suggestion: String?

  package init(
    severity: Severity, position: Position, path: String, message: String,
    suggestion: String? = nil
  ) {
    self.severity = severity
    self.position = position
    self.path = path
    self.message = message
    self.suggestion = suggestion
  }
}

/// The problems of one file while it is being read.
struct Problems {
  /// A file with more problems is not read by a person to the end. We chose it.
  static let limit = 1_000

  private var list: [Problem] = []
  private(set) var hasErrors = false
  private var dropped = 0

  mutating func error(
    _ position: Position, _ path: String, _ message: String, suggestion: String? = nil
  ) {
    hasErrors = true
    add(.error, position, path, message, suggestion)
  }

  mutating func warn(
    _ position: Position, _ path: String, _ message: String, suggestion: String? = nil
  ) {
    add(.warning, position, path, message, suggestion)
  }

  /// There is room for another: beyond the limit a suggestion need not be sought.
  var hasRoom: Bool { list.count < Problems.limit }

  private mutating func add(
    _ severity: Problem.Severity, _ position: Position, _ path: String, _ message: String,
    _ suggestion: String?
  ) {
    guard hasRoom else {
      dropped += 1
      return
    }
    list.append(
      Problem(
        severity: severity, position: position, path: path, message: message,
        suggestion: suggestion))
  }

  /// All of them in the order of the file; those of one place in the order they were found.
  func sorted() -> [Problem] {
    let order = list.indices.sorted {
      (list[$0].position, $0) < (list[$1].position, $1)
    }
    var result = order.map { list[$0] }
    if dropped > 0, let last = result.last {
      result.append(
        Problem(
          severity: hasErrors ? .error : .warning, position: last.position, path: "",
          message: "\(dropped) more problems are not shown"))
    }
    return result
  }
}
