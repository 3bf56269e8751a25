// The conversation with the kernel about one class: dump, listen, notice loss, dump again.

package import Model

/// How far the knowledge of one class can be trusted, and which dump runs.
///
///     closed --opened--> dumping(links) --done--> dumping(addresses) --done--> current
///     any    --overrun, malformed, interrupted, refused--> waiting
///     waiting --drained, pause over--> dumping(links)
package struct KernelFeed: Sendable {
  /// How long to wait after a failed dump before the next; doubled for each failure up to the
  /// longest.
  package static let firstPause = Nanoseconds.milliseconds(5)
  package static let longestPause = Nanoseconds.seconds(1)
  /// So many failures in a row are an alarm, and each further such number is one more.
  package static let alarmEvery = 10

  package enum State: Equatable, Sendable {
    case closed
    case dumping(DumpRequest)
    /// A dump is due once the socket is empty and this instant has come.
    case waiting(Instant)
    case current
  }

  package private(set) var state = State.closed
  package private(set) var port: UInt32 = 0
  package private(set) var failures = 0
  package private(set) var overruns: UInt64 = 0
  package private(set) var completedAt: Instant?
  private var sequence: UInt32 = 0
  private var wasInterrupted = false
  private var isDrained = false

  package init() {}

  package var isCurrent: Bool { state == .current }

  package var deadline: Instant? {
    if case .waiting(let due) = state, isDrained { return due }
    return nil
  }

  mutating func opened(port: UInt32) {
    self.port = port
    begin()
  }

  /// Starts the two dumps from the beginning.
  mutating func begin() {
    wasInterrupted = false
    state = .dumping(.links)
    advance()
  }

  /// A new number for a new dump; 0 is left out, since multicast messages carry it.
  private mutating func advance() { sequence = sequence == .max ? 1 : sequence + 1 }

  /// The dump that should now be asked for.
  var request: Output? {
    guard case .dumping(let what) = state else { return nil }
    return .dump(what, sequence: sequence)
  }

  mutating func lostMessages() {
    overruns += 1
    isDrained = false
    // The first loss is answered as soon as the socket is empty; only failing dumps are spaced out.
    if case .waiting = state { return }
    if case .dumping = state { failures += 1 }
    state = .waiting(.zero)
  }

  /// The dump failed: another follows after a pause.
  mutating func failed(at now: Instant) {
    failures += 1
    let pause = KernelFeed.firstPause * Int64(1 << min(failures - 1, 10))
    state = .waiting(now + min(pause, KernelFeed.longestPause))
    isDrained = true
  }

  mutating func drained() { isDrained = true }

  /// Whether a dump is due now.
  func isDue(at now: Instant) -> Bool { deadline.map { now >= $0 } ?? false }

  func isOurs(_ sequence: UInt32) -> Bool {
    if case .dumping = state { return sequence == self.sequence }
    return false
  }

  mutating func noteInterruption() { wasInterrupted = true }

  /// One dump ended. The answer says what follows.
  mutating func dumpEnded(at now: Instant) -> DumpEnd {
    guard case .dumping(let what) = state else { return .nothing }
    if wasInterrupted {
      failed(at: now)
      return .failed
    }
    if what == .links {
      state = .dumping(.addresses)
      advance()
      return .next
    }
    state = .current
    failures = 0
    completedAt = now
    return .complete
  }

  var alarmIsDue: Bool { failures > 0 && failures % KernelFeed.alarmEvery == 0 }
}

/// What the end of a dump leads to.
enum DumpEnd: Equatable {
  case nothing
  case next
  case complete
  case failed
}
