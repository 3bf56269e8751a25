// What was heard between two parts of a dump: the later part may be older than it.

import Model

/// The kernel builds a part of a dump without holding up changes (RCU), and queues it when it is
/// built. A change that is made meanwhile is queued before the part that still shows the state
/// before it, and nothing marks that part as inconsistent. Changes queued before the part before it
/// are in it. So a listed entry is held against the news since the last part.
///
/// One change is told before it is made: that an IPv4 route goes (fib_table_delete), in time that
/// has no bound when the processor is taken away in between. Whoever makes the next change waits
/// for it, so this is so for the last word only, and that is kept until there is a later one.
struct RecentNews {
  /// News that is kept. We chose it: a part is built in about a millisecond. Beyond it the dump is
  /// repeated.
  static let limit = 512

  /// What a listed entry is worth.
  enum Worth: Equatable {
    case valid
    /// The news says more: the entry is left out.
    case overtaken
    /// Only another dump can tell.
    case unknown
  }

  private var facts: [Fact] = []
  private var isFull = false
  private var last: Fact?

  mutating func note(_ fact: Fact) {
    if facts.count == RecentNews.limit { isFull = true } else { facts.append(fact) }
    last = fact
  }

  /// A part has come: what was told before it is in those that follow, but for a route that goes.
  mutating func partEnded() {
    let kept = last
    removeAll()
    if let kept, case .routeGone = kept { note(kept) }
  }

  mutating func removeAll() {
    facts.removeAll(keepingCapacity: true)
    isFull = false
    last = nil
  }

  func worth(of listed: Fact) -> Worth {
    if isFull { return .unknown }
    for fact in facts {
      let worth = RecentNews.worth(of: listed, after: fact)
      if worth != .valid { return worth }
    }
    return .valid
  }

  private static func worth(of listed: Fact, after news: Fact) -> Worth {
    switch (listed, news) {
    case (.link(let old), .link(let new)): old.index == new.index ? .overtaken : .valid
    case (.link(let old), .linkGone(let index)): old.index == index ? .overtaken : .valid
    case (.address(let old), .address(let new)), (.address(let old), .addressGone(let new)):
      old.address == new.address && old.interface == new.interface
        && old.prefixLength == new.prefixLength ? .overtaken : .valid
    case (.neighbour(let old), .neighbour(let new)),
      (.neighbour(let old), .neighbourGone(let new)):
      old.address == new.address && old.interface == new.interface && old.isProxy == new.isProxy
        ? .overtaken : .valid
    case (.nextHop(let old), .nextHop(let new)), (.nextHop(let old), .nextHopGone(let new)):
      old.id == new.id ? .overtaken : .valid
    case (.route(let old, _), .routeGone(let gone)):
      old == gone ? .overtaken : .valid
    case (.route(let old, _), .route(let new, let arrival)):
      // Routes of one key may stand side by side (ip route append): which one was replaced is not
      // said.
      old == new
        ? .overtaken : arrival == .instead && isSamePlace(old, new) ? .unknown : .valid
    default: .valid
    }
  }

  private static func isSamePlace(_ left: Route, _ right: Route) -> Bool {
    left.destination == right.destination && left.table == right.table
      && left.metric == right.metric && left.typeOfService == right.typeOfService
  }
}
