// Files that keepalived tracks: 1 where this machine should not have the address, 0 otherwise.

import Engine
import Failover
import Linux
import Model

/// One file for each VIP whose address decides, in a directory beside the control socket. They are
/// what `switch` and `maintenance` act on: who places the address is asked to place it elsewhere.
struct TrackFiles {
  /// How far apart a write that fails is tried. We chose it: what is in its way is another's.
  private static let spacing = Nanoseconds.seconds(1)

  private let directory: String
  /// By VIP: what its file says; nil for those that have none, or were not written yet.
  private var written: [Bool?]
  private let vips: [VIPSlot]
  private var hasFailed = false

  init(_ plan: Plan, directory: String) {
    self.directory = directory
    written = Array(repeating: nil, count: plan.vips.count)
    vips = plan.vips.indices.map(VIPSlot.init).filter { vip in
      if case .address = plan.vips[vip.index].role { return true }
      return false
    }
  }

  private var seen: UInt64 = .max
  /// When what could not be written is tried again: nobody else would tell who places the address
  /// that it may stay.
  private(set) var deadline: Instant?

  /// Writes what has changed since.
  mutating func keep(_ engine: borrowing Engine, at now: Instant, log: Log) {
    let isDue = deadline.map { now >= $0 } ?? false
    guard engine.serviceChanges != seen || isDue, !vips.isEmpty else { return }
    seen = engine.serviceChanges
    deadline = nil
    do throws(Errno) {
      try Directories.makeIfMissing(directory)
      for vip in vips {
        let isUnwanted = engine.failover.isAddressUnwanted(vip)
        guard written[vip.index] != isUnwanted else { continue }
        let name = engine.plan.vips[vip.index].name
        let digit = UInt8(ascii: isUnwanted ? "1" : "0")
        try Files.writeAtomically(
          path: "\(directory)/\(name)", bytes: [digit, UInt8(ascii: "\n")].span, mode: 0o644,
          isDurable: false)
        written[vip.index] = isUnwanted
      }
      if hasFailed { log.notice("track files in \(directory): written again") }
      hasFailed = false
    } catch {
      deadline = now + TrackFiles.spacing
      if !hasFailed { log.warning("track files in \(directory): \(error)") }
      hasFailed = true
    }
  }
}
