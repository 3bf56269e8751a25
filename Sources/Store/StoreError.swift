// What can be wrong with the store, as whoever uses it has to tell it apart.

import CSQLite

package enum StoreError: Error, Equatable, Sendable {
  /// The file cannot be opened or made.
  case unreachable
  /// Another process has it.
  case taken
  /// No room on the disk.
  case full
  /// It may be read and not written.
  case readOnly
  /// It is no store, or damaged.
  case damaged
  /// A newer version has made it.
  case newer
  /// The disk itself failed.
  case disk
  /// Anything else, with SQLite's extended code.
  case other(Int32)

  init(_ code: Int32) {
    switch code & 0xff {
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: self = .unreachable
    case SQLITE_BUSY, SQLITE_LOCKED: self = .taken
    case SQLITE_FULL: self = .full
    case SQLITE_READONLY: self = .readOnly
    case SQLITE_CORRUPT, SQLITE_NOTADB: self = .damaged
    case SQLITE_IOERR: self = .disk
    default: self = .other(code)
    }
  }
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreachable: "it cannot be opened"
    case .taken: "another process has it"
    case .full: "no room is left on its disk"
    case .readOnly: "it cannot be written"
    case .damaged: "it is damaged, or no store"
    case .newer: "a newer version has made it"
    case .disk: "its disk fails"
    case .other(let code): "SQLite error \(code)"
    }
  }
}
