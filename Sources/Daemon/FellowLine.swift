// What the door of the group knows of one speaker: what came, what was refused, what could not leave.

import Hello
import Linux
import Model

/// Why a datagram is not let in.
enum HelloRefusal: Int, CaseIterable, Equatable {
  /// The sender's address is not in the Plan.
  case stranger
  /// The socket gave an error instead of it.
  case unreadable
  /// The tag is wrong.
  case otherKey
  case otherVersion
  case malformed
  /// It says that it is of somebody else.
  case otherSender
  /// Not newer than what was let in before.
  case replayed
  /// Of a run that began before the one that was heard.
  case earlierRun

  /// Its field in the answer to `status`; nil for what cannot be told of one speaker.
  var field: String? {
    switch self {
    case .stranger, .unreadable: nil
    case .otherKey: "other-key"
    case .otherVersion: "other-version"
    case .malformed: "malformed"
    case .otherSender: "other-sender"
    case .replayed: "replayed"
    case .earlierRun: "earlier-run"
    }
  }
}

/// One speaker, as its datagrams show it.
struct FellowLine {
  let address: IPv4Address
  private(set) var replay = ReplayGuard()
  /// Of what was sealed with the key before: whoever has only that one cannot spoil the other.
  private(set) var formerReplay = ReplayGuard()
  /// The head of the last datagram that was let in, and when that was.
  private(set) var header: HelloHeader?
  private(set) var heardAt: Instant?
  private(set) var received: UInt64 = 0
  /// It was heard with our key since that took the place of another.
  var hasNewKey = true
  private var refusals = [UInt64](repeating: 0, count: HelloRefusal.allCases.count)
  private var complaints = [Complaint](repeating: Complaint(), count: HelloRefusal.allCases.count)
  /// In whose name it spoke, last.
  var pretended = IPv4Address(bits: 0)
  private(set) var sentCount: UInt64 = 0
  private(set) var sendFailures: UInt64 = 0
  /// Why the last datagram could not leave; nil when it did.
  private(set) var sendError: Errno?
  private var sendComplaint = Complaint()
  private var isSendErrorTold = false

  init(_ address: IPv4Address) { self.address = address }

  func count(of refusal: HelloRefusal) -> UInt64 { refusals[refusal.rawValue] }
  var refusedCount: UInt64 { refusals.reduce(0, +) }

  func isHeard(at now: Instant, within timeout: Nanoseconds) -> Bool {
    heardAt.map { now - $0 <= timeout } ?? false
  }

  /// Another key counts from now on, or the one before it again.
  mutating func changesKey(isBack: Bool) {
    (replay, formerReplay) = (isBack ? formerReplay : ReplayGuard(), replay)
    hasNewKey = false
  }

  /// Whether a datagram is newer than all that was let in under its key.
  mutating func accepts(_ moment: HelloMoment, isFormer: Bool) -> Bool {
    isFormer ? formerReplay.accept(moment) : replay.accept(moment)
  }

  mutating func accepted(_ header: HelloHeader, at now: Instant) {
    self.header = header
    heardAt = now
    received += 1
  }

  /// Counts it; not nil when it is to be told, and how many came untold before it.
  mutating func refused(_ refusal: HelloRefusal, at now: Instant) -> UInt64? {
    refusals[refusal.rawValue] += 1
    return complaints[refusal.rawValue].due(at: now)
  }

  /// What a person is told. Who is heard as well may be the victim of a forger.
  func sentence(_ refusal: HelloRefusal, isHeard: Bool) -> String {
    switch refusal {
    case .otherKey where isHeard: "somebody without our key sends hello as speaker \(address)"
    case .otherKey: "speaker \(address) uses another key"
    case .otherVersion: "speaker \(address) speaks another version of hello"
    case .otherSender: "speaker \(address) sends hello as \(pretended)"
    case .replayed: "speaker \(address): hello came twice or out of order"
    case .earlierRun:
      "speaker \(address): hello of an earlier run: it was recorded then, or the speaker has lost "
        + "the count of its runs"
    case .malformed, .stranger, .unreadable: "speaker \(address): malformed hello"
    }
  }

  /// The answer is the error that has ended and was told.
  mutating func sent() -> Errno? {
    sentCount += 1
    defer {
      sendError = nil
      isSendErrorTold = false
    }
    return isSendErrorTold ? sendError : nil
  }

  /// The answer is whether this is to be told: the first of its kind, and not too often.
  mutating func sendFailed(_ error: Errno, at now: Instant) -> Bool {
    sendFailures += 1
    defer { sendError = error }
    guard error != sendError, sendComplaint.due(at: now) != nil else { return false }
    isSendErrorTold = true
    return true
  }
}

/// When something that may happen ten thousand times a second is told: at once, then after a
/// minute, and each time after twice as long.
struct Complaint {
  private static let firstRest = Nanoseconds.seconds(60)
  private static let longestRest = Nanoseconds.seconds(3_600)

  private var quietUntil: Instant?
  private var rest = Complaint.firstRest
  private var untold: UInt64 = 0

  /// Not nil when it is to be told now: how many were not told since the last time.
  mutating func due(at now: Instant) -> UInt64? {
    if let quietUntil {
      guard now >= quietUntil else {
        untold += 1
        return nil
      }
      rest = min(rest * 2, Complaint.longestRest)
    }
    quietUntil = now + rest
    defer { untold = 0 }
    return untold
  }

  static func count(_ untold: UInt64) -> String {
    untold == 0 ? "" : " (and \(untold) times before)"
  }
}
