// A daemon that gets a few milliseconds of a core at a time: a control group of its own, with a glutton in it.

import Lab
import Linux
import Model

/// Holds a daemon and a process that always computes to a part of one core.
final class Diet {
  private let path: String
  private let lan: Neighbourhood
  private let glutton: RunningProgram
  private var hasEnded = false

  /// The period of the kernel's bandwidth control, in microseconds.
  private static let period = 100_000

  /// Whether this machine has the controller, in either version.
  static var isPossible: Bool { root != nil }

  private static var root: (path: String, isUnified: Bool)? {
    do throws(Errno) {
      if try Directories.exists("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") {
        return ("/sys/fs/cgroup/cpu", false)
      }
      if try Directories.exists("/sys/fs/cgroup/cgroup.controllers") {
        let bytes = try Files.read(path: "/sys/fs/cgroup/cgroup.subtree_control", limit: 4_096)
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
        return words.contains("cpu") ? ("/sys/fs/cgroup", true) : nil
      }
      return nil
    } catch {
      return nil
    }
  }

  init(_ lan: Neighbourhood, percent: Int) throws(LabError) {
    guard let root = Diet.root, let daemon = lan.daemon?.processes().first else {
      throw .unsuitable("there is no control group for processor time")
    }
    path = "\(root.path)/\(lan.lab.tag)-diet"
    self.lan = lan
    let quota = Diet.period * percent / 100
    let limits =
      root.isUnified
      ? "echo '\(quota) \(Diet.period)' > \(path)/cpu.max"
      : "echo \(Diet.period) > \(path)/cpu.cfs_period_us; echo \(quota) > \(path)/cpu.cfs_quota_us"
    try lan.lab.shell.run(
      ["sh", "-ec", "mkdir \(path); \(limits); echo \(daemon) > \(path)/cgroup.procs"])
    glutton = try lan.lab.start(
      "glutton", ["sh", "-c", "echo $$ > \(path)/cgroup.procs; while :; do :; done"], on: "a")
  }

  /// Lets the daemon eat again and removes the group.
  func end() {
    if hasEnded { return }
    hasEnded = true
    do throws(LabError) {
      try lan.end(glutton)
      try lan.lab.shell.run([
        "sh", "-ec",
        "for p in $(cat \(path)/cgroup.procs); do echo $p > \(path)/../cgroup.procs; done; "
          + "rmdir \(path)",
      ])
    } catch {
      print("the control group \(path) could not be removed: \(error)")
    }
  }
}
