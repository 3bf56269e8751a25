// A file that nobody else may read: who may is checked on what was opened, not on a name.

import CLinux

/// Why a secret is not taken from a file.
package enum SecretFileError: Error, Equatable, Sendable {
  case unreadable(Errno)
  /// A directory, a pipe or a device.
  case noFile
  /// It belongs to this user, neither root nor us: who owns a file can change and show it.
  case foreignOwner(UInt32)
  /// The permissions let others read or change it.
  case open(mode: UInt32)
  /// Its group may read it, and we are not in that group: whoever is, knows the secret.
  case foreignGroup(UInt32)
}

extension SecretFileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let error): "cannot be read: \(error)"
    case .noFile: "is no regular file"
    case .foreignOwner(let user): "belongs to user \(user); it must belong to root or to us"
    case .open(let mode):
      "has mode 0\(String(mode, radix: 8)): others may read or change it; make it 0640 or 0600"
    case .foreignGroup(let group): "may be read by group \(group), which is not ours"
    }
  }
}

/// Reading what must stay secret.
package enum SecretFile {
  /// The file's bytes, at most `limit`. Root or we must own it; others may do nothing with it, its
  /// group may read it when that is a group of ours (a file of root's with mode 0640).
  package static func read(path: String, limit: Int) throws(SecretFileError) -> [UInt8] {
    var problem: SecretFileError?
    let bytes: [UInt8]
    do throws(Errno) {
      // Without O_NONBLOCK, opening a pipe would wait for its other end.
      let descriptor = try Files.open(path, O_RDONLY | O_NONBLOCK)
      problem = try self.problem(try status(of: descriptor))
      bytes = problem == nil ? try Files.readAll(descriptor, limit: limit) : []
    } catch {
      throw .unreadable(error)
    }
    if let problem { throw problem }
    return bytes
  }

  private static func status(of descriptor: borrowing Descriptor) throws(Errno) -> stat {
    let raw = descriptor.raw
    var status = stat()
    try system { unsafe clinux_fstat(raw, &status) }
    return status
  }

  private static func problem(_ status: stat) throws(Errno) -> SecretFileError? {
    guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { return .noFile }
    let mode = status.st_mode & 0o7777
    guard status.st_uid == 0 || status.st_uid == Accounts.userID() else {
      return .foreignOwner(status.st_uid)
    }
    guard mode & 0o027 == 0 else { return .open(mode: mode) }
    if mode & 0o040 != 0, status.st_gid != 0, try !Accounts.isMember(of: status.st_gid) {
      return .foreignGroup(status.st_gid)
    }
    return nil
  }
}
