// A connection to SQLite with exactly one owner, and the few calls that the store needs.

import CSQLite

/// An open database. Every statement is prepared, run to its end and finalised in one call.
@safe struct Database: ~Copyable {
  private let handle: OpaquePointer

  /// A value that goes into a statement or comes out of one.
  enum Value: Equatable {
    case integer(Int64)
    case text(String)
    case null
  }

  init(path: String) throws(StoreError) {
    var opened: OpaquePointer?
    // Only this thread uses it, so SQLite needs no locks of its own. Links are not followed: the
    // directory is ours alone, and a link in it would be somebody's attempt.
    let flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW
    let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
    guard let found = unsafe opened else { throw StoreError(code) }
    guard code == SQLITE_OK else {
      unsafe sqlite3_close_v2(found)
      throw StoreError(code)
    }
    unsafe sqlite3_extended_result_codes(found, 1)
    unsafe handle = found
  }

  deinit { unsafe sqlite3_close_v2(handle) }

  /// Runs one statement; each row that it yields is given to `row`.
  func run(
    _ sql: String, _ values: [Value] = [], row: ([Value]) -> Void = { _ in }
  ) throws(StoreError) {
    var prepared: OpaquePointer?
    let code = unsafe sqlite3_prepare_v2(handle, sql, -1, &prepared, nil)
    guard code == SQLITE_OK, let statement = unsafe prepared else { throw StoreError(code) }
    defer { unsafe sqlite3_finalize(statement) }
    for (offset, value) in values.enumerated() {
      let index = Int32(offset + 1)
      let bound: Int32
      switch value {
      case .integer(let number): bound = unsafe sqlite3_bind_int64(statement, index, number)
      case .text(let text):
        bound = unsafe csqlite_bind_text(statement, index, text, Int32(text.utf8.count))
      case .null: bound = unsafe sqlite3_bind_null(statement, index)
      }
      guard bound == SQLITE_OK else { throw StoreError(bound) }
    }
    while true {
      let step = unsafe sqlite3_step(statement)
      if step == SQLITE_DONE { return }
      guard step == SQLITE_ROW else { throw StoreError(step) }
      let count = unsafe sqlite3_column_count(statement)
      row((0..<count).map { unsafe column(statement, $0) })
    }
  }

  /// Gives a change up that has failed. Full and failing disks have often ended it already.
  func abandon() throws(StoreError) {
    if unsafe sqlite3_get_autocommit(handle) == 0 { try run("ROLLBACK") }
  }

  /// Rows that the last statement has changed.
  var changes: Int { Int(unsafe sqlite3_changes(handle)) }

  private func column(_ statement: OpaquePointer, _ index: Int32) -> Value {
    switch unsafe sqlite3_column_type(statement, index) {
    case SQLITE_INTEGER: return unsafe .integer(sqlite3_column_int64(statement, index))
    case SQLITE_TEXT:
      guard let text = unsafe sqlite3_column_text(statement, index) else { return .null }
      let count = Int(unsafe sqlite3_column_bytes(statement, index))
      let bytes = unsafe UnsafeBufferPointer(start: text, count: count)
      return .text(unsafe String(decoding: bytes, as: UTF8.self))
    default: return .null
    }
  }
}
