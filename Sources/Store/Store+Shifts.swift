// The shifts of every start of the daemon, as it has told them.

extension Store {
  /// Shifts; the oldest go. We chose it: four times what the daemon remembers.
  package static let shiftLimit = 2_048
  /// Bytes of one shift's records: more than it has with the most route servers, and all of them
  /// together half of what the file may be.
  package static let linesLimit = 16_384

  static func makeShifts(_ database: borrowing Database) throws(StoreError) {
    try database.run("BEGIN IMMEDIATE")
    try database.run(
      """
      CREATE TABLE shifts (run INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
        lines TEXT NOT NULL, PRIMARY KEY (run, number)) STRICT, WITHOUT ROWID
      """)
    try database.run("CREATE INDEX shifts_at ON shifts (at)")
    try database.run("PRAGMA user_version = 2")
    try database.run("COMMIT")
  }

  /// Keeps shifts, all or none of them; one that is kept already has come further.
  package func keep(_ shifts: [KeptShift]) throws(StoreError) {
    try database.run("BEGIN IMMEDIATE")
    do throws(StoreError) {
      // Written whatever the shifts are, so that who has none learns whether the disk takes any.
      try database.run("PRAGMA user_version = \(Store.version)")
      for shift in shifts where shift.lines.utf8.count <= Store.linesLimit {
        try database.run(
          """
          INSERT INTO shifts VALUES (?1, ?2, ?3, ?4)
          ON CONFLICT (run, number) DO UPDATE SET lines = ?4 WHERE run <> \(KeptShift.noRun)
          """,
          [
            Store.number(shift.run), .integer(Int64(shift.number)),
            .integer(shift.wallMilliseconds), .text(shift.lines),
          ])
      }
      try database.run(
        """
        DELETE FROM shifts WHERE (run, number) IN (SELECT run, number FROM shifts
          ORDER BY at DESC, run DESC, number DESC LIMIT -1 OFFSET \(Store.shiftLimit))
        """)
      try database.run("COMMIT")
    } catch {
      try database.abandon()
      throw error
    }
  }

  /// The newest shifts since a time, the oldest of them first.
  package func shifts(since wallMilliseconds: Int64, limit: Int) throws(StoreError) -> [KeptShift] {
    var result: [KeptShift] = []
    try database.run(
      """
      SELECT run, number, at, lines FROM shifts WHERE at >= ?1
      ORDER BY at DESC, run DESC, number DESC LIMIT ?2
      """, [.integer(wallMilliseconds), .integer(Int64(limit))]
    ) { row in
      guard row.count == 4, case .integer(let run) = row[0], case .integer(let number) = row[1],
        case .integer(let at) = row[2], case .text(let lines) = row[3]
      else { return }
      result.append(
        KeptShift(
          run: UInt64(clamping: run), number: UInt32(clamping: number), wallMilliseconds: at,
          lines: lines))
    }
    return result.reversed()
  }
}
