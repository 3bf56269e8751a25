// A long-running operation: what was accepted and is not done yet.

import Model

/// How an operation ends.
enum Fate: String, Hashable, Sendable {
  case succeeds = "Succeeded"
  case fails = "Failed"
  case isCancelled = "Canceled"
  case neverEnds = "InProgress"
}

struct Operation: Hashable, Sendable {
  /// Operations that are remembered after their end.
  static let limit = 1_000
  /// Azure's queries are signed and have been seen with more than 3 kB.
  static let signatureLength = 3_100

  var id: String
  var subscription: String
  /// The table; nil: nothing of the manager changes.
  var key: String?
  /// What Azure calls it in the words for those who come meanwhile.
  var name: String
  var ends: Instant
  var fate: Fate
  var isOver = false
  /// What the table was before; nil: there was none.
  var before: TableResource?
  /// Whether the table goes when it succeeds.
  var deletes = false
  /// The answer of `Location` when it is over.
  var result: JSON?
  /// What the query of its URL has to say, else somebody made the URL up.
  var signature: String

  /// Before that moment nothing is known of its end.
  func status(at now: Instant) -> String {
    isOver ? fate.rawValue : "InProgress"
  }
}
