// A big-endian writer into a buffer whose size is fixed when it is made.

/// Writes into memory reserved once. Writing beyond the capacity is a bug and traps.
public struct Writer: ~Copyable {
  @usableFromInline var written: [UInt8]
  public let capacity: Int

  public init(capacity: Int) {
    self.capacity = capacity
    written = []
    written.reserveCapacity(capacity)
  }

  @inlinable
  public var bytes: [UInt8] { _read { yield written } }

  @inlinable
  public var count: Int { written.count }

  public mutating func removeAll() { written.removeAll(keepingCapacity: true) }

  @inlinable
  public mutating func write(_ value: UInt8) {
    precondition(written.count < capacity, "Writer is full")
    written.append(value)
  }

  @inlinable
  public mutating func write(_ value: UInt16) {
    write(UInt8(truncatingIfNeeded: value >> 8))
    write(UInt8(truncatingIfNeeded: value))
  }

  @inlinable
  public mutating func write(_ value: UInt32) {
    write(UInt16(truncatingIfNeeded: value >> 16))
    write(UInt16(truncatingIfNeeded: value))
  }

  public mutating func write(_ value: UInt64) {
    write(UInt32(truncatingIfNeeded: value >> 32))
    write(UInt32(truncatingIfNeeded: value))
  }

  public mutating func write(_ value: UInt8, repeated times: Int) {
    for _ in 0..<times { write(value) }
  }

  /// Writes a piece of what was written elsewhere, at the speed of a copy.
  public mutating func write(_ piece: ArraySlice<UInt8>) {
    precondition(written.count + piece.count <= capacity, "Writer is full")
    written.append(contentsOf: piece)
  }

  /// Takes back what was written last.
  public mutating func removeLast(_ count: Int) { written.removeLast(count) }

  /// Puts sixteen bits over bytes that were written before: a length that is known only at the end.
  public mutating func overwrite(_ value: UInt16, at offset: Int) {
    precondition(offset >= 0 && offset <= written.count - 2, "overwrite beyond what was written")
    written[offset] = UInt8(truncatingIfNeeded: value >> 8)
    written[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  public mutating func overwrite(_ value: UInt8, at offset: Int) {
    precondition(offset >= 0 && offset < written.count, "overwrite beyond what was written")
    written[offset] = value
  }
}
