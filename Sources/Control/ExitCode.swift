// How a command ended: the same numbers in an `end` record and as an exit status.

/// The outcome of a request. The numbers are a promise to scripts.
package enum ExitCode: Int32, Hashable, Sendable, CaseIterable {
  case ok = 0
  case failure = 1
  /// The request or the command line was not understood.
  case usage = 2
  /// 3 as in the LSB for a program that is not running.
  case notRunning = 3
  case noPermission = 4
  /// It runs, but not all of it works.
  case degraded = 5
  /// EX_CONFIG of sysexits.h.
  case badConfiguration = 78
}
