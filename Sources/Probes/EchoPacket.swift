// ICMP echo requests and replies (RFC 792), which carry what only we can know.

package import Bytes
package import Model

/// One echo message with our payload.
///
///     0    1    2          4            6          8        12         16               24
///     |type|code| checksum | identifier | sequence | target | number   | token          |
///
/// A ping socket has the kernel choose the identifier, so that it tells nothing; the token does.
package struct EchoPacket: Hashable, Sendable {
  package static let size = 24
  package static let request: UInt8 = 8
  package static let reply: UInt8 = 0

  package var identifier: UInt16
  package var target: TargetSlot
  /// The number of the probe; its lower half is the sequence.
  package var number: UInt32
  /// Drawn from the secret of this process: an answer that has it was sent by who got the question.
  package var token: UInt64

  package init(identifier: UInt16, target: TargetSlot, number: UInt32, token: UInt64) {
    self.identifier = identifier
    self.target = target
    self.number = number
    self.token = token
  }

  package func writeRequest(into writer: inout Writer) {
    let start = writer.count
    writer.write(EchoPacket.request)
    writer.write(UInt8(0))
    writer.write(UInt16(0))
    writer.write(identifier)
    writer.write(UInt16(truncatingIfNeeded: number))
    writer.write(UInt32(truncatingIfNeeded: target.index))
    writer.write(number)
    writer.write(token)
    let checksum = InternetChecksum.of(writer.bytes.span.extracting(start..<writer.count))
    writer.overwrite(checksum, at: start + 2)
  }

  /// Reads an echo reply from its ICMP header on; nil when it is none of ours, or damaged.
  package init?(reply packet: Span<UInt8>) {
    guard packet.count == EchoPacket.size, packet.byte(at: 0) == EchoPacket.reply,
      packet.byte(at: 1) == 0, InternetChecksum.of(packet) == 0,
      let identifier = packet.bigEndian16(at: 4), let sequence = packet.bigEndian16(at: 6),
      let target = packet.bigEndian32(at: 8), let number = packet.bigEndian32(at: 12),
      let token = packet.bigEndian64(at: 16), sequence == UInt16(truncatingIfNeeded: number),
      let slot = Int(exactly: target)
    else { return nil }
    self.init(identifier: identifier, target: TargetSlot(slot), number: number, token: token)
  }

  /// Where the ICMP message begins in a packet with an IPv4 header, as raw sockets hand it over;
  /// nil when it is no whole, unfragmented ICMP packet.
  package static func start(inIPv4 packet: Span<UInt8>) -> Int? {
    guard let first = packet.byte(at: 0), first >> 4 == 4, packet.byte(at: 9) == 1,
      let fragment = packet.bigEndian16(at: 6), fragment & 0x3fff == 0
    else { return nil }
    let length = Int(first & 15) * 4
    guard length >= 20, packet.count >= length else { return nil }
    return length
  }
}
