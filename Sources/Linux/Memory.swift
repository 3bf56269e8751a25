// What the process keeps of the memory it no longer uses.

import CLinux

/// The C library's heap.
package enum Memory {
  /// Gives free pages back to the kernel, also those between pieces that are in use: the C library
  /// by itself gives back only what lies at the end of the heap (malloc_trim(3)).
  package static func giveBack() { _ = malloc_trim(0) }

  /// Keeps what is in memory out of core files and out of the reach of other processes of the same
  /// user: for a process that holds a secret.
  package static func keepToItself() throws(Errno) {
    try system { clinux_no_core() }
    try system { clinux_no_core_size() }
  }
}
