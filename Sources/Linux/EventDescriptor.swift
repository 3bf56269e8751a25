// A descriptor by which one thread wakes another.

import CLinux
import Model

/// Readable from `signal` until `clear` (eventfd(2)).
package struct EventDescriptor: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  package init() throws(Errno) {
    descriptor = Descriptor(adopting: Int32(try system { clinux_event_descriptor() }))
  }

  package func signal() throws(Errno) {
    var one: UInt64 = 1
    do throws(Errno) {
      try system { unsafe clinux_write(descriptor.raw, &one, MemoryLayout<UInt64>.size) }
    } catch .again {
      // The counter is full: it is readable all the same.
      return
    }
  }

  package func clear() throws(Errno) {
    var count: UInt64 = 0
    do throws(Errno) {
      try system { unsafe clinux_read(descriptor.raw, &count, MemoryLayout<UInt64>.size) }
    } catch .again {
      return
    }
  }

  /// Waits until it is readable, however long that takes.
  package func wait() {
    while !StreamSocket.wait(descriptor.raw, .read, for: .seconds(3_600)) { continue }
  }
}
