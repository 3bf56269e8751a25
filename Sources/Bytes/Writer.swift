// A big-endian writer into a buffer whose size is fixed when it is made.

/// Writes into memory reserved once. Writing beyond the capacity is a bug and traps.
package struct Writer: ~Copyable {
  package private(set) var bytes: [UInt8]
  package let capacity: Int

  package init(capacity: Int) {
    self.capacity = capacity
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  @inlinable
  package var count: Int { bytes.count }

  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  @inline(__always)
  package mutating func write(_ value: UInt8) {
    precondition(bytes.count < capacity, "Writer is full")
    bytes.append(value)
  }

  package mutating func write(_ value: UInt16) {
    write(UInt8(truncatingIfNeeded: value >> 8))
    write(UInt8(truncatingIfNeeded: value))
  }

  package mutating func write(_ value: UInt32) {
    write(UInt16(truncatingIfNeeded: value >> 16))
    write(UInt16(truncatingIfNeeded: value))
  }

  package mutating func write(_ value: UInt64) {
    write(UInt32(truncatingIfNeeded: value >> 32))
    write(UInt32(truncatingIfNeeded: value))
  }

  package mutating func write(_ value: UInt8, repeated times: Int) {
    for _ in 0..<times { write(value) }
  }

  /// Writes a piece of what was written elsewhere, at the speed of a copy.
  package mutating func write(_ piece: ArraySlice<UInt8>) {
    precondition(bytes.count + piece.count <= capacity, "Writer is full")
    bytes.append(contentsOf: piece)
  }

  /// Takes back what was written last.
  package mutating func removeLast(_ count: Int) { bytes.removeLast(count) }

  /// Puts sixteen bits over bytes that were written before: a length that is known only at the end.
  package mutating func overwrite(_ value: UInt16, at offset: Int) {
    precondition(offset >= 0 && offset <= bytes.count - 2, "overwrite beyond what was written")
    bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
    bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  package mutating func overwrite(_ value: UInt8, at offset: Int) {
    precondition(offset >= 0 && offset < bytes.count, "overwrite beyond what was written")
    bytes[offset] = value
  }
}
