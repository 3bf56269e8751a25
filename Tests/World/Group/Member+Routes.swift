// A member and the kernel's routes: what its daemon says of route tables, held against what it read.

import Engine
import Model
import Redistribution

extension Member {
  /// Longer than a route that came and went too often has to rest, and than anything is told late.
  private static let longest = Nanoseconds.seconds(60)

  /// What it has told since this was looked at last.
  func takeCrowdWord() -> CrowdWord? {
    defer { crowdNews = nil }
    return crowdNews
  }

  /// The end of a turn: what has changed is told to the courier.
  func followTables(at now: Instant) {
    guard let rules = routeRules, let tables = driver?.engine.tableRoutes else { return }
    guard toldCrowd != tables.generation else {
      if isAsked { crowdNews = crowd }
      return
    }
    toldCrowd = tables.generation
    let word = CrowdWord(voice: tables.voice, prefixes: Set(tables.places.map(\.prefix)))
    for prefix in crowd.prefixes.subtracting(word.prefixes).sorted() {
      guard let wrong = whyNotGone(prefix, rules, at: now) else { continue }
      complain(.tableRoutes, "it takes back \(prefix): \(wrong)")
    }
    crowd = word
    crowdNews = word
  }

  private func whyNotGone(_ prefix: Prefix, _ rules: RouteRules, at now: Instant) -> String? {
    if ledger.isStale { return "its routes are not known" }
    guard let standing = ledger.standings[prefix], standing.rule == nil else {
      return "it has a route"
    }
    let length = now - standing.since
    // Changes leave at moments that they share, half a delay apart.
    return length < rules.patience - rules.delay / 2 ? "gone for \(length.count) ns" : nil
  }

  /// What speaks against a removal that its courier has decided on.
  func whyNotToRemove(_ prefix: Prefix, at now: Instant) -> String? {
    if ledger.listed == .zero { return "its daemon has not heard the kernel" }
    guard let standing = ledger.standings[prefix], standing.rule != nil,
      now - standing.since > Member.longest
    else { return nil }
    return "its kernel has had it for \((now - standing.since).count) ns"
  }
}
