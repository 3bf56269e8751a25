// The probes of one target that are on their way, in the order in which they were sent.

import Model

/// One probe on its way.
struct Flight: Sendable {
  var token: UInt32
  /// When it was to be sent; an answer's time is counted from here.
  var launchedAt: Instant
  /// When it was certainly sent: the timeout is counted from here, so that a process which was
  /// held up between deciding and sending blames nobody.
  var sentAt: Instant?
  var isAnswered: Bool
}

/// A ring of a fixed size. Tokens rise by one, so a token tells its place.
struct Flights: Sendable {
  /// We chose it: a timeout of 15 intervals; `check` refuses more.
  static let limit = 16

  /// On the heap, once for each target: in place, the compiler copies all of it whenever one is
  /// looked at.
  private var ring = [Flight](
    repeating: Flight(token: 0, launchedAt: .zero, sentAt: nil, isAnswered: true),
    count: Flights.limit)
  private var start = 0
  private(set) var count = 0
  private(set) var nextToken: UInt32 = 1

  var isFull: Bool { count == Flights.limit }

  subscript(position: Int) -> Flight {
    get { ring[(start + position) & (Flights.limit - 1)] }
    set { ring[(start + position) & (Flights.limit - 1)] = newValue }
  }

  /// The oldest that is still without an answer.
  var oldestOpen: Flight? {
    for position in 0..<count where !self[position].isAnswered { return self[position] }
    return nil
  }

  mutating func launch(at now: Instant) -> UInt32 {
    precondition(!isFull, "too many probes on their way")
    let token = nextToken
    nextToken &+= 1
    count += 1
    self[count - 1] = Flight(token: token, launchedAt: now, sentAt: nil, isAnswered: false)
    return token
  }

  func position(of token: UInt32) -> Int? {
    guard count > 0 else { return nil }
    let distance = Int(Int32(bitPattern: token &- self[0].token))
    return (0..<count).contains(distance) ? distance : nil
  }

  mutating func removeFirst() {
    precondition(count > 0, "nothing is on its way")
    start = (start + 1) & (Flights.limit - 1)
    count -= 1
  }

  mutating func removeAnswered() {
    while count > 0, self[0].isAnswered { removeFirst() }
  }

  mutating func removeAll() { count = 0 }
}

extension Flights {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(place: &count, below: Flights.limit + 1)
    keeper.keep(&nextToken)
    for position in 0..<count {
      keeper.keep(&self[position].token)
      keeper.keep(&self[position].launchedAt)
      keeper.keep(&self[position].sentAt)
      keeper.keep(&self[position].isAnswered)
    }
  }
}
