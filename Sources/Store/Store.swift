// What must outlive a crash of the slow path: the newest word about each route, and what was done.

package import Model

/// The newest word about one route, as it is kept.
package struct KeptIntent: Equatable, Sendable {
  /// The path of the route's resource id, in lower case.
  package var route: String
  package var generation: Generation
  /// A hop, or the words for none; whoever stores it reads it.
  package var wish: String
  /// A read of the table has shown it.
  package var isDone: Bool

  package init(route: String, generation: Generation, wish: String, isDone: Bool) {
    self.route = route
    self.generation = generation
    self.wish = wish
    self.isDone = isDone
  }
}

/// One line of the history.
package struct KeptEvent: Equatable, Sendable {
  /// Seconds and milliseconds of the day's clock: a history is for people.
  package var wallMilliseconds: Int64
  package var route: String
  package var generation: Generation
  package var stage: String
  package var detail: String

  package init(
    wallMilliseconds: Int64, route: String, generation: Generation, stage: String, detail: String
  ) {
    self.wallMilliseconds = wallMilliseconds
    self.route = route
    self.generation = generation
    self.stage = stage
    self.detail = detail
  }
}

/// One shift as the daemon has told it, or something else that happened to the machine.
package struct KeptShift: Equatable, Sendable {
  /// Of what no daemon has counted: it comes no further, and its first word stays.
  package static let noRun: UInt64 = 0

  /// Which start of the daemon counted it.
  package var run: UInt64
  package var number: UInt32
  package var wallMilliseconds: Int64
  /// Its records, a line each.
  package var lines: String

  package init(run: UInt64, number: UInt32, wallMilliseconds: Int64, lines: String) {
    self.run = run
    self.number = number
    self.wallMilliseconds = wallMilliseconds
    self.lines = lines
  }
}

/// A file of SQLite. What a call has returned from is on the disk, whatever happens then.
package struct Store: ~Copyable {
  /// Lines of history; the oldest go. We chose it: with ten stages a shift, a thousand shifts.
  package static let historyLimit = 10_000
  /// Bytes of a detail and of a route's path.
  package static let textLimit = 2_048
  /// Pages of 4 KiB: what intents of a full plan, a full history and their log need, several times.
  package static let pageLimit: Int64 = 16_384
  static let version: Int64 = 2

  let database: Database

  /// Opens the store, or makes it. `pages` bounds its size.
  package init(path: String, pages: Int64 = Store.pageLimit) throws(StoreError) {
    database = try Store.opened(path, pages)
  }

  private static func opened(_ path: String, _ pages: Int64) throws(StoreError) -> Database {
    let database = try Database(path: path)
    // One process at a time, and no shared memory beside the file.
    try database.run("PRAGMA locking_mode = EXCLUSIVE")
    // A write-ahead log: one sync for each word instead of two or three, and readers of the
    // history never wait. FULL, not NORMAL: NORMAL does not sync a commit, and a power cut would
    // take back what was said to be durable.
    try database.run("PRAGMA journal_mode = WAL")
    try database.run("PRAGMA synchronous = FULL")
    try database.run("PRAGMA trusted_schema = OFF")
    // The log is written back after 100 pages and cut, so that it stays small.
    try database.run("PRAGMA wal_autocheckpoint = 100")
    try database.run("PRAGMA journal_size_limit = 1048576")
    try database.run("PRAGMA max_page_count = \(pages)")
    var found: Int64 = 0
    try database.run("PRAGMA user_version") { row in
      if case .integer(let number)? = row.first { found = number }
    }
    if found > Store.version { throw .newer }
    if found < 1 { try make(database) }
    if found < 2 { try Store.makeShifts(database) }
    return database
  }

  private static func make(_ database: borrowing Database) throws(StoreError) {
    try database.run("BEGIN IMMEDIATE")
    try database.run(
      """
      CREATE TABLE intents (route TEXT PRIMARY KEY, epoch INTEGER NOT NULL,
        counter INTEGER NOT NULL, wish TEXT NOT NULL, done INTEGER NOT NULL) STRICT, WITHOUT ROWID
      """)
    try database.run(
      """
      CREATE TABLE history (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, route TEXT NOT NULL,
        epoch INTEGER NOT NULL, counter INTEGER NOT NULL, stage TEXT NOT NULL, detail TEXT NOT NULL)
        STRICT
      """)
    try database.run("PRAGMA user_version = 1")
    try database.run("COMMIT")
  }

  /// Keeps words that are newer than those that are kept, all or none of them. Answers how many
  /// were.
  package func keep(_ intents: [KeptIntent]) throws(StoreError) -> Int {
    var kept = 0
    try database.run("BEGIN IMMEDIATE")
    do throws(StoreError) {
      for intent in intents {
        try database.run(
          """
          INSERT INTO intents VALUES (?1, ?2, ?3, ?4, ?5)
          ON CONFLICT (route) DO UPDATE SET epoch = ?2, counter = ?3, wish = ?4, done = ?5
          WHERE (?2, ?3) > (epoch, counter)
          """,
          [
            .text(intent.route), Store.number(intent.generation.epoch),
            Store.number(intent.generation.counter), .text(intent.wish),
            .integer(intent.isDone ? 1 : 0),
          ])
        kept += database.changes
      }
      try database.run("COMMIT")
    } catch {
      try database.abandon()
      throw error
    }
    return kept
  }

  /// Takes words that hold whatever their generation, all or none of them: the daemon's answer to a
  /// question.
  package func replace(_ intents: [KeptIntent]) throws(StoreError) {
    try database.run("BEGIN IMMEDIATE")
    do throws(StoreError) {
      for intent in intents {
        try database.run(
          "INSERT OR REPLACE INTO intents VALUES (?1, ?2, ?3, ?4, ?5)",
          [
            .text(intent.route), Store.number(intent.generation.epoch),
            Store.number(intent.generation.counter), .text(intent.wish),
            .integer(intent.isDone ? 1 : 0),
          ])
      }
      try database.run("COMMIT")
    } catch {
      try database.abandon()
      throw error
    }
  }

  /// A read has shown what this generation wishes; nothing happens when a newer one is kept.
  package func finish(_ route: String, _ generation: Generation) throws(StoreError) {
    try database.run(
      "UPDATE intents SET done = 1 WHERE route = ?1 AND epoch = ?2 AND counter = ?3",
      [.text(route), Store.number(generation.epoch), Store.number(generation.counter)])
  }

  /// The route is not ours any more; nothing happens when a newer word is kept.
  package func forget(_ route: String, _ generation: Generation) throws(StoreError) {
    try database.run(
      "DELETE FROM intents WHERE route = ?1 AND epoch = ?2 AND counter = ?3",
      [.text(route), Store.number(generation.epoch), Store.number(generation.counter)])
  }

  /// Everything that is kept, in the order of routes.
  package func intents() throws(StoreError) -> [KeptIntent] {
    var result: [KeptIntent] = []
    try database.run("SELECT route, epoch, counter, wish, done FROM intents ORDER BY route") {
      row in
      guard row.count == 5, case .text(let route) = row[0], case .integer(let epoch) = row[1],
        case .integer(let counter) = row[2], case .text(let wish) = row[3],
        case .integer(let done) = row[4]
      else { return }
      result.append(
        KeptIntent(
          route: route, generation: Store.generation(epoch, counter), wish: wish, isDone: done != 0)
      )
    }
    return result
  }

  /// Adds a line to the history, and takes the oldest away when there are too many.
  package func add(_ event: KeptEvent) throws(StoreError) {
    let detail = String(decoding: event.detail.utf8.prefix(Store.textLimit), as: UTF8.self)
    try database.run("BEGIN IMMEDIATE")
    do throws(StoreError) {
      try database.run(
        "INSERT INTO history (at, route, epoch, counter, stage, detail) VALUES (?,?,?,?,?,?)",
        [
          .integer(event.wallMilliseconds), .text(event.route),
          Store.number(event.generation.epoch), Store.number(event.generation.counter),
          .text(event.stage), .text(detail),
        ])
      try database.run(
        "DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - \(Store.historyLimit)")
      try database.run("COMMIT")
    } catch {
      try database.abandon()
      throw error
    }
  }

  /// The newest lines since a time, the oldest of them first.
  package func history(since wallMilliseconds: Int64, limit: Int) throws(StoreError) -> [KeptEvent]
  {
    var result: [KeptEvent] = []
    try database.run(
      """
      SELECT at, route, epoch, counter, stage, detail FROM history WHERE at >= ?1
      ORDER BY id DESC LIMIT ?2
      """, [.integer(wallMilliseconds), .integer(Int64(limit))]
    ) { row in
      guard row.count == 6, case .integer(let at) = row[0], case .text(let route) = row[1],
        case .integer(let epoch) = row[2], case .integer(let counter) = row[3],
        case .text(let stage) = row[4], case .text(let detail) = row[5]
      else { return }
      result.append(
        KeptEvent(
          wallMilliseconds: at, route: route, generation: Store.generation(epoch, counter),
          stage: stage, detail: detail))
    }
    return result.reversed()
  }

  /// SQLite's numbers have a sign. An epoch counts nanoseconds of this era, far below.
  static func number(_ value: UInt64) -> Database.Value { .integer(Int64(clamping: value)) }

  private static func generation(_ epoch: Int64, _ counter: Int64) -> Generation {
    Generation(epoch: UInt64(clamping: epoch), counter: UInt64(clamping: counter))
  }
}
