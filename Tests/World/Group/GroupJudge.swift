// What the judges of a group remember between two looks.

import Model

/// Where the traffic of one prefix goes at one route server.
struct Best: Equatable {
  var nextHops: [IPAddress] = []
  var members: [Int] = []
  var pathLength = 0

  /// Somebody asks for it: behind claims come what was resigned and standby.
  var isClaimed: Bool { !members.isEmpty && pathLength <= 15 }
  var only: IPAddress? { nextHops.count == 1 ? nextHops[0] : nil }
}

/// Two speakers that both claim, from the first moment of it.
struct Rivalry {
  var since: Instant
  /// When each of them had heard a hello of the other that was sent since then.
  var heard: [Instant?] = [nil, nil]
}

struct GroupJudge {
  var violations: [String] = []
  var broken: Set<Checker> = []
  var looks = 0
  var shifts = 0
  var comparisons = 0

  /// Counts what happened, so that a look knows whether anything has happened since.
  private(set) var stamp = 0
  private(set) var lastCause = Instant.zero
  /// By member, for its tables.
  var stamps: [Int]
  /// By server and prefix: where traffic goes, how many causes have not moved it yet, and when it
  /// last moved.
  var best: [[Best]]
  var tokens: [[Int]]
  var movedAt: [[Instant?]]
  var lastShift: Instant?
  /// By server and member: the length of the path it has announced last.
  var paths: [[Int]]
  /// When a server last read nothing for a while.
  var stalledAt: [Instant?] = [nil, nil]
  /// Best paths when the last that was well went, as long as nothing else happens.
  var lastWell: [[Best]]?
  /// When an operator last had its way.
  var commandedAt: Instant?
  /// By member: how often it has decided; by server and member: the number of its session
  /// and since when that stands.
  var decisions: [Int]
  var sessions: [[(number: Int, since: Instant)]]
  /// Members whose routes are withdrawn.
  var withdrawnBy: Set<Int> = []
  /// Who claims beside another, and who wants to write beside another.
  var rivals: Rivalries
  var voices: Rivalries
  /// Who writes the kernel's routes beside another.
  var writers: Rivalries

  init(_ shape: Shape) {
    let count = shape.members
    rivals = Rivalries(count)
    voices = Rivalries(count)
    writers = Rivalries(count)
    stamps = Array(repeating: 0, count: count)
    decisions = stamps
    sessions = Array(repeating: Array(repeating: (0, .zero), count: count), count: 2)
    let none = Array(repeating: Best(), count: shape.prefixes.count)
    best = [none, none]
    paths = Array(repeating: Array(repeating: .max, count: count), count: 2)
    movedAt = Array(repeating: Array(repeating: nil, count: shape.prefixes.count), count: 2)
    tokens = Array(repeating: Array(repeating: 0, count: shape.prefixes.count), count: 2)
  }

  mutating func cause(at now: Instant) {
    stamp += 1
    lastCause = now
    for server in tokens.indices {
      for prefix in tokens[server].indices { tokens[server][prefix] += 1 }
    }
  }

  func isQuiet(for length: Nanoseconds, at now: Instant) -> Bool { now - lastCause >= length }
}

/// By pair: since when both do the same, and have heard each other since.
struct Rivalries {
  private var rivalries: [Int: Rivalry] = [:]
  private let count: Int

  init(_ count: Int) { self.count = count }

  private func key(_ one: Int, _ other: Int) -> Int { min(one, other) * count + max(one, other) }

  /// What one of them says has changed, or one of them cannot hear for a while.
  mutating func restart(_ one: Int, _ other: Int, bothClaim: Bool, at now: Instant) {
    rivalries[key(one, other)] = bothClaim ? Rivalry(since: now) : nil
  }

  mutating func noteHeard(from: Int, to: Int, sentAt: Instant, at now: Instant) {
    guard let rivalry = rivalries[key(from, to)], sentAt >= rivalry.since else { return }
    let place = to < from ? 0 : 1
    if rivalry.heard[place] == nil { rivalries[key(from, to)]?.heard[place] = now }
  }

  /// Since when both have known of each other.
  func since(_ one: Int, _ other: Int) -> Instant? {
    guard let rivalry = rivalries[key(one, other)], let first = rivalry.heard[0],
      let second = rivalry.heard[1]
    else { return nil }
    return max(first, second)
  }
}
