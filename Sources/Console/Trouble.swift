// Why a question to the daemon has no answer, and what to do about it.

package import Control

/// What went wrong between the command line and the daemon.
package enum Trouble: Error, Hashable, Sendable {
  /// No socket, or nobody listens on it; the kernel's words.
  case notListening(String)
  case noPermission(String)
  /// Connecting or sending failed for another reason.
  case failed(String)
  /// It listens, but nothing came for the time that we wait.
  case silent
  /// It closed the connection before the answer was complete.
  case closed
  /// It answered with something that is not a record.
  case garbled(String)
  /// It has nothing to do with the daemon: a file.
  case local(String)
  /// A configuration has errors, which were told.
  case refusedConfiguration(String)
  /// It answered that it could not.
  case refused(ExitCode, String)

  /// How long an answer may take. We chose it: the daemon answers within milliseconds, and a
  /// person does not wait longer.
  package static let patienceSeconds = 2
  /// How long the courier may look at Azure: more than the eight seconds after which it says what
  /// it has found by then.
  package static let inspectionSeconds = 10

  package var exitCode: ExitCode {
    switch self {
    case .notListening, .silent, .closed: .notRunning
    case .noPermission: .noPermission
    case .failed, .garbled, .local: .failure
    case .refusedConfiguration: .badConfiguration
    case .refused(let code, _): code == .ok ? .failure : code
    }
  }

  /// In a few words, for whoever goes on without the answer.
  package var brief: String {
    switch self {
    case .notListening(let reason), .noPermission(let reason), .failed(let reason),
      .local(let reason), .refusedConfiguration(let reason):
      reason
    case .silent: "hopshift-courier does not answer"
    case .closed: "the connection was closed"
    case .garbled(let reason): "no answer that could be read: \(reason)"
    case .refused(_, let message): Printable.clean(message)
    }
  }

  /// One sentence that names the trouble, and one that says what to do.
  package func message(socket: String, of program: String = "hopshiftd") -> String {
    let path = Printable.clean(socket)
    return switch self {
    case .notListening(let reason):
      "\(program) does not answer on \(path) (\(reason)). "
        + "Is it running? systemctl status \(program)"
    case .noPermission(let reason):
      "no permission to use \(path) (\(reason)). "
        + "Members of the group hopshift may: usermod --append --groups hopshift USER"
    case .failed(let reason): "cannot talk to \(program) on \(path): \(reason)"
    case .silent:
      "\(program) accepts connections on \(path) but has not answered for "
        + "\(Trouble.patienceSeconds) s. Is it stopped? systemctl status \(program)"
    case .closed:
      "\(program) closed the connection on \(path) before its answer was complete. "
        + "Has it stopped? journalctl --unit \(program)"
    case .garbled(let reason):
      "what answers on \(path) does not speak the control protocol (\(reason)). "
        + "Compare the versions: hopshift version"
    case .local(let reason): reason
    case .refusedConfiguration(let name): "\(name) has errors: nothing can be played"
    case .refused(_, let message): "\(program): \(Printable.clean(message))"
    }
  }
}
