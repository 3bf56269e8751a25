// ARP requests and replies on Ethernet (RFC 826), whole frames.

package import Bytes
package import Model

/// An ARP packet for IPv4 on Ethernet, with the frame around it.
///
///     0      6      12    14    16    18  19  20    22       28      32       38      42
///     | to   | from | 0806| 1   | 0800| 6 | 4 | op  | sender | sender| target | target|
///     | MAC  | MAC  |     |     |     |   |   |     | MAC    | IPv4  | MAC    | IPv4  |
package struct ARPPacket: Hashable, Sendable {
  package enum Operation: UInt16, Sendable {
    case request = 1
    case reply = 2
  }

  package static let frameSize = 42
  package static let broadcast = MACAddress(bits: 0xffff_ffff_ffff)
  private static let etherType: UInt16 = 0x0806
  private static let ethernet: UInt16 = 1
  private static let internet: UInt16 = 0x0800
  private static let sizes: UInt16 = 6 << 8 | 4

  package var frameTarget: MACAddress
  package var frameSource: MACAddress
  package var operation: Operation
  package var sender: MACAddress
  package var senderAddress: IPv4Address
  package var target: MACAddress
  package var targetAddress: IPv4Address

  /// A question for `address`. `known`: ask only who has this MAC.
  package init(
    asking address: IPv4Address, known: MACAddress?, from sender: MACAddress,
    _ senderAddress: IPv4Address
  ) {
    frameTarget = known ?? ARPPacket.broadcast
    frameSource = sender
    operation = .request
    self.sender = sender
    self.senderAddress = senderAddress
    // RFC 826 leaves it open in a request; some stacks look at it, so it is true or zero.
    target = known ?? MACAddress(bits: 0)
    targetAddress = address
  }

  /// Reads a frame; nil when it is not ARP for IPv4 on Ethernet, or not whole.
  package init?(_ frame: Span<UInt8>) {
    guard frame.count >= ARPPacket.frameSize, frame.bigEndian16(at: 12) == ARPPacket.etherType,
      frame.bigEndian16(at: 14) == ARPPacket.ethernet,
      frame.bigEndian16(at: 16) == ARPPacket.internet,
      frame.bigEndian16(at: 18) == ARPPacket.sizes,
      let operation = frame.bigEndian16(at: 20).flatMap(Operation.init(rawValue:)),
      let frameTarget = frame.hardwareAddress(at: 0),
      let frameSource = frame.hardwareAddress(at: 6), let sender = frame.hardwareAddress(at: 22),
      let senderAddress = frame.bigEndian32(at: 28), let target = frame.hardwareAddress(at: 32),
      let targetAddress = frame.bigEndian32(at: 38)
    else { return nil }
    self.frameTarget = frameTarget
    self.frameSource = frameSource
    self.operation = operation
    self.sender = sender
    self.senderAddress = IPv4Address(bits: senderAddress)
    self.target = target
    self.targetAddress = IPv4Address(bits: targetAddress)
  }

  /// 42 bytes; the driver pads the frame.
  package func write(into writer: inout Writer) {
    writer.write(frameTarget)
    writer.write(frameSource)
    writer.write(ARPPacket.etherType)
    writer.write(ARPPacket.ethernet)
    writer.write(ARPPacket.internet)
    writer.write(ARPPacket.sizes)
    writer.write(operation.rawValue)
    writer.write(sender)
    writer.write(senderAddress.bits)
    writer.write(target)
    writer.write(targetAddress.bits)
  }

  /// Whether this can be the answer to a question that `mac` with `address` asked. A gratuitous
  /// reply is addressed to nobody, and one whose frame says another sender than its content was
  /// not sent by whom it names.
  package func answers(_ mac: MACAddress, _ address: IPv4Address) -> Bool {
    operation == .reply && frameTarget == mac && target == mac && targetAddress == address
      && senderAddress != address && frameSource == sender && sender.isUnicast
  }
}

extension MACAddress {
  /// The address of one station (IEEE 802: the lowest bit of the first byte is clear), not zero.
  package var isUnicast: Bool { bits != 0 && bits >> 40 & 1 == 0 }
}

extension Writer {
  mutating func write(_ mac: MACAddress) {
    write(UInt16(truncatingIfNeeded: mac.bits >> 32))
    write(UInt32(truncatingIfNeeded: mac.bits))
  }
}

extension Span where Element == UInt8 {
  /// Six bytes in network order.
  func hardwareAddress(at offset: Int) -> MACAddress? {
    guard let high = bigEndian16(at: offset), let low = bigEndian32(at: offset + 2) else {
      return nil
    }
    return MACAddress(bits: UInt64(high) << 32 | UInt64(low))
  }
}
