// How many calls a subscription still has, and what is kept of them for failovers.

package import Model

/// What the resource manager last said it would still take, and what we know of our own calls.
///
/// A failover is never held back by a count, only by a server that refuses: the counts are per
/// server, and the next may have more. Everything else leaves a reserve.
package struct Budget: Sendable {
  package enum Kind: Int, CaseIterable, Sendable {
    case read
    case write
    case delete
  }

  /// Calls of each kind that only failovers may use: enough for ten routes with their operations,
  /// twice in a row.
  package static let reserve = 60
  /// A count so old says nothing any more. Buckets of the present form are full again after 20 s of
  /// rest, those of the older one after an hour; one call in a minute tells what is so.
  package static let validity = Nanoseconds.seconds(60)
  /// Microsoft.Network takes 1,000 writes and deletes, and 10,000 reads, in five minutes, and says
  /// nothing of what is left. Counted here, with a fifth for others who use the subscription.
  package static let window = Nanoseconds.seconds(300)
  package static let writesInWindow = 800
  package static let readsInWindow = 8_000

  private var remaining: [Int?] = [nil, nil, nil]
  private var heardAt: [Instant] = [.zero, .zero, .zero]
  private var windowStart = Instant.zero
  private var reads = 0
  private var writes = 0
  /// Until then no call is made at all.
  package private(set) var blockedUntil: Instant?
  package private(set) var throttled = 0

  package init() {}

  /// Takes what the headers of an answer tell.
  package mutating func note(_ answer: Answer, at now: Instant) {
    for header in answer.headers {
      guard header.name.hasPrefix("x-ms-ratelimit-remaining-"), let left = Int(header.value) else {
        continue
      }
      let kind: Kind
      switch header.name.dropFirst("x-ms-ratelimit-remaining-".count) {
      case "subscription-reads", "subscription-global-reads", "tenant-reads": kind = .read
      case "subscription-writes", "subscription-global-writes", "tenant-writes": kind = .write
      case "subscription-deletes", "subscription-global-deletes": kind = .delete
      default: continue
      }
      // Of several counts in one answer the smallest is what stops us.
      let known = heardAt[kind.rawValue] == now ? remaining[kind.rawValue] : nil
      remaining[kind.rawValue] = min(left, known ?? left)
      heardAt[kind.rawValue] = now
    }
  }

  package mutating func block(until: Instant) {
    throttled += 1
    blockedUntil = max(blockedUntil ?? until, until)
  }

  /// A call leaves.
  package mutating func spend(_ kind: Kind, at now: Instant) {
    if now - windowStart >= Budget.window {
      windowStart = now
      reads = 0
      writes = 0
    }
    if kind == .read { reads += 1 } else { writes += 1 }
    if let left = remaining[kind.rawValue] { remaining[kind.rawValue] = max(0, left - 1) }
  }

  /// When a call may be made; nil when it may be made now.
  package func wait(for kind: Kind, isFailover: Bool, at now: Instant) -> Instant? {
    if let blockedUntil, now < blockedUntil { return blockedUntil }
    if isFailover { return nil }
    if now - windowStart < Budget.window {
      let isSpent = kind == .read ? reads >= Budget.readsInWindow : writes >= Budget.writesInWindow
      if isSpent { return windowStart + Budget.window }
    }
    let heard = heardAt[kind.rawValue]
    if let left = remaining[kind.rawValue], left <= Budget.reserve, now < heard + Budget.validity {
      return heard + Budget.validity
    }
    return nil
  }

  /// What was last heard to be left; nil when nothing was.
  package func left(of kind: Kind) -> Int? { remaining[kind.rawValue] }
}
