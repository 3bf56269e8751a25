// The name of a VIP as sixty-four bits: speakers of one group mean the same VIP by the same digest.

/// What stands for a VIP's name between speakers: files may list the VIPs in another order.
///
/// FNV-1a over the UTF-8 bytes. It is no secret and needs no key: the names are in configurations
/// that one administration writes, and `firstCollision` refuses the two that would be confused.
public struct VIPDigest: Hashable, Comparable, Sendable {
  public let bits: UInt64

  public init(bits: UInt64) { self.bits = bits }

  public init(_ name: String) {
    // The offset basis and the prime that the algorithm fixes for 64 bits
    // (draft-eastlake-fnv, section 5).
    var bits: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 {
      bits ^= UInt64(byte)
      bits &*= 0x0000_0100_0000_01b3
    }
    self.bits = bits
  }

  public static func < (left: VIPDigest, right: VIPDigest) -> Bool { left.bits < right.bits }

  /// The first name, in their order, whose digest one before it has too; nil when all differ.
  /// Equal names collide as well.
  public static func firstCollision(in names: [String]) -> (earlier: Int, later: Int)? {
    var seen: [VIPDigest: Int] = [:]
    for (index, name) in names.enumerated() {
      if let earlier = seen.updateValue(index, forKey: VIPDigest(name)) { return (earlier, index) }
    }
    return nil
  }
}
