// An open file descriptor with exactly one owner.

import CLinux

/// Owns a descriptor and closes it when it goes.
package struct Descriptor: ~Copyable, Sendable {
  /// The number, for calls that borrow it. It is valid as long as this value lives.
  package let raw: Int32

  /// Takes over a descriptor that nobody else will close.
  package init(adopting raw: Int32) {
    precondition(raw >= 0, "not a descriptor")
    self.raw = raw
  }

  deinit {
    // Linux frees the number even when it answers EINTR or EIO (close(2)): repeating could close a
    // stranger's. EBADF says that somebody else closed ours: a bug.
    let result = clinux_close(raw)
    precondition(result != -Int(EBADF), "a descriptor was closed twice")
  }

  /// Closes now rather than at the end of the owner's life.
  package consuming func close() {}
}
