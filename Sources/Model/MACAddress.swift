// A link-layer address of six bytes in one integer.

/// An EUI-48, its first byte the most significant of the lower 48 bits.
public struct MACAddress: Hashable, Sendable {
  public let bits: UInt64

  /// The top sixteen bits must be zero.
  public init(bits: UInt64) {
    precondition(bits >> 48 == 0, "an EUI-48 has 48 bits")
    self.bits = bits
  }

  /// Written so that other rooms compare without a call.
  @inlinable
  public static func == (left: MACAddress, right: MACAddress) -> Bool { left.bits == right.bits }
}

extension MACAddress: CustomStringConvertible {
  public var description: String {
    (0..<6).map { index in
      let byte = bits >> UInt64(40 - 8 * index) & 0xff
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: ":")
  }
}
