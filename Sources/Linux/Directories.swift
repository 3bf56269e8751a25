// Directories: made, listed, renamed; for the laboratory, which keeps its register in them.

import CLab
import CLinux

/// What the lab does with directories. Removing trees and mounting is left to rm(1) and mount(8).
package enum Directories {
  /// Makes one directory; its parent must be there. EEXIST when the name is taken.
  package static func make(_ path: String, mode: UInt32 = 0o755) throws(Errno) {
    try system { unsafe path.withCString { unsafe clinux_mkdir($0, mode) } }
  }

  /// Makes one directory unless there is one.
  package static func makeIfMissing(_ path: String, mode: UInt32 = 0o755) throws(Errno) {
    do throws(Errno) {
      try make(path, mode: mode)
    } catch .fileExists {
      return
    }
  }

  /// Renames a file or directory. A directory can only take the place of an empty one.
  package static func rename(_ old: String, to new: String) throws(Errno) {
    try system {
      unsafe old.withCString { from in
        unsafe new.withCString { to in unsafe clinux_rename(from, to) }
      }
    }
  }

  /// The names in a directory, sorted, without `.` and `..`; none when there is no such directory.
  package static func list(_ path: String) throws(Errno) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { bytes in
        unsafe bytes.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes an empty directory; one that is not there is no error.
  package static func remove(_ path: String) throws(Errno) {
    do throws(Errno) {
      try system { unsafe path.withCString { unsafe clab_rmdir($0) } }
    } catch .noSuchFile {
      return
    }
  }

  /// Whether this is a directory itself, not a link to one.
  package static func isDirectory(_ path: String) throws(Errno) -> Bool {
    Int32(try Files.status(path).st_mode) & S_IFMT == S_IFDIR
  }

  /// Whether something, of whatever kind, has this name.
  package static func exists(_ path: String) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try Files.status(path)
      return true
    } catch .noSuchFile {
      return false
    }
  }
}
