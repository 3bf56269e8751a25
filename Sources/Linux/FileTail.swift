// A file that somebody else writes at its end, read piece by piece.

import CLinux

/// Reads a growing file from its beginning.
package struct FileTail: ~Copyable {
  private let descriptor: Descriptor

  /// ENOENT when there is no such file yet.
  package init(path: String) throws(Errno) {
    descriptor = try Files.open(path, O_RDONLY | O_NOFOLLOW)
  }

  /// The next bytes, at most `limit`; none when everything was read so far.
  package borrowing func next(limit: Int) throws(Errno) -> [UInt8] {
    precondition(limit > 0, "nothing can be read into no room")
    let raw = descriptor.raw
    var piece = [UInt8](repeating: 0, count: min(limit, 65_536))
    let size = piece.count
    let count = try system { unsafe clinux_read(raw, &piece, size) }
    return Array(piece[..<count])
  }
}
