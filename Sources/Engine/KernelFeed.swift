// The conversation with the kernel about one class: dump, listen, notice loss, dump again.

package import Model

/// Who needs a class of kernel news; its socket is open as long as somebody does.
package struct Needs: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The Plan cannot be followed without it.
  package static let plan = Needs(rawValue: 1)
  /// Somebody watches.
  package static let monitor = Needs(rawValue: 2)
}

/// How far the knowledge of one class can be trusted, and which dump runs.
///
///     closed --needed--> opening --opened--> dumping(first)
///     dumping(first) --done--> ... dumping(last) --done--> current
///     opening --open failed--> waitingToOpen --pause over--> opening
///     dumping, current --overrun, malformed, interrupted, refused--> waiting
///     waiting --drained, pause over--> dumping(first)
///     any --needed no more--> closed
package struct KernelFeed: Sendable {
  /// How long to wait after a failed dump before the next; doubled for each failure up to the
  /// longest.
  package static let firstPause = Nanoseconds.milliseconds(5)
  package static let longestPause = Nanoseconds.seconds(1)
  /// So many failures in a row are an alarm, and each further such number is one more.
  package static let alarmEvery = 10
  /// A class that has been stale for so long is an alarm, and again after each such time: a storm
  /// that never lets the socket run empty never lets a dump begin or fail either.
  package static let stalePatience = Nanoseconds.seconds(5)
  /// A dump for a change that the kernel keeps to itself follows the last one by at least this many
  /// times its length, so that a large table does not fill the time with dumps.
  package static let silentChangeSpacing: Int64 = 10

  package enum State: Equatable, Sendable {
    case closed
    /// The socket was asked for.
    case opening
    case waitingToOpen(Instant)
    case dumping(DumpRequest)
    /// A dump is due once the socket is empty and this instant has come.
    case waiting(Instant)
    case current
  }

  package let kernelClass: KernelClass
  package private(set) var needs: Needs = []
  package private(set) var state = State.closed
  package private(set) var port: UInt32 = 0
  /// Dumps that failed since the last complete one.
  package private(set) var failures = 0
  package private(set) var overruns: UInt64 = 0
  /// Rounds of dumps that were complete.
  package private(set) var dumps: UInt64 = 0
  package private(set) var completedAt: Instant?
  /// No dump was complete since the socket was opened: nothing that is listed is news.
  package private(set) var isFirstRound = true
  private var sequence: UInt32 = 0
  /// The last number given to a request, dump or not.
  private var lastNumber: UInt32 = 0
  private var wasInterrupted = false
  private var isDrained = false
  private var roundBegan = Instant.zero
  private var roundLength = Nanoseconds.zero
  private var alarmAt: Instant?

  package init(_ kernelClass: KernelClass) { self.kernelClass = kernelClass }

  package var isCurrent: Bool { state == .current }

  /// Whether there is a socket, or should be.
  package var isOpen: Bool {
    switch state {
    case .closed, .opening, .waitingToOpen: false
    case .dumping, .waiting, .current: true
    }
  }

  package var deadline: Instant? {
    switch state {
    case .waiting(let due) where isDrained: alarmAt.map { min($0, due) } ?? due
    case .waiting, .dumping: alarmAt
    case .waitingToOpen(let due): due
    case .closed, .opening, .current: nil
    }
  }

  // MARK: Open and closed

  /// Adds a need; true when the socket must be opened for it.
  mutating func need(_ who: Needs) -> Bool {
    needs.formUnion(who)
    guard state == .closed else { return false }
    state = .opening
    return true
  }

  /// Takes a need away; true when the socket must be closed.
  mutating func release(_ who: Needs) -> Bool {
    needs.subtract(who)
    guard needs.isEmpty, state != .closed else { return false }
    let hadSocket = isOpen
    state = .closed
    alarmAt = nil
    completedAt = nil
    failures = 0
    return hadSocket
  }

  mutating func opened(port: UInt32, at now: Instant) {
    self.port = port
    isFirstRound = true
    alarmAt = now + KernelFeed.stalePatience
    begin(at: now)
  }

  mutating func openFailed(at now: Instant) {
    guard state == .opening else { return }
    failures += 1
    state = .waitingToOpen(now + KernelFeed.longestPause)
  }

  /// Whether the socket should be asked for again; if so, it is.
  mutating func reopensNow(at now: Instant) -> Bool {
    guard case .waitingToOpen(let due) = state, now >= due else { return false }
    state = .opening
    return true
  }

  // MARK: Dumps

  /// Starts the dumps of this class from the first.
  mutating func begin(at now: Instant) {
    wasInterrupted = false
    roundBegan = now
    state = .dumping(DumpRequest.first(of: kernelClass))
    sequence = nextNumber()
  }

  /// A new number for a request; 0 is left out, since multicast messages carry it.
  mutating func nextNumber() -> UInt32 {
    lastNumber = lastNumber == .max ? 1 : lastNumber + 1
    return lastNumber
  }

  /// The dump that should now be asked for.
  var request: Output? {
    guard case .dumping(let what) = state else { return nil }
    return .dump(what, sequence: sequence)
  }

  mutating func lostMessages(at now: Instant) {
    guard isOpen else { return }
    overruns += 1
    isDrained = false
    switch state {
    // A loss does not wait for the spacing of dumps that only look for silent changes.
    case .waiting:
      if awaitsOnlySilentChange { state = .waiting(.zero) }
    // The first loss is answered as soon as the socket is empty; failing dumps are spaced out.
    case .dumping:
      failures += 1
      state = .waiting(now + pause)
    default:
      state = .waiting(.zero)
      alarmAt = now + KernelFeed.stalePatience
    }
  }

  /// The kernel changed something without a word; true when that makes this class stale. A dump
  /// that runs may have listed it before: it is repeated.
  mutating func changedSilently(at now: Instant) -> Bool {
    if case .dumping = state { wasInterrupted = true }
    guard state == .current, let completedAt else { return false }
    let spacing = max(KernelFeed.longestPause, roundLength * KernelFeed.silentChangeSpacing)
    state = .waiting(max(now, completedAt + spacing))
    isDrained = true
    alarmAt = now + max(spacing, KernelFeed.stalePatience) * 2
    return true
  }

  /// The dump failed: another follows after a pause.
  mutating func failed(at now: Instant) {
    failures += 1
    state = .waiting(now + pause)
    isDrained = true
  }

  /// Nothing was lost: the kernel may have changed something without a word.
  var awaitsOnlySilentChange: Bool {
    if case .waiting(let due) = state { return failures == 0 && due != .zero }
    return false
  }

  private var pause: Nanoseconds {
    min(KernelFeed.firstPause * Int64(1 << min(failures - 1, 10)), KernelFeed.longestPause)
  }

  /// Something that was of no use before has to be known now: everything is listed again.
  mutating func relist(at now: Instant) {
    guard state == .current else { return }
    state = .waiting(now)
    isDrained = true
    alarmAt = now + KernelFeed.stalePatience
  }

  mutating func drained() { isDrained = true }

  /// Whether a dump is due now.
  func isDue(at now: Instant) -> Bool {
    if case .waiting(let due) = state { return isDrained && now >= due }
    return false
  }

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
    if let next = what.next {
      state = .dumping(next)
      sequence = nextNumber()
      return .next
    }
    state = .current
    failures = 0
    dumps += 1
    completedAt = now
    roundLength = now - roundBegan
    alarmAt = nil
    defer { isFirstRound = false }
    return isFirstRound ? .firstComplete : .complete
  }

  var alarmIsDue: Bool { failures > 0 && failures % KernelFeed.alarmEvery == 0 }

  /// Whether staleness itself is an alarm now; if so, the next is due a while later.
  mutating func staleAlarmIsDue(at now: Instant) -> Bool {
    guard let due = alarmAt, now >= due, !isCurrent else { return false }
    alarmAt = now + KernelFeed.stalePatience
    return true
  }
}

/// What the end of a dump leads to.
enum DumpEnd: Equatable {
  case nothing
  case next
  /// Everything was listed for the first time since the socket was opened.
  case firstComplete
  case complete
  case failed
}

extension KernelFeed {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&needs)
    state.keep(in: &keeper)
    keeper.keep(&port)
    keeper.keep(&failures)
    keeper.keep(&overruns)
    keeper.keep(&dumps)
    keeper.keep(&completedAt)
    keeper.keep(&isFirstRound)
    keeper.keep(&sequence)
    keeper.keep(&lastNumber)
    keeper.keep(&wasInterrupted)
    keeper.keep(&isDrained)
    keeper.keep(&roundBegan)
    keeper.keep(&roundLength)
    keeper.keep(&alarmAt)
  }
}

extension KernelFeed.State {
  fileprivate mutating func keep(in keeper: inout Keeper) {
    var kind: UInt8
    var request = DumpRequest.links
    var due = Instant.zero
    switch self {
    case .closed: kind = 1
    case .opening: kind = 2
    case .waitingToOpen(let time): (kind, due) = (3, time)
    case .dumping(let running): (kind, request) = (4, running)
    case .waiting(let time): (kind, due) = (5, time)
    case .current: kind = 6
    }
    keeper.keep(&kind)
    keeper.keep(&request)
    keeper.keep(&due)
    switch kind {
    case 1: self = .closed
    case 2: self = .opening
    case 3: self = .waitingToOpen(due)
    case 4: self = .dumping(request)
    case 5: self = .waiting(due)
    case 6: self = .current
    default: keeper.damage()
    }
  }
}
