// A lock between processes of the lab, given up by the kernel when its holder dies.

import CLinux

/// Holds flock(2) on a file for as long as it lives.
package struct FileLock: ~Copyable {
  private let descriptor: Descriptor

  /// Takes the lock, or answers EAGAIN when another process has it.
  package init(path: String) throws(Errno) {
    let opened = try Files.open(path, O_RDWR | O_CREAT, mode: 0o600)
    let raw = opened.raw
    try system { clinux_flock(raw, LOCK_EX | LOCK_NB) }
    descriptor = opened
  }
}
