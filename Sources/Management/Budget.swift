// How many calls a subscription may make: buckets that fill up again, and what headers say of them.

import Model

/// A bucket of calls. The numbers are Azure's of 2024 (azure-docs, request-limits-and-throttling).
struct Bucket: Hashable, Sendable {
  var capacity: Int64
  /// Calls that come back in a second, in thousandths.
  var refill: Int64
  /// Thousandths of a call that are left.
  private var level: Int64
  private var last: Instant

  init(_ capacity: Int64, perSecond refill: Int64, at now: Instant) {
    self.capacity = capacity
    self.refill = refill * 1_000
    level = capacity * 1_000
    last = now
  }

  private mutating func fill(at now: Instant) {
    let passed = min((now - last).milliseconds, 3_600_000)
    guard passed > 0 else { return }
    last = last + .milliseconds(passed)
    level = min(capacity * 1_000, level + passed * refill / 1_000)
  }

  /// Takes one call out; false when there is none.
  mutating func take(at now: Instant) -> Bool {
    fill(at: now)
    guard level >= 1_000 else { return false }
    level -= 1_000
    return true
  }

  var left: Int64 { level / 1_000 }

  mutating func set(_ count: Int64) {
    capacity = max(capacity, count)
    level = count * 1_000
  }
}

/// The buckets of one subscription.
struct Budgets: Hashable, Sendable {
  enum Kind: String, CaseIterable, Sendable {
    case reads
    case writes
    case deletes

    init(_ call: Call) {
      switch call.method {
      case "GET": self = .reads
      case "DELETE": self = .deletes
      default: self = .writes
      }
    }
  }

  /// The whole subscription may make so many times the calls of one principal.
  private static let global: Int64 = 15

  private var own: [Bucket]
  private var all: [Bucket]
  /// Until when nothing is taken; a call before that makes it longer.
  private(set) var closedUntil: Instant?

  init(at now: Instant) {
    own = Budgets.buckets(1, at: now)
    all = Budgets.buckets(Budgets.global, at: now)
  }

  private static func buckets(_ factor: Int64, at now: Instant) -> [Bucket] {
    [
      Bucket(250 * factor, perSecond: 25 * factor, at: now),
      Bucket(200 * factor, perSecond: 10 * factor, at: now),
      Bucket(200 * factor, perSecond: 10 * factor, at: now),
    ]
  }

  private static func place(_ kind: Kind) -> Int { Kind.allCases.firstIndex(of: kind) ?? 0 }

  /// Nil when the call may be made; else how long to wait.
  mutating func take(_ kind: Kind, at now: Instant) -> Nanoseconds? {
    let place = Budgets.place(kind)
    if let until = closedUntil, until > now { return close(for: Budgets.wait, at: now) }
    closedUntil = nil
    guard own[place].take(at: now), all[place].take(at: now) else {
      return close(for: Budgets.wait, at: now)
    }
    return nil
  }

  /// We chose it: long enough to see who waits, short enough to wait for.
  private static let wait = Nanoseconds.seconds(2)

  @discardableResult
  mutating func close(for length: Nanoseconds, at now: Instant) -> Nanoseconds {
    closedUntil = now + length
    return length
  }

  mutating func reopen() { closedUntil = nil }

  mutating func set(_ kind: Kind, _ count: Int64) { own[Budgets.place(kind)].set(count) }

  func headers(_ kind: Kind) -> [Pair] {
    let place = Budgets.place(kind)
    let name = "x-ms-ratelimit-remaining-subscription"
    return [
      Pair("\(name)-\(kind.rawValue)", "\(own[place].left)"),
      Pair("\(name)-global-\(kind.rawValue)", "\(all[place].left)"),
    ]
  }
}
