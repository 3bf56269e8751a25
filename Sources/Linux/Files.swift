// Small files: read whole with a limit, written whole or not at all.

import CLinux

/// Reading configuration and writing state; never on the fire path.
package enum Files {
  /// The file's bytes; EFBIG when there are more than `limit`.
  package static func read(path: String, limit: Int) throws(Errno) -> [UInt8] {
    let descriptor = try open(path, O_RDONLY)
    return try readAll(descriptor, limit: limit)
  }

  static func readAll(_ descriptor: borrowing Descriptor, limit: Int) throws(Errno) -> [UInt8] {
    precondition(limit >= 0 && limit < Int.max)
    let raw = descriptor.raw
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(limit + 1, 65_536))
    while true {
      let size = piece.count
      let count = try system { unsafe clinux_read(raw, &piece, size) }
      if count == 0 { return bytes }
      guard count <= limit - bytes.count else { throw .fileTooLarge }
      bytes.append(contentsOf: piece[0..<count])
    }
  }

  /// Puts a new file in place of the old one: whoever reads, also after a crash, finds the old
  /// bytes or the new ones. The mode is taken as given, whatever the umask. Without `isDurable` the
  /// disk is not waited for, and a power cut may leave neither.
  package static func writeAtomically(
    path: String, bytes: Span<UInt8>, mode: UInt32, isDurable: Bool = true
  ) throws(Errno) {
    // In the same directory, because rename does not cross file systems. One writer at a time owns
    // the name, so what a crash left there is ours to replace.
    let temporary = path + ".new"
    do throws(Errno) {
      let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
      let descriptor = try open(temporary, flags, mode: mode)
      try system { clinux_fchmod(descriptor.raw, mode) }
      try writeAll(descriptor.raw, bytes)
      if isDurable { try system { clinux_fsync(descriptor.raw) } }
      try system {
        unsafe temporary.withCString { from in
          unsafe path.withCString { to in unsafe clinux_rename(from, to) }
        }
      }
    } catch {
      try removeIfPresent(temporary)
      throw error
    }
    guard isDurable else { return }
    // The name is durable only when the directory is.
    let directory = try open(directory(of: path), O_RDONLY | O_DIRECTORY)
    try system { clinux_fsync(directory.raw) }
  }

  /// Removes a file; one that is not there is no error.
  package static func removeIfPresent(_ path: String) throws(Errno) {
    do throws(Errno) {
      try system { unsafe path.withCString { unsafe clinux_unlink($0) } }
    } catch {
      if error != .noSuchFile { throw error }
    }
  }

  static func writeAll(_ raw: Int32, _ bytes: Span<UInt8>) throws(Errno) {
    var written = 0
    while written < bytes.count {
      let start = written
      let count = try system {
        unsafe bytes.withUnsafeBufferPointer { bytes in
          let rest = unsafe UnsafeBufferPointer(rebasing: bytes[start...])
          return unsafe clinux_write(raw, rest.baseAddress, rest.count)
        }
      }
      // A regular file takes at least a byte or says why not.
      guard count > 0 else { throw .inputOutput }
      written += count
    }
  }

  /// Opens with O_CLOEXEC.
  static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(Errno) -> Descriptor {
    let raw = try system {
      unsafe path.withCString { unsafe clinux_open($0, flags, mode) }
    }
    return Descriptor(adopting: Int32(raw))
  }

  /// The path from the root on, for whoever works in another directory than this process.
  package static func absolute(_ path: String) throws(Errno) -> String {
    if path.hasPrefix("/") { return path }
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let size = bytes.count
    let count = try system { unsafe clinux_getcwd(&bytes, size) }
    let directory = String(decoding: bytes[..<(count - 1)], as: UTF8.self)
    return directory == "/" ? "/\(path)" : "\(directory)/\(path)"
  }

  /// The directory a path lies in; "." when it names none.
  package static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// lstat: of the path itself, not of what a link points to.
  static func status(_ path: String) throws(Errno) -> stat {
    var status = stat()
    try system { unsafe path.withCString { unsafe clinux_lstat($0, &status) } }
    return status
  }

  static func isSocket(_ path: String) throws(Errno) -> Bool {
    try status(path).st_mode & UInt32(S_IFMT) == UInt32(S_IFSOCK)
  }
}
