// What the kernel answered when it refused: an errno as a typed, trivial error.

import CLinux

/// An error number of the kernel, positive as in errno(3).
package struct Errno: Error, Hashable, Sendable {
  package let code: Int32

  package init(code: Int32) { self.code = code }

  /// EPERM
  package static let notPermitted = Errno(code: EPERM)
  /// ENOENT
  package static let noSuchFile = Errno(code: ENOENT)
  /// ESRCH
  package static let noSuchProcess = Errno(code: ESRCH)
  /// EIO
  package static let inputOutput = Errno(code: EIO)
  /// EAGAIN, which is EWOULDBLOCK on Linux
  package static let again = Errno(code: EAGAIN)
  /// EACCES
  package static let accessDenied = Errno(code: EACCES)
  /// EBUSY
  package static let busy = Errno(code: EBUSY)
  /// EEXIST
  package static let fileExists = Errno(code: EEXIST)
  /// EINVAL
  package static let invalidArgument = Errno(code: EINVAL)
  /// EFBIG
  package static let fileTooLarge = Errno(code: EFBIG)
  /// EPIPE
  package static let brokenPipe = Errno(code: EPIPE)
  /// ENAMETOOLONG
  package static let nameTooLong = Errno(code: ENAMETOOLONG)
  /// EADDRINUSE
  package static let addressInUse = Errno(code: EADDRINUSE)
  /// EADDRNOTAVAIL
  package static let addressNotAvailable = Errno(code: EADDRNOTAVAIL)
  /// ENETDOWN
  package static let networkDown = Errno(code: ENETDOWN)
  /// ENETUNREACH
  package static let networkUnreachable = Errno(code: ENETUNREACH)
  /// EHOSTUNREACH
  package static let hostUnreachable = Errno(code: EHOSTUNREACH)
  /// ECONNABORTED
  package static let connectionAborted = Errno(code: ECONNABORTED)
  /// ECONNRESET
  package static let connectionReset = Errno(code: ECONNRESET)
  /// ECONNREFUSED
  package static let connectionRefused = Errno(code: ECONNREFUSED)
  /// ENOBUFS
  package static let noBuffers = Errno(code: ENOBUFS)
  /// ENOTCONN
  package static let notConnected = Errno(code: ENOTCONN)
  /// ETIMEDOUT
  package static let timedOut = Errno(code: ETIMEDOUT)
  /// EINPROGRESS
  package static let inProgress = Errno(code: EINPROGRESS)
}

extension Errno: CustomStringConvertible {
  /// The name and the C library's text: `ENOBUFS (No buffer space available)`.
  package var description: String {
    let name = Errno.names.first { $0.code == code }?.name ?? "errno \(code)"
    guard let text = unsafe strerror(code) else { return name }
    return unsafe "\(name) (\(String(cString: text)))"
  }

  /// glibc's own table (strerrorname_np) is declared only under _GNU_SOURCE; these are the ones we
  /// meet.
  private static let names: [(code: Int32, name: String)] = [
    (EPERM, "EPERM"), (ENOENT, "ENOENT"), (ESRCH, "ESRCH"), (EIO, "EIO"), (EBADF, "EBADF"),
    (EAGAIN, "EAGAIN"), (ENOMEM, "ENOMEM"), (EACCES, "EACCES"), (EBUSY, "EBUSY"),
    (EEXIST, "EEXIST"), (ENODEV, "ENODEV"), (ENOTDIR, "ENOTDIR"), (EISDIR, "EISDIR"),
    (EINVAL, "EINVAL"), (ENFILE, "ENFILE"), (EMFILE, "EMFILE"), (EFBIG, "EFBIG"),
    (ENOSPC, "ENOSPC"), (EROFS, "EROFS"), (EPIPE, "EPIPE"), (ENAMETOOLONG, "ENAMETOOLONG"),
    (ELOOP, "ELOOP"), (EMSGSIZE, "EMSGSIZE"), (EPROTO, "EPROTO"), (EOPNOTSUPP, "EOPNOTSUPP"),
    (EADDRINUSE, "EADDRINUSE"), (EADDRNOTAVAIL, "EADDRNOTAVAIL"), (ENETDOWN, "ENETDOWN"),
    (ENETUNREACH, "ENETUNREACH"), (EHOSTUNREACH, "EHOSTUNREACH"), (ECONNABORTED, "ECONNABORTED"),
    (ECONNRESET, "ECONNRESET"), (ECONNREFUSED, "ECONNREFUSED"), (ENOBUFS, "ENOBUFS"),
    (EISCONN, "EISCONN"), (ENOTCONN, "ENOTCONN"), (ETIMEDOUT, "ETIMEDOUT"),
    (EINPROGRESS, "EINPROGRESS"), (ENOSYS, "ENOSYS"),
  ]
}
