// What identifies an interface: a number that may be reused, and a name that may change.

/// The kernel's number of an interface.
public struct InterfaceIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let value: Int32
  public init(_ value: Int32) { self.value = value }
  public static func < (left: InterfaceIndex, right: InterfaceIndex) -> Bool {
    left.value < right.value
  }
  public var description: String { "\(value)" }
}

/// An interface's name: 1 to 15 bytes, kept in two integers so that a fact stays trivial.
public struct InterfaceName: Hashable, Sendable {
  /// IFNAMSIZ without the final zero; the kernel fixes it.
  public static let limit = 15

  private var high: UInt64
  private var low: UInt64

  /// No name: what an interface is called before the kernel has said it.
  public static let none = InterfaceName(high: 0, low: 0)
  public static let loopback = InterfaceName(high: 0x6c6f << 48, low: 0)

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Takes the bytes up to the first zero; fails when there are none, too many, or one that a
  /// name may not hold.
  public init?(bytes: some Sequence<UInt8>) {
    self = .none
    var count = 0
    for byte in bytes {
      if byte == 0 { break }
      // The kernel refuses white space, '/' and ':' in names (dev_valid_name).
      guard count < InterfaceName.limit, byte > 32, byte != 47, byte != 58 else { return nil }
      set(byte, at: count)
      count += 1
    }
    if count == 0 { return nil }
  }

  public init?(_ text: String) { self.init(bytes: text.utf8) }

  /// Adds one byte of a name that is being read; a byte beyond the limit is dropped.
  public mutating func set(_ byte: UInt8, at position: Int) {
    guard position >= 0, position < InterfaceName.limit else { return }
    let shift = UInt64(56 - 8 * (position & 7))
    if position < 8 {
      high = high & ~(0xff << shift) | UInt64(byte) << shift
    } else {
      low = low & ~(0xff << shift) | UInt64(byte) << shift
    }
  }

  /// The byte at a position, zero behind the end.
  public func byte(at position: Int) -> UInt8 {
    precondition((0...InterfaceName.limit).contains(position))
    let half = position < 8 ? high : low
    return UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (position & 7)))
  }
}

extension InterfaceName: CustomStringConvertible {
  public var description: String {
    let bytes = (0...InterfaceName.limit).map(byte(at:)).prefix { $0 != 0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
