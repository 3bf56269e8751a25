// A file that grows: made anew, and written piece by piece.

import CLinux

/// An open file that only its owner and group may read.
package struct OutputFile: ~Copyable {
  private let descriptor: Descriptor

  /// What was in a file of this name is lost.
  package init(path: String) throws(Errno) {
    descriptor = try Files.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
  }

  package func write(_ bytes: Span<UInt8>) throws(Errno) {
    try Files.writeAll(descriptor.raw, bytes)
  }

  /// Everything written is on the disk.
  package func sync() throws(Errno) {
    do throws(Errno) {
      try system { clinux_fsync(descriptor.raw) }
    } catch {
      // A pipe or a terminal has no disk.
      guard error == .invalidArgument else { throw error }
    }
  }
}
