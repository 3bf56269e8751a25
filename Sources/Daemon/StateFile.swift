// The state file: what a daemon that was killed must know when it starts again.

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
  /// Two clocks in front of the memory: how long the machine was up, and when by the wall clock it
  /// was started. The boot's name (/proc/sys/kernel/random/boot_id) is hidden from the service.
  static let stampLength = 16
  /// By how much the second may have moved: the wall clock is set now and then.
  static let clockTolerance = Nanoseconds.seconds(60)
  private static let mode: UInt32 = 0o640

  private let path: String
  private var nextWrite: Instant?
  private var isWaiting = false
  private var hasFailed = false

  init(path: String) { self.path = path }

  /// What was kept, and whether the machine has not been started anew since.
  func load(log: Log) -> (bytes: [UInt8], isSameBoot: Bool)? {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: path, limit: StateFile.limit)
    } catch {
      if error != .noSuchFile { log.warning("state file \(path): \(error); starting without it") }
      return nil
    }
    guard bytes.count > StateFile.stampLength else { return ([], false) }
    return (Array(bytes[StateFile.stampLength...]), StateFile.isSameBoot(bytes))
  }

  private static func isSameBoot(_ bytes: [UInt8]) -> Bool {
    let (up, started) = (number(bytes, at: 0), number(bytes, at: 8))
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

  private static func stamp() -> [UInt8] {
    let (up, started) = clocks()
    return [up, started].flatMap { number in
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
    let bytes = StateFile.stamp() + memory
    do throws(Errno) {
      try Files.writeAtomically(
        path: path, bytes: bytes.span, mode: StateFile.mode, isDurable: false)
      if hasFailed { log.notice("state file \(path): written again") }
      hasFailed = false
    } catch {
      if !hasFailed { log.warning("state file \(path): \(error); a restart will not know it all") }
      hasFailed = true
    }
  }
}
