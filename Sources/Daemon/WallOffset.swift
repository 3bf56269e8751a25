// From the wall clock of the kernel's stamps to the monotonic clock of everything else.

import Linux
import Model
import Probes

/// The difference of both clocks, taken anew for each wake-up that needs it.
struct WallOffset {
  /// The clocks may drift apart so fast (the kernel slews by at most 500 parts in a million), and
  /// so much lies between reading one and the other. Beyond that, somebody has set the clock.
  private static let driftDivisor: Int64 = 1_000
  private static var readingTime: Nanoseconds { .milliseconds(1) }

  private var offset: Nanoseconds?
  private var taken = Instant.zero
  private var isDoubtful = false
  private(set) var jumps: UInt64 = 0

  /// Takes the difference for what is read from now on.
  mutating func refresh() {
    let before = Clock.monotonic()
    let wall = Clock.wall()
    let now = Clock.monotonic()
    let fresh = Nanoseconds(wall.nanoseconds - (before.nanoseconds + now.nanoseconds) / 2)
    isDoubtful = false
    if let offset {
      let change = Nanoseconds(abs((fresh - offset).count))
      let allowed = WallOffset.readingTime + (now - taken) / WallOffset.driftDivisor
      if change > allowed || now - before > WallOffset.readingTime {
        isDoubtful = true
        jumps += 1
      }
    }
    offset = fresh
    taken = now
  }

  /// The stamp on the monotonic clock.
  func stamp(_ wall: Instant) -> ProbeStamp {
    guard let offset else { return ProbeStamp(at: taken, .doubtful) }
    return ProbeStamp(
      at: Instant(nanoseconds: wall.nanoseconds - offset.count), isDoubtful ? .doubtful : .kernel)
  }
}
