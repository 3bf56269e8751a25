// Files that keepalived tracks: 1 where this machine should not have the address, 0 otherwise.

import Chronicle
import Engine
import Failover
import Linux
import Model

/// One file for each VIP whose address decides, in a directory beside the control socket. They are
/// what `switch` and `maintenance` act on: who places the address is asked to place it elsewhere.
struct TrackFiles {
  /// How far apart a write that fails is tried. We chose it: what is in its way is another's.
  private static let spacing = Nanoseconds.seconds(1)
  /// Files that are written before the loop looks at the rest of the world again. We chose it:
  /// about a millisecond. Ten thousand at once would leave every route server and probe waiting.
  static let batch = 32

  private let directory: String
  /// By VIP: what its file says; nil for those that have none, or were not written yet.
  private var written: [Bool?]
  private let vips: [VIPSlot]
  /// What has a file, and what had one under a Plan before.
  private let names: Set<String>
  private var gone: Set<String> = []
  private var hasFailed = false
  /// Where in `vips` the walk is, and what went wrong in it.
  private var place = 0
  private var trouble: Errno?

  init(_ plan: Plan, directory: String) {
    self.directory = directory
    written = Array(repeating: nil, count: plan.vips.count)
    vips = plan.vips.indices.map(VIPSlot.init).filter { vip in
      if case .address = plan.vips[vip.index].role { return true }
      return false
    }
    names = Set(vips.map { plan.vips[$0.index].name })
  }

  /// Goes on under another Plan: files that say what they should are left alone, and those of VIPs
  /// that are gone are removed.
  init(_ plan: Plan, after old: TrackFiles, _ succession: Succession) {
    self.init(plan, directory: old.directory)
    for (vip, former) in succession.vips.enumerated() {
      // Of what has no file it is not known what one would say.
      if let former, old.names.contains(plan.vips[vip].name) { written[vip] = old.written[former] }
    }
    gone = old.gone.union(old.names).subtracting(names)
  }

  private var seen: UInt64 = .max
  /// When what could not be written is tried again: nobody else would tell who places the address
  /// that it may stay.
  private(set) var deadline: Instant?

  /// Writes what has changed since, so much at a time.
  mutating func keep(_ engine: borrowing Engine, at now: Instant, log: Log) {
    let isDue = deadline.map { now >= $0 } ?? false
    guard engine.serviceChanges != seen || isDue, !vips.isEmpty || !gone.isEmpty else { return }
    if engine.serviceChanges != seen { place = 0 }
    seen = engine.serviceChanges
    deadline = nil
    if place == 0 { trouble = nil }
    var count = removeGone()
    while place < vips.count, count < TrackFiles.batch {
      if renew(vips[place], engine) { count += 1 }
      place += 1
    }
    guard place == vips.count, gone.isEmpty || trouble != nil else {
      deadline = now
      return
    }
    place = 0
    tell(at: now, log)
  }

  /// Removes what is no VIP's any more; answers how many files that were. One that cannot be
  /// removed stands in nobody's way.
  private mutating func removeGone() -> Int {
    var count = 0
    for name in gone.sorted() where count < TrackFiles.batch {
      do throws(Errno) {
        try Files.removeIfPresent("\(directory)/\(name)")
        gone.remove(name)
        count += 1
      } catch {
        trouble = error
      }
    }
    return count
  }

  /// Writes one file when it says something else; answers whether it had to.
  private mutating func renew(_ vip: VIPSlot, _ engine: borrowing Engine) -> Bool {
    let isUnwanted = engine.failover.isAddressUnwanted(vip)
    guard written[vip.index] != isUnwanted else { return false }
    do throws(Errno) {
      try Directories.makeIfMissing(directory)
      try write(isUnwanted, as: engine.plan.vips[vip.index].name)
      written[vip.index] = isUnwanted
    } catch {
      // What is in the way of one is in nobody else's.
      trouble = error
    }
    return true
  }

  /// Everybody had a turn.
  private mutating func tell(at now: Instant, _ log: Log) {
    guard let trouble else {
      if hasFailed { log.notice(.fileTrouble, "track files in \(directory): written again") }
      hasFailed = false
      return
    }
    deadline = now + TrackFiles.spacing
    if !hasFailed { log.warning(.fileTrouble, "track files in \(directory): \(trouble)") }
    hasFailed = true
  }

  private func write(_ isUnwanted: Bool, as name: String) throws(Errno) {
    let digit = UInt8(ascii: isUnwanted ? "1" : "0")
    try Files.writeAtomically(
      path: "\(directory)/\(name)", bytes: [digit, UInt8(ascii: "\n")].span, mode: 0o644,
      isDurable: false)
  }
}
