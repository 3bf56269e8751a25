// Watches what one appliance says of the kernel's routes, at the moment when it says it.

import Engine
import Model

/// One run of a daemon: what it was told, what it has said to whom, and how often it took back.
package struct RouteWatch {
  let rules: RouteRules
  private(set) var ledger = RouteLedger()
  /// By route server: what was announced and not taken back since the connection began.
  private var said: [[Prefix: Int]] = [[:], [:]]
  private var withdrawals: [Prefix: [Instant]] = [:]
  /// When something was said last.
  private(set) var saidAt = Instant.zero
  private(set) var reached: Set<Probe> = []

  init(_ rules: RouteRules) { self.rules = rules }

  mutating func heard(_ told: Told, at now: Instant) {
    let before = ledger.standings
    let replaced = ledger.heard(told, at: now)
    if ledger.hasInterruption { reached.insert(.routesInterrupted) }
    if replaced.flatMap({ before[$0]?.rule }) != nil { reached.insert(.routeReplaced) }
    guard case .route(let route, _, _) = told, let old = before[route.prefix] else { return }
    let isBack = old.rule == nil && ledger.standings[route.prefix]?.rule != nil
    if isBack, now < old.since + rules.patience, said[0][route.prefix] != nil {
      reached.insert(.routeBackInTime)
    }
  }

  mutating func asked(_ what: DumpRequest, _ sequence: UInt32) {
    ledger.asked(what == .nextHops, sequence)
  }

  mutating func lost() {
    if !ledger.isStale { reached.insert(.routesLost) }
    ledger.lost()
  }

  mutating func connected(_ server: Int) { said[server] = [:] }

  /// What is wrong with an UPDATE that carries no VIP.
  mutating func sent(_ update: WireUpdate, to server: Int, at now: Instant) -> [(Checker, String)] {
    var wrongs: [(Checker, String)] = []
    saidAt = now
    for prefix in update.withdrawn {
      reached.insert(.routeTakenBack)
      if said[server].removeValue(forKey: prefix) == nil {
        wrongs.append((.exportWithdrawal, "\(prefix) was never announced"))
      }
      if let wrong = whyNotGone(prefix, at: now) { wrongs.append((.exportWithdrawal, wrong)) }
      if server == 0 { wrongs += countWithdrawal(of: prefix, at: now) }
    }
    for prefix in update.announced {
      reached.insert(.routeAnnounced)
      let isShort = update.path.count == 1
      said[server][prefix] = isShort ? 0 : 1
      guard let standing = ledger.standings[prefix] else {
        // While the routes are listed, those of a listing that was given up are known as well.
        if !ledger.isStale { wrongs.append((.exports, "\(prefix) is no route to announce")) }
        continue
      }
      if standing.rule == nil, !ledger.isStale,
        now > max(standing.since, ledger.listed) + rules.patience
      {
        wrongs.append((.exports, "\(prefix) is announced, and gone for long"))
      }
    }
    if said[server].count > rules.room {
      wrongs.append((.exportLimit, "\(said[server].count) routes, \(rules.room) allowed"))
    }
    return wrongs
  }

  /// What is wrong when a turn is over: prefixes that change places may pass each other within it.
  func turned() -> [(Checker, String)] {
    var wrongs: [(Checker, String)] = []
    for server in said.indices {
      for rule in rules.limits.indices {
        let count = said[server].values.count { $0 == rule }
        guard count > rules.limits[rule] else { continue }
        wrongs.append(
          (.exportLimit, "\(count) routes of rule \(rule), \(rules.limits[rule]) allowed"))
      }
    }
    return wrongs
  }

  private func whyNotGone(_ prefix: Prefix, at now: Instant) -> String? {
    if ledger.isStale { return "\(prefix) goes while the routes are not known" }
    guard let standing = ledger.standings[prefix], standing.rule == nil else {
      return "\(prefix) goes, and has a route"
    }
    let length = now - standing.since
    // Changes leave at moments that they share, half a delay apart.
    let least = rules.patience - rules.delay / 2
    return length < least ? "\(prefix) goes after \(length.count) ns" : nil
  }

  private mutating func countWithdrawal(
    of prefix: Prefix, at now: Instant
  ) -> [(Checker, String)] {
    let recent = withdrawals[prefix, default: []].filter { now - $0 < Limits.flapWindow } + [now]
    withdrawals[prefix] = recent
    guard recent.count > Limits.withdrawalsPerWindow else { return [] }
    return [(.exportFlaps, "\(prefix) goes \(recent.count) times within a minute")]
  }
}
