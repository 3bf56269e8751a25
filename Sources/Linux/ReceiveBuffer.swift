// Memory that the kernel writes into, taken once and readable as a span of what came last.

/// One receive buffer. It is reserved, and its pages are touched, when it is made.
@safe
package struct ReceiveBuffer: ~Copyable {
  /// 64 KiB: above the 32 KiB that the kernel uses for a netlink dump message, and one pipe-full of
  /// a stream.
  package static let usualCapacity = 65_536
  private static let pageSize = 4096

  package let capacity: Int
  /// How many bytes the last receive brought.
  package private(set) var count = 0
  private let memory: UnsafeMutableRawPointer

  package init(capacity: Int = ReceiveBuffer.usualCapacity) {
    precondition(capacity > 0, "a buffer holds at least a byte")
    self.capacity = capacity
    unsafe memory = .allocate(byteCount: capacity, alignment: ReceiveBuffer.pageSize)
    // Touching every page now keeps page faults out of the first event.
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
  }

  deinit { unsafe memory.deallocate() }

  /// The bytes of the last receive; empty when it brought none.
  package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = unsafe UnsafeBufferPointer(
      start: memory.assumingMemoryBound(to: UInt8.self), count: count)
    return try unsafe body(bytes.span)
  }

  /// Lets `fill` write at most `capacity` bytes; it answers how many, or -errno, which leaves the
  /// buffer empty.
  @inline(__always)
  mutating func fill(_ fill: (UnsafeMutableRawPointer, Int) -> Int) throws(Errno) {
    count = 0
    let received = try system { unsafe fill(memory, capacity) }
    // With MSG_TRUNC the kernel answers the length there was, not the length it wrote.
    count = min(received, capacity)
  }

  /// Forgets what came last.
  mutating func empty() { count = 0 }
}
