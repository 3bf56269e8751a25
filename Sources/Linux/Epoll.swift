// Waiting for many descriptors and one deadline at once.

import CLinux
package import Model

/// What a descriptor is watched for. Errors and hang-ups are always reported.
package struct Interest: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let read = Interest(rawValue: 1)
  package static let write = Interest(rawValue: 2)
  /// Both; a literal of the two would be built on the heap in another room.
  package static let readAndWrite = Interest(rawValue: 3)
}

/// A level-triggered epoll set. The deadline is a timerfd inside it: an absolute time without the
/// slack that the kernel adds to an epoll timeout (a thousandth of its length; fs/select.c,
/// select_estimate_accuracy).
@safe
package struct Epoll: ~Copyable {
  /// One ready descriptor.
  package struct Event: Equatable, Sendable {
    package var token: EventToken
    package var readable: Bool
    package var writable: Bool
    package var hangup: Bool
    package var error: Bool
  }

  /// No token packs to this: its top eight bits are zero.
  private static let timerToken = UInt64.max

  private let set: Descriptor
  private let timer: Descriptor
  private var armed: Instant?
  private let capacity: Int
  private var count = 0
  private let events: UnsafeMutablePointer<epoll_event>

  /// `capacity` is how many events one wait can report, at least 1; further ones come with the next
  /// wait.
  package init(capacity: Int) throws(Errno) {
    precondition(capacity > 0)
    let set = Descriptor(adopting: Int32(try system { clinux_epoll_create() }))
    let timer = Descriptor(adopting: Int32(try system { clinux_timer_create() }))
    // Edge-triggered, the timer reports each expiry once and needs no read.
    let mask = UInt32(clinux_epollin) | clinux_epollet
    try Epoll.control(set.raw, EPOLL_CTL_ADD, timer.raw, mask, Epoll.timerToken)
    self.set = set
    self.timer = timer
    // One more for the timer, which is taken out before the caller counts.
    self.capacity = capacity + 1
    unsafe events = .allocate(capacity: capacity + 1)
    unsafe events.initialize(repeating: epoll_event(), count: capacity + 1)
  }

  deinit { unsafe events.deallocate() }

  /// EPOLL_CTL_ADD. The descriptor leaves the set when it is removed or closed.
  package func add(
    _ descriptor: Int32, token: EventToken, interest: Interest
  ) throws(Errno) {
    try Epoll.control(set.raw, EPOLL_CTL_ADD, descriptor, Epoll.mask(interest), token.packed)
  }

  /// EPOLL_CTL_MOD: other interest, perhaps another token.
  package func modify(
    _ descriptor: Int32, token: EventToken, interest: Interest
  ) throws(Errno) {
    try Epoll.control(set.raw, EPOLL_CTL_MOD, descriptor, Epoll.mask(interest), token.packed)
  }

  /// EPOLL_CTL_DEL.
  package func remove(_ descriptor: Int32) throws(Errno) {
    try Epoll.control(set.raw, EPOLL_CTL_DEL, descriptor, 0, 0)
  }

  /// Waits until something is ready or the deadline on the monotonic clock is reached, and answers
  /// how many descriptors are ready: 0 means the deadline. Without a deadline it waits for ever.
  /// Nothing is allocated.
  package mutating func wait(until deadline: Instant?) throws(Errno) -> Int {
    count = 0
    if deadline != armed { try arm(deadline) }
    count = try system { unsafe clinux_epoll_wait(set.raw, events, Int32(capacity)) }
    removeTimer()
    return count
  }

  /// What is ready, by position below the last wait's answer.
  package func event(at position: Int) -> Event {
    precondition(position >= 0 && position < count, "no such event")
    let event = unsafe events[position]
    let mask = unsafe event.events
    return Event(
      token: EventToken(packed: unsafe event.data.u64),
      readable: mask & UInt32(clinux_epollin) != 0, writable: mask & UInt32(clinux_epollout) != 0,
      hangup: mask & UInt32(clinux_epollhup) != 0, error: mask & UInt32(clinux_epollerr) != 0)
  }

  private mutating func arm(_ deadline: Instant?) throws(Errno) {
    // Two zeros would disarm; the first nanosecond of this boot is as much in the past.
    let at = deadline.map { max($0.nanoseconds, 1) } ?? 0
    try system { clinux_timer_set(timer.raw, at / 1_000_000_000, at % 1_000_000_000) }
    armed = deadline
  }

  private mutating func removeTimer() {
    var kept = 0
    for position in 0..<count {
      let event = unsafe events[position]
      if unsafe event.data.u64 == Epoll.timerToken {
        armed = nil
      } else {
        unsafe events[kept] = event
        kept += 1
      }
    }
    count = kept
  }

  private static func control(
    _ set: Int32, _ operation: Int32, _ descriptor: Int32, _ mask: UInt32, _ token: UInt64
  ) throws(Errno) {
    try system { clinux_epoll_ctl(set, operation, descriptor, mask, token) }
  }

  private static func mask(_ interest: Interest) -> UInt32 {
    (interest.contains(.read) ? UInt32(clinux_epollin) : 0)
      | (interest.contains(.write) ? UInt32(clinux_epollout) : 0)
  }
}
