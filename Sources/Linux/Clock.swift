// The kernel's clocks, read at the edge and handed inwards as instants.

import CLinux
package import Model

/// Whoever may know the time asks here, once a turn.
package enum Clock {
  /// CLOCK_MONOTONIC: drives every timer; stands still while the machine is suspended.
  package static func monotonic() -> Instant { read(CLOCK_MONOTONIC) }

  /// CLOCK_BOOTTIME: goes on while suspended; the difference to the monotonic clock is a pause.
  package static func boot() -> Instant { read(CLOCK_BOOTTIME) }

  /// CLOCK_REALTIME: nanoseconds since 1970, for people; it may jump.
  package static func wall() -> Instant { read(CLOCK_REALTIME) }

  /// How many seconds the local time is ahead of UTC at a moment of the wall clock.
  package static func zone(at wall: Instant) -> Int64 {
    var seconds = time_t(wall.nanoseconds / 1_000_000_000)
    var local = unsafe tm()
    guard unsafe localtime_r(&seconds, &local) != nil else { return 0 }
    return unsafe Int64(local.tm_gmtoff)
  }

  private static func read(_ clock: Int32) -> Instant {
    var time = timespec()
    let result = unsafe clock_gettime(clock, &time)
    precondition(result == 0, "the kernel does not know this clock")
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
