// What a journal may hold: its reader refuses what goes beyond, its writer never does.

/// The limits of a journal. We chose the numbers.
package enum JournalLimits {
  /// The first bytes of a file, so that file(1) and people see what it is.
  package static let magic = Array("hopshift-journal".utf8)
  package static let version: UInt16 = 1
  /// Magic and version.
  package static let header = 18
  /// The longest record: a beginning holds the largest configuration file and every name in it.
  package static let record = 16 << 20
  /// Bytes of a record beside its operands: length, source, the longest time, sum.
  package static let overhead = 4 + 1 + 10 + 4
  /// Bytes of all operands of one input, none of which is longer than ten.
  package static let operands = 64
  /// Names of one kind in a beginning: every VIP of the largest Plan.
  package static let names = 10_000
  /// Bytes of one text but the configuration.
  package static let text = 1_024
  /// The largest file that is read: what a daemon with a thousand probes a second hears in a day.
  package static let file = 1 << 30
}
