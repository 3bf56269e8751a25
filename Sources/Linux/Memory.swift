// What the process keeps of the memory it no longer uses.

import CLinux

/// The C library's heap.
package enum Memory {
  /// Gives free pages back to the kernel, also those between pieces that are in use: the C library
  /// by itself gives back only what lies at the end of the heap (malloc_trim(3)).
  package static func giveBack() { _ = malloc_trim(0) }
}
