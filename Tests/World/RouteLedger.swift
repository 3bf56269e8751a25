// What a daemon was told of the kernel's routes, and since when: what the judges know of them.

import Engine
import Model

/// The kernel's routes as its news and its listings have them, in the order in which they were
/// read.
package struct RouteLedger: Sendable {
  /// Of one prefix.
  struct Standing: Equatable, Sendable {
    /// The rule by which it is to be announced; nil: it has no route that matches.
    var rule: Int?
    /// Since when it has a route, or none.
    var since: Instant
    /// Since when by this rule.
    var ruleSince: Instant
  }

  private var routes: Set<KernelRoute> = []
  private(set) var standings: [Prefix: Standing] = [:]
  /// Something was lost, or nothing was listed yet.
  private(set) var isStale = true
  private var isClean = false
  private var sequence: UInt32 = 0
  private(set) var hasInterruption = false
  /// When everything was listed last: a grace may count from then.
  private(set) var listed = Instant.zero

  mutating func lost() {
    isStale = true
    isClean = false
  }

  /// A listing of everything begins with next hop objects.
  mutating func asked(_ isFirst: Bool, _ sequence: UInt32) {
    if isFirst { isClean = true }
    self.sequence = sequence
  }

  /// Answers with what had a route without a break and has another one now.
  mutating func heard(_ told: Told, at now: Instant) -> Prefix? {
    switch told {
    case .route(let route, let isGone, let instead):
      if let instead { routes.remove(instead) }
      if isGone { routes.remove(route) } else { routes.insert(route) }
      judge(route.prefix, at: now)
      return isGone || instead == nil ? nil : route.prefix
    case .part(let isInterrupted):
      if isInterrupted { interrupt() }
    case .end(let what, let end):
      if end.isInterrupted { interrupt() }
      guard what == .ipv6Routes, isClean, end.sequence == sequence else { return nil }
      isStale = false
      listed = now
      let known = Set(routes.map(\.prefix))
      routes = Set(end.routes)
      for prefix in known.union(end.routes.map(\.prefix)) { judge(prefix, at: now) }
    case .garbage, .refusal, .link, .address: break
    }
    return nil
  }

  private mutating func interrupt() {
    isClean = false
    hasInterruption = true
  }

  /// The rule that comes first counts.
  private mutating func judge(_ prefix: Prefix, at now: Instant) {
    let rule = routes.filter { $0.prefix == prefix }.compactMap { RouteRules.rule(of: $0) }.min()
    guard let before = standings[prefix] else {
      if rule != nil { standings[prefix] = Standing(rule: rule, since: now, ruleSince: now) }
      return
    }
    guard before.rule != rule else { return }
    let isSame = (before.rule == nil) == (rule == nil)
    standings[prefix] = Standing(
      rule: rule, since: isSame ? before.since : now, ruleSince: now)
  }
}
