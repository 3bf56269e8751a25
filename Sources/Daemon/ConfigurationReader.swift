// Reads the configuration beside the loop: ten thousand VIPs take a hundred milliseconds.

import Linux
import Synchronization

/// One reading at a time, on a thread that ends with it. What it leaves behind is taken when the
/// descriptor is readable.
final class ConfigurationReader: Sendable {
  private typealias Found = Result<Configured, Reloads.ReadProblem>

  private let found = Mutex<Found?>(nil)
  private let isDone: EventDescriptor

  /// Readable when a reading has ended.
  var raw: Int32 { isDone.raw }

  init() throws(Errno) { isDone = try EventDescriptor() }

  /// The thread is joined before the next reading begins.
  func begin(_ path: String) throws(Errno) -> Worker {
    try Worker { [self] in
      let read = Reloads.read(path)
      found.withLock { $0 = read }
      do throws(Errno) {
        try isDone.signal()
      } catch {
        preconditionFailure("a counter of ours can be written: \(error)")
      }
    }
  }

  /// What was read; nil: it is not there yet.
  func take() throws(Errno) -> Result<Configured, Reloads.ReadProblem>? {
    try isDone.clear()
    return found.withLock { found in
      defer { found = nil }
      return found
    }
  }
}
