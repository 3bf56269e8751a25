// A person asks a program of the lab to end: it must not leave half a network behind.

import CLab
import CLinux

/// The end of this process.
package enum Termination {
  private static let requests = [SIGINT, SIGTERM, SIGHUP]

  /// From now on a request to end stays pending, to be asked for with `isRequested`. Threads that
  /// are started later inherit this; programs that are started do not.
  package static func hold() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in requests { unsafe sigaddset(&set, signal) }
    let result = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    precondition(result == 0, "signals of ours cannot be held")
  }

  /// Whether somebody asked this process to end since `hold`.
  package static var isRequested: Bool {
    var set = sigset_t()
    let result = unsafe sigpending(&set)
    precondition(result == 0, "pending signals cannot be read")
    return requests.contains { unsafe sigismember(&set, $0) == 1 }
  }

  /// Lets whoever reads our output see what was printed so far.
  package static func flush() { fflush(nil) }
}
