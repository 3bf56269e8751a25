// The shifts whose bytes are on their way on one connection, until the route server has them.

import Model

/// In the order in which they left. Reserved when it is made; noting allocates nothing.
struct Flights {
  /// A shift whose bytes were handed over, or begun: `end` is where they end in the stream.
  private struct Flight {
    var shift: UInt32
    var end: UInt64
  }

  /// One send: how far the stream went by it, and when.
  private struct Send {
    var end: UInt64
    var at: Instant
  }

  /// Shifts that may wait for their acknowledgement beyond one for each VIP.
  static let reserve = 64
  /// Sends that are remembered until they are told; what comes then counts with the last one. We
  /// chose it: a turn hands over 64 KiB at a time, and no socket takes so many at once.
  private static let sendLimit = 64

  private var flights: [Flight] = []
  /// Those in front of it were acknowledged.
  private var first = 0
  /// Those in front of it were told to be written.
  private var written = 0
  private var sends: [Send] = []
  private let limit: Int

  init(vips: Int) {
    limit = vips + Flights.reserve
    flights.reserveCapacity(2 * limit)
    sends.reserveCapacity(Flights.sendLimit)
  }

  mutating func removeAll() {
    flights.removeAll(keepingCapacity: true)
    sends.removeAll(keepingCapacity: true)
    first = 0
    written = 0
  }

  /// A shift's bytes end there; 0 is no shift.
  mutating func depart(_ shift: UInt32, end: UInt64) {
    guard shift != 0 else { return }
    if flights.count - first >= limit {
      first += 1
      written = max(written, first)
    }
    if first > limit {
      flights.removeFirst(first)
      written = max(0, written - first)
      first = 0
    }
    flights.append(Flight(shift: shift, end: end))
  }

  /// The bytes of the last `count` shifts end here: they left together.
  mutating func depart(last count: Int, end: UInt64) {
    for index in (flights.count - count)..<flights.count { flights[index].end = end }
  }

  /// The socket took everything up to `end`. When is remembered, the rest is for `tellWritten`, so
  /// that the next route server's bytes do not wait for it.
  mutating func sent(upTo end: UInt64, at now: Instant) {
    guard written < flights.count else { return }
    if sends.count == Flights.sendLimit { sends.removeLast() }
    sends.append(Send(end: end, at: now))
  }

  /// Tells which shifts the socket has taken since this was asked last.
  mutating func tellWritten(_ timeline: inout Timeline, _ peer: PeerSlot) {
    var send = 0
    while written < flights.count {
      while send < sends.count, sends[send].end < flights[written].end { send += 1 }
      guard send < sends.count else { break }
      timeline.reached(.written, flights[written].shift, at: peer, sends[send].at)
      written += 1
    }
    sends.removeAll(keepingCapacity: true)
  }

  /// The route server has everything up to `count`.
  mutating func acknowledged(
    upTo count: UInt64, at moment: Instant, _ timeline: inout Timeline, _ peer: PeerSlot
  ) {
    while first < flights.count, flights[first].end <= count {
      timeline.reached(.acknowledged, flights[first].shift, at: peer, moment)
      first += 1
    }
  }

  /// Forgets what is over.
  mutating func tidy() {
    guard first == flights.count else { return }
    flights.removeAll(keepingCapacity: true)
    first = 0
    written = 0
  }
}
