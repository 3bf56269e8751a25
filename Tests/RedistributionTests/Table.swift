// Kernel routes and exports, small enough to think about: what the tests of this room stand on.

import Model
import Redistribution
import Testing

/// Exports, the clock around them, and what has been told.
final class Table {
  private(set) var exports: Exports
  private(set) var now = Instant.zero
  private var rules: [Plan.Redistribution]
  /// What a route server would hold: the rule by which each prefix was announced last.
  private(set) var told: [Prefix: Int] = [:]

  init(
    _ rules: [Plan.Redistribution], limit: Int = 1_000, isComplete: Bool = true,
    prefixLimit: Int = Exports.prefixLimit
  ) {
    self.rules = rules
    exports = Exports(rules, limit: limit, prefixLimit: prefixLimit)
    if isComplete { exports.completed(at: now) }
  }

  static func route(
    _ text: String, via gateway: UInt8 = 1, table: UInt32 = 254, origin: UInt8 = 12,
    metric: UInt32 = 0, kind: UInt8 = 1
  ) throws -> Route {
    let hop = NextHop(
      gateway: .v4(IPv4Address(10, 0, 2, gateway)), interface: InterfaceIndex(2))
    return Route(
      destination: try #require(Prefix(text)), table: table, origin: Route.Origin(origin),
      kind: Route.Kind(kind), metric: metric, nextHops: NextHops(hop))
  }

  func add(_ route: Route, _ arrival: RouteArrival = .alone) {
    exports.learned(route, arrival, at: now)
  }

  /// A listing shows a route of which later news says more.
  func pass(_ route: Route) { exports.passed(route) }

  /// The question was asked.
  func wasAsked() { exports.doubtWasHeard() }

  func remove(_ route: Route) { exports.lost(route, at: now) }

  /// Whether only a new listing can say what the kernel has. Compared with `==`, so that a failure
  /// does not print the whole table.
  var isAsking: Bool { exports.isDoubtful }

  func stale() { exports.becameStale() }

  func complete() { exports.completed(at: now) }

  /// The kernel lists these and no others.
  func list(_ routes: [Route]) {
    exports.beginConfirming()
    for route in routes { add(route, .listed) }
    exports.completed(at: now)
  }

  /// Time passes; the answer is what changed, in order: `+` for announced, `-` for taken back.
  @discardableResult
  func pass(_ length: Nanoseconds) -> [String] {
    let end = now + length
    var changes: [String] = []
    while let due = exports.deadline, due <= end {
      now = max(now, due)
      exports.turn(at: now)
      changes += take()
    }
    now = end
    return changes
  }

  private func take() -> [String] {
    var slots: [ExportSlot] = []
    exports.takeChanges { slots.append($0) }
    return slots.map { slot in
      let prefix = exports.prefix(slot)
      let rule = exports.rule(slot)
      told[prefix] = rule?.index
      return "\(rule == nil ? "-" : "+")\(prefix)"
    }
  }

  func state(_ text: String) -> ExportState? {
    exports.views(at: now).views.first { $0.prefix.description == text }?.state
  }

  /// Other rules from now on.
  func follow(_ rules: [Plan.Redistribution], limit: Int = 1_000) {
    var next = Exports(rules, limit: limit)
    next.succeed(exports, RuleSuccession(self.rules, rules), peers: [], at: now)
    let isKnown = RuleSuccession(self.rules, rules).selectsSame
    (exports, self.rules) = (next, rules)
    if !isKnown { stale() }
  }

  /// As if the state went into another process.
  func transplant(_ rules: [Plan.Redistribution], limit: Int = 1_000) -> Bool {
    var keeper = Keeper()
    exports.keep(in: &keeper)
    let bytes = keeper.finish()
    var other = Exports(rules, limit: limit)
    var reader = Keeper(reading: bytes)
    other.keep(in: &reader)
    exports = other
    return reader.isComplete()
  }
}

extension Plan.PrefixFilter {
  init(_ text: String, _ lengths: ClosedRange<UInt8>) throws {
    self.init(try #require(Prefix(text)), lengths)
  }
}
