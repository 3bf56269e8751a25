// The state file: what a daemon that was killed must know when it starts again.

import Chronicle
import Engine
import Linux
import Model

/// One small file, put in place whole. It is not synced: it has to outlive the process, not the
/// machine, and a slow disk must not hold up the loop. A file that a power cut has damaged fails
/// its sum and is left out.
struct StateFile {
  /// Writes come at least this far apart. We chose it: a storm of claims is a few writes.
  static let spacing = Nanoseconds.milliseconds(100)
  /// The largest Plan with the most fellows.
  static let limit = 4 * 1_048_576
  /// Three numbers in front of the memory: the run that wrote it, how long the machine was up, and
  /// when by the wall clock it was started. The boot's name (/proc/sys/kernel/random/boot_id) is
  /// hidden from the service.
  static let stampLength = 24
  /// By how much the second may have moved: the wall clock is set now and then.
  static let clockTolerance = Nanoseconds.seconds(60)
  private static let mode: UInt32 = 0o640

  /// The number of this run: it grows with each start, also when the wall clock was set back.
  let run: UInt64
  private let path: String
  private var nextWrite: Instant?
  private var isWaiting = false
  private var hasFailed = false

  /// What the run before has kept; nil when there was none.
  let kept: Kept?

  init(path: String, log: Log) {
    self.path = path
    kept = StateFile.load(path, log)
    // The only use of the time of day: it orders the runs of this speaker, also across a new disk.
    let wall = UInt64(clamping: Clock.wall().nanoseconds)
    let last = kept?.run ?? 0
    // A number that no clock can have told comes from a damaged file.
    run = last < UInt64(Int64.max) ? max(wall, last + 1) : wall
  }

  /// What was kept.
  struct Kept {
    /// The number of the run that wrote it.
    var run: UInt64
    /// The machine has not been started anew since.
    var isSameBoot: Bool
    var memory: [UInt8]

    /// Nothing that could be used.
    static let nothing = Kept(run: 0, isSameBoot: false, memory: [])
  }

  private static func load(_ path: String, _ log: Log) -> Kept? {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: path, limit: StateFile.limit)
    } catch {
      if error != .noSuchFile {
        log.warning(.fileTrouble, "state file \(path): \(error); starting without it")
      }
      return nil
    }
    guard bytes.count > StateFile.stampLength else { return .nothing }
    return Kept(
      run: UInt64(bitPattern: StateFile.number(bytes, at: 0)),
      isSameBoot: StateFile.isSameBoot(bytes), memory: Array(bytes[StateFile.stampLength...]))
  }

  private static func isSameBoot(_ bytes: [UInt8]) -> Bool {
    let (up, started) = (number(bytes, at: 8), number(bytes, at: 16))
    let (upNow, startedNow) = clocks()
    return upNow >= up && abs(startedNow - started) < clockTolerance.count
  }

  /// How long the machine has been up, and when it was started by the wall clock.
  private static func clocks() -> (up: Int64, started: Int64) {
    let up = Clock.boot().nanoseconds
    return (up, Clock.wall().nanoseconds - up)
  }

  private static func number(_ bytes: [UInt8], at start: Int) -> Int64 {
    Int64(bitPattern: bytes[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) })
  }

  private static func stamp(_ run: UInt64) -> [UInt8] {
    let (up, started) = clocks()
    return [Int64(bitPattern: run), up, started].flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * Int64($0))) }
    }
  }

  /// When a change that was put off is due.
  var deadline: Instant? { isWaiting ? nextWrite : nil }

  mutating func isDue(at now: Instant, hasChanged: Bool) -> Bool {
    isWaiting = isWaiting || hasChanged
    guard isWaiting, nextWrite.map({ now >= $0 }) ?? true else { return false }
    isWaiting = false
    return true
  }

  mutating func save(_ memory: [UInt8], at now: Instant, log: Log) {
    nextWrite = now + StateFile.spacing
    let bytes = StateFile.stamp(run) + memory
    do throws(Errno) {
      try Files.writeAtomically(
        path: path, bytes: bytes.span, mode: StateFile.mode, isDurable: false)
      if hasFailed { log.notice(.fileTrouble, "state file \(path): written again") }
      hasFailed = false
    } catch {
      if !hasFailed {
        log.warning(
          .fileTrouble, "state file \(path): \(error); a restart will not know it all")
      }
      hasFailed = true
    }
  }
}
