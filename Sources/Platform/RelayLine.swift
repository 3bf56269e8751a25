// One direction of a spoiled cable: which frames are lost, and when the others come out.

package import Model

/// The directions, by the words in which they are asked for.
package enum RelayDirection: String, CaseIterable, Hashable, Sendable {
  case toHost = "to-host"
  case fromHost = "from-host"
}

/// What a direction has done so far.
package struct RelayCounts: Hashable, Sendable {
  package var passed = 0
  /// Thrown away because they were to be lost.
  package var lost = 0
  /// Thrown away because too many waited.
  package var overflowed = 0

  package init(passed: Int = 0, lost: Int = 0, overflowed: Int = 0) {
    self.passed = passed
    self.lost = lost
    self.overflowed = overflowed
  }
}

/// Frames wait here until they are due. Same seed and same frames: same losses and delays.
package struct RelayLine: Sendable {
  /// Frames that wait at most, and their bytes. We chose both: half a second of a full gigabit in
  /// big frames, or a thousand small ones.
  package static let frameLimit = 4_096
  package static let byteLimit = 64 << 20

  /// Lost frames in a million.
  package var loss = 0
  package var delay = Nanoseconds.zero
  package var jitter = Nanoseconds.zero
  package private(set) var counts = RelayCounts()

  private struct Waiting: Sendable {
    var due: Instant
    var frame: [UInt8]
  }

  private var dice: Dice
  /// In the order in which they came, which is that in which they leave.
  private var waiting: [Waiting] = []
  /// The first that has not left.
  private var head = 0
  private var bytes = 0

  package init(seed: UInt64) { dice = Dice(seed: seed) }

  /// When the next frame is due; nil when none waits.
  package var deadline: Instant? { head < waiting.count ? waiting[head].due : nil }

  /// Takes a frame in.
  package mutating func take(_ frame: [UInt8], at now: Instant) {
    if loss > 0, dice.below(1_000_000) < loss {
      counts.lost += 1
      return
    }
    guard waiting.count - head < RelayLine.frameLimit, bytes + frame.count <= RelayLine.byteLimit
    else {
      counts.overflowed += 1
      return
    }
    let due = now + delay + dice.length(from: .zero, to: jitter)
    // Nobody overtakes: a cable keeps the order.
    let behind = head < waiting.count ? waiting[waiting.count - 1].due : due
    waiting.append(Waiting(due: max(due, behind), frame: frame))
    bytes += frame.count
  }

  /// The next frame that is due, or nil.
  package mutating func next(at now: Instant) -> [UInt8]? {
    guard head < waiting.count, waiting[head].due <= now else { return nil }
    let frame = waiting[head].frame
    waiting[head].frame = []
    head += 1
    bytes -= frame.count
    counts.passed += 1
    if head == waiting.count || head >= RelayLine.frameLimit {
      waiting.removeSubrange(..<head)
      head = 0
    }
    return frame
  }
}
