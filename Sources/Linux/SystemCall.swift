// The one place where the answer of a system call is judged: repeated, trapped or thrown.

import CLinux

/// Runs a shim that answers a count, or -errno.
@inline(__always)
@discardableResult
func system(_ call: () -> Int) throws(Errno) -> Int {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = Int32(truncatingIfNeeded: -result)
    if code == EINTR { continue }
    precondition(code != EBADF && code != EFAULT, "a descriptor or an address of ours is wrong")
    throw Errno(code: code)
  }
}
