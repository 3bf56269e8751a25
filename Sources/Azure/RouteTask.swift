// What is known and still to be done of one managed route.

import Model

/// A call that was given out; its answer comes back under the same name.
package struct CallID: Hashable, Sendable {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }
}

/// We are no longer sure that a route is ours, and write nothing until the daemon has said so.
struct Doubt: Hashable, Sendable {
  /// When to ask, or to ask again.
  var due: Instant
  /// Answers to earlier questions were perhaps given before the doubt began.
  var firstAsk: UInt64
}

/// One route: the newest word, what stands as far as we know, and how trying went.
struct RouteTask: Sendable {
  let route: ManagedRoute
  let id: ResourceID
  /// One of the routes of the kernel, which come and go, and wait for those of virtual IPs.
  let isCrowd: Bool
  /// The bodies of PUTs, ready before they are needed.
  private let bodies: [(hop: IPAddress, body: [UInt8])]

  private(set) var intent: Intent?
  /// A read showed what this generation wishes.
  var settled: Generation?
  /// Told of already, so that it is told once.
  var toldTrouble: Trouble?
  var toldDrift: RouteRecord??

  /// What the last read showed: not read, not there, or there.
  var seen: RouteRecord??
  /// The hop of our last write: to find it is no surprise, even if nobody had answered.
  var written: Wish?
  /// Azure took our last write, or may have: when something else stands at the next read, somebody
  /// may have written over it, even if it is the hop that stood before.
  var isUncertain = false
  /// Since when reads show that a change of it is under way which we do not follow.
  var underWaySince: Instant?
  var doubt: Doubt?
  var failures = 0
  var notBefore: Instant?
  /// It was right, and somebody has changed it.
  var isRepair = false
  var repairs = 0
  var repairedAt: Instant?
  /// The order in which words came.
  var order: UInt64 = 0

  init(_ route: ManagedRoute, id: ResourceID, isCrowd: Bool = false) {
    self.route = route
    self.id = id
    self.isCrowd = isCrowd
    bodies = route.candidates.map { ($0, Calls.body(route.prefix, $0)) }
  }

  func body(for hop: IPAddress) -> [UInt8] {
    bodies.first { $0.hop == hop }?.body ?? Calls.body(route.prefix, hop)
  }

  /// Whether something is to be written or at least to be verified.
  var isDirty: Bool {
    guard let intent, intent.wish != .notOurs else { return false }
    return settled != intent.generation
  }

  /// Takes a word. Answers the generation that it supersedes undone, if any.
  mutating func take(_ next: Intent, order: UInt64) -> Generation? {
    let undone = isDirty ? intent?.generation : nil
    let isSame = intent == next
    intent = next
    if isSame { return nil }
    self.order = order
    settled = nil
    failures = 0
    notBefore = nil
    toldTrouble = nil
    toldDrift = nil
    isRepair = false
    repairs = 0
    repairedAt = nil
    underWaySince = nil
    return undone
  }

  /// Its write is what somebody waits for at a shift.
  var isFailover: Bool { !isRepair && !isCrowd }

  /// What goes first: shifts, repairs, then routes of the kernel in the order of their words.
  var rank: (Int, UInt64) { (isCrowd ? 2 : isRepair ? 1 : 0, order) }

  /// Whether what stands is what is wished.
  func isFulfilled(by record: RouteRecord?) -> Bool {
    guard let intent else { return false }
    switch intent.wish {
    case .notOurs: return true
    case .absent: return record == nil
    case .removed(let hops):
      guard let record else { return true }
      return !(record.block == route.prefix && record.hop.map(hops.contains) ?? false)
    case .hop(let hop):
      return record?.hop == hop && record?.block == route.prefix && record?.state == .succeeded
    }
  }

  /// Whether somebody has changed it since we last looked, and it was not us. Who has never looked
  /// cannot tell, and takes what is there for a change.
  func isForeign(_ record: RouteRecord?) -> Bool {
    guard let seen, !isUncertain else { return record != nil }
    if seen?.target == record?.target { return false }
    switch written {
    case .hop(let hop): return record?.hop != hop
    case .absent, .removed: return record != nil
    case .notOurs, nil: return true
    }
  }
}
