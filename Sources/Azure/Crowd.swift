// The routes of the kernel in all tables: what is wanted, what the store knows for ours, and words.
//
// A route is written when the store has it on the disk, and not before: what is not known for ours
// after a crash would never be removed. The row of a route goes when a read has shown that the
// route is not there any more, or leads where somebody else has led it.

package import Model

/// How far one route of the kernel has come in all tables.
package struct RouteReport: Hashable, Sendable {
  package var prefix: Prefix
  package var generation: Generation
  /// Nil: it is gone, or nothing of it is ours.
  package var stage: RouteStage?
  package var detail: String
}

struct Crowd: Sendable {
  /// Words that the store is given at once: a transaction that a word about a virtual IP may have
  /// to wait for. We chose it.
  static let batch = 100
  /// Hops at which one route may stand by our hand, the last one included. We chose it: it moves
  /// with a configuration, seldom twice before one write.
  static let hopLimit = 4

  /// What the store has of one route of one table.
  struct Row: Sendable {
    /// Where we led it, the last hop first, until a read has shown that one.
    var hops: [IPAddress]
    var generation: Generation
    var isKept: Bool
  }

  private struct Wanted: Sendable {
    var generation: Generation
    var hop: IPAddress?
  }

  private struct Stage: Sendable {
    var generation: Generation
    var stage: RouteStage
    var detail: String
  }

  /// What is known of one table.
  private struct Sheet: Sendable {
    let id: ResourceID
    var rows: [Prefix: Row] = [:]
    var given: [Prefix: Intent] = [:]
    var stages: [Prefix: Stage] = [:]
  }

  private(set) var state: CrowdState?
  /// The newest of all words.
  private var latest = Generation.none
  private var wanted: [Prefix: Wanted] = [:]
  private var sheets: [Sheet] = []
  /// Rows of tables that are not written now, by the path of the route.
  private(set) var strays: [String: Row] = [:]
  /// The store was read: before that nobody knows what is ours.
  private var isRemembered = false
  /// What the store is asked to keep, and under which number.
  private var keeping: (number: UInt64, words: [(table: Int, prefix: Prefix)])?
  /// It has refused the last of it.
  private var isRefused = false
  private var reports: [Prefix: RouteReport] = [:]
  private var untold: Set<Prefix> = []

  /// Whether there is anything to look after.
  var isIdle: Bool { state == nil || wanted.isEmpty && strays.isEmpty && !hasRows }

  private var hasRows: Bool { sheets.contains { !$0.rows.isEmpty } }

  /// Routes that this machine writes.
  var written: [Prefix] { state?.voice == .ours ? wanted.keys.sorted() : [] }

  /// Routes that are not yet as they are wished.
  var openCount: Int {
    reports.keys.sorted().count { reports[$0]?.stage != .done }
  }

  // MARK: Words

  mutating func take(_ snapshot: CrowdSnapshot?) {
    let before = wanted.keys.sorted()
    state = snapshot?.state
    latest = max(latest, state?.generation ?? .none)
    wanted = [:]
    for set in snapshot?.sets ?? [] { take(set) }
    untold.formUnion(before)
  }

  mutating func take(_ state: CrowdState) {
    self.state = state
    latest = max(latest, state.generation)
    untold.formUnion(wanted.keys.sorted())
  }

  mutating func take(_ set: CrowdSet) {
    for prefix in set.prefixes {
      if set.isWanted {
        guard wanted.count < Desired.routeLimit || wanted[prefix] != nil else { continue }
        wanted[prefix] = Wanted(generation: set.generation, hop: set.hop(for: prefix))
      } else {
        wanted[prefix] = nil
      }
      untold.insert(prefix)
    }
    latest = max(latest, set.generation)
  }

  /// What the store had. Rows in memory are newer.
  mutating func remember(_ words: [KeptWord]) {
    isRemembered = true
    isRefused = false
    for word in words {
      guard case .hop(let hop) = word.wish else { continue }
      let row = Row(hops: [hop] + word.earlier, generation: word.generation, isKept: true)
      if !place(row, at: word.route), strays[word.route] == nil { strays[word.route] = row }
    }
  }

  /// The store has lost everything.
  mutating func forget() {
    for table in sheets.indices {
      for prefix in sheets[table].rows.keys.sorted() {
        sheets[table].rows[prefix]?.isKept = false
      }
    }
    strays = [:]
    keeping = nil
  }

  private mutating func place(_ row: Row, at route: String) -> Bool {
    guard let slash = route.lastIndex(of: "/"),
      let prefix = Desired.crowdPrefix(route[route.index(after: slash)...])
    else { return false }
    for table in sheets.indices where path(table, prefix) == route {
      if sheets[table].rows[prefix] == nil { sheets[table].rows[prefix] = row }
      return true
    }
    return false
  }

  private func path(_ table: Int, _ prefix: Prefix) -> String {
    "\(sheets[table].id.path)/routes/\(Desired.crowdName(prefix))".lowercased()
  }

  // MARK: Tables

  /// Other tables than before, or none for now. What is not kept yet is kept anew.
  mutating func use(_ ids: [ResourceID]) {
    for table in sheets.indices {
      for prefix in sheets[table].rows.keys.sorted() {
        guard let row = sheets[table].rows[prefix], row.isKept else { continue }
        strays[path(table, prefix)] = row
      }
    }
    untold.formUnion(reports.keys.sorted())
    keeping = nil
    sheets = ids.map { Sheet(id: $0) }
    for route in strays.keys.sorted() {
      if let row = strays[route], place(row, at: route) { strays[route] = nil }
    }
  }

  /// The rows of tables that are written no more.
  var strayCount: Int { strays.count }

  // MARK: What is given

  /// Words for the tables, and words for the store under the next number. An answer has a word for
  /// each route that is known; news has those that have changed.
  mutating func settle(
    isAnswer: Bool, isShadow: Bool, number: UInt64
  ) -> (words: [CrowdWord], kept: [KeptWord]) {
    guard let state, isRemembered else { return ([], []) }
    var words: [CrowdWord] = []
    var kept: [KeptWord] = []
    var places: [(table: Int, prefix: Prefix)] = []
    let voice = isShadow ? .others : state.voice
    for table in sheets.indices {
      for prefix in prefixes(of: table) {
        var intent = self.intent(table, prefix, state, voice, isShadow)
        if case .hop(let hop) = intent.wish {
          let row = sheets[table].rows[prefix]
          if row?.hops.first != hop || row?.generation != intent.generation || row?.isKept == false
          {
            if keeping == nil, !isRefused, places.count < Crowd.batch {
              kept.append(write(hop, intent.generation, table, prefix))
              places.append((table, prefix))
            }
            // What was given may go on; something new waits for the disk.
            if sheets[table].given[prefix] != intent { intent.wish = .notOurs }
          }
        }
        if sheets[table].given[prefix] == nil, intent.wish == .notOurs { continue }
        let isNews = sheets[table].given[prefix] != intent
        guard isAnswer || isNews else { continue }
        if isNews {
          sheets[table].given[prefix] = intent
          sheets[table].stages[prefix] = nil
          untold.insert(prefix)
        }
        words.append(CrowdWord(table: table, prefix: prefix, intent: intent))
      }
    }
    if !places.isEmpty { keeping = (number, places) }
    return (words, kept)
  }

  /// Everything that is wanted in a table, or known of it: the shortest first, as places are given.
  private func prefixes(of table: Int) -> [Prefix] {
    let sheet = sheets[table]
    var known = wanted.keys.sorted()
    for prefix in sheet.rows.keys.sorted() where wanted[prefix] == nil { known.append(prefix) }
    for prefix in sheet.given.keys.sorted()
    where wanted[prefix] == nil && sheet.rows[prefix] == nil { known.append(prefix) }
    return known.sorted { ($0.length, $0.address) < ($1.length, $1.address) }
  }

  private func intent(
    _ table: Int, _ prefix: Prefix, _ state: CrowdState, _ voice: Desired.Voice, _ isShadow: Bool
  ) -> Intent {
    if let wanted = wanted[prefix] {
      let generation = max(wanted.generation, state.generation)
      guard voice == .ours, let hop = wanted.hop else { return Intent(generation, .notOurs) }
      return Intent(generation, .hop(hop))
    }
    let given = sheets[table].given[prefix]
    guard let row = sheets[table].rows[prefix], !isShadow, mayRemove(row, state) else {
      return Intent(given?.generation ?? latest, .notOurs)
    }
    // It stays the same word while other routes come and go.
    if let given, case .removed(from: row.hops) = given.wish { return given }
    return Intent(latest, .removed(from: row.hops))
  }

  /// A route that leads where only this machine leads any is nobody else's, whoever writes now.
  private func mayRemove(_ row: Row, _ state: CrowdState) -> Bool {
    switch state.voice {
    case .ours: true
    case .others: row.hops.allSatisfy { state.ownHops.contains($0) }
    case .unsure: false
    }
  }

  private mutating func write(
    _ hop: IPAddress, _ generation: Generation, _ table: Int, _ prefix: Prefix
  ) -> KeptWord {
    let before = sheets[table].rows[prefix]?.hops.filter { $0 != hop } ?? []
    let hops = [hop] + before.prefix(Crowd.hopLimit - 1)
    sheets[table].rows[prefix] = Row(hops: hops, generation: generation, isKept: false)
    return KeptWord(
      route: path(table, prefix), generation: generation, wish: .hop(hop),
      earlier: Array(hops.dropFirst()))
  }

  /// What became of words for the store. False when the number is not of ours.
  mutating func kept(_ number: UInt64, _ isDurable: Bool) -> Bool {
    guard let keeping, keeping.number == number else { return false }
    self.keeping = nil
    isRefused = !isDurable
    for (table, prefix) in keeping.words {
      if isDurable { sheets[table].rows[prefix]?.isKept = true }
      untold.insert(prefix)
    }
    return true
  }

  /// The store is tried again.
  mutating func tryAgain() { isRefused = false }

  // MARK: What came of it

  /// What the store is to be told.
  enum Settlement {
    case finished(String, Generation)
    case gone(String, Generation)
    /// It is to be removed and leads elsewhere: it stays where it is.
    case left
  }

  mutating func heard(
    _ table: Int, _ prefix: Prefix, _ generation: Generation, _ stage: RouteStage,
    _ detail: String
  ) -> Settlement? {
    guard sheets.indices.contains(table), let given = sheets[table].given[prefix],
      given.generation == generation
    else { return nil }
    untold.insert(prefix)
    sheets[table].stages[prefix] = Stage(generation: generation, stage: stage, detail: detail)
    if stage == .foreign, case .removed = given.wish { return .left }
    guard stage == .done, let row = sheets[table].rows[prefix] else { return nil }
    switch given.wish {
    case .hop(let hop):
      sheets[table].rows[prefix]?.hops = [hop]
      return .finished(path(table, prefix), row.generation)
    case .removed:
      sheets[table].rows[prefix] = nil
      sheets[table].given[prefix] = nil
      sheets[table].stages[prefix] = nil
      return .gone(path(table, prefix), row.generation)
    case .absent, .notOurs: return nil
    }
  }

  /// A daemon that is new has heard nothing.
  mutating func tellAnew() {
    untold.formUnion(reports.keys.sorted())
    reports = [:]
  }

  /// What has changed since it was last told. `excuse`: why nothing can be written at all.
  mutating func takeReports(excuse: String?) -> [RouteReport] {
    if untold.isEmpty { return [] }
    var news: [RouteReport] = []
    for prefix in untold.sorted() {
      let report = report(of: prefix, excuse: excuse)
      guard reports[prefix] != report else { continue }
      if report.stage == nil, reports[prefix] == nil { continue }
      reports[prefix] = report.stage == nil ? nil : report
      news.append(report)
    }
    untold = []
    return news
  }

  /// The least of what it has come to in the tables.
  private func report(of prefix: Prefix, excuse: String?) -> RouteReport {
    let order: [RouteStage] = [.failed, .foreign, .queued, .accepted, .done]
    var report = RouteReport(
      prefix: prefix,
      generation: wanted[prefix].map { max($0.generation, state?.generation ?? .none) } ?? latest,
      stage: nil, detail: "")
    if wanted[prefix] != nil, state?.voice == .ours, sheets.isEmpty {
      report.stage = excuse == nil ? .queued : .failed
      report.detail = excuse ?? ""
    }
    for sheet in sheets {
      var found = Stage(generation: .none, stage: .queued, detail: "")
      switch sheet.given[prefix]?.wish {
      case .hop, .removed, .absent: found = sheet.stages[prefix] ?? found
      case .notOurs, nil:
        // It waits for the disk, or is not ours.
        guard wanted[prefix] != nil, state?.voice == .ours else { continue }
        if isRefused {
          found.stage = .failed
          found.detail = Trouble.unkept.sentence
        }
      }
      if let stage = report.stage, let known = order.firstIndex(of: stage),
        let new = order.firstIndex(of: found.stage), known <= new
      {
        continue
      }
      report.stage = found.stage
      report.detail = found.detail
    }
    return report
  }

  /// Everything is to be told with a new excuse.
  mutating func excuseChanged() { untold.formUnion(wanted.keys.sorted()) }
}
