// Loads from bytes that somebody else wrote: each checks its bounds and answers nil beyond.

extension Span where Element == UInt8 {
  /// The byte at `offset`, or nil when there is none.
  public func byte(at offset: Int) -> UInt8? {
    guard offset >= 0, offset < count else { return nil }
    return self[offset]
  }

  /// Sixteen bits in network order.
  public func bigEndian16(at offset: Int) -> UInt16? {
    guard offset >= 0, offset <= count - 2 else { return nil }
    return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }

  /// Thirty-two bits in network order.
  public func bigEndian32(at offset: Int) -> UInt32? {
    guard offset >= 0, offset <= count - 4 else { return nil }
    return UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16
      | UInt32(self[offset + 2]) << 8 | UInt32(self[offset + 3])
  }

  /// Sixty-four bits in network order.
  public func bigEndian64(at offset: Int) -> UInt64? {
    guard offset >= 0, offset <= count - 8,
      let high = bigEndian32(at: offset), let low = bigEndian32(at: offset + 4)
    else { return nil }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// Sixteen bits as this machine stores them; the kernel writes netlink that way.
  public func native16(at offset: Int) -> UInt16? {
    bigEndian16(at: offset).map(UInt16.init(bigEndian:))
  }

  /// Thirty-two bits as this machine stores them.
  public func native32(at offset: Int) -> UInt32? {
    bigEndian32(at: offset).map(UInt32.init(bigEndian:))
  }

  /// The bytes `offset ..< offset + length`, or nil when they are not all there.
  public func piece(at offset: Int, length: Int) -> Range<Int>? {
    guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
    return offset..<(offset + length)
  }
}
