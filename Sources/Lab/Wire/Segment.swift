// One TCP segment out of a captured Ethernet frame.

import Bytes
package import Model

/// An address and a port.
package struct Endpoint: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var address: IPv4Address
  package var port: UInt16

  package init(address: IPv4Address, port: UInt16) {
    self.address = address
    self.port = port
  }

  package static func < (left: Endpoint, right: Endpoint) -> Bool {
    (left.address, left.port) < (right.address, right.port)
  }

  package var description: String { "\(address):\(port)" }
}

/// A TCP segment over IPv4 (RFC 9293 section 3.1), without its options.
package struct Segment: Hashable, Sendable {
  package var source: Endpoint
  package var destination: Endpoint
  package var sequence: UInt32
  package var isSYN: Bool
  package var isFIN: Bool
  package var isRST: Bool
  package var payload: [UInt8]

  package init(
    source: Endpoint, destination: Endpoint, sequence: UInt32, isSYN: Bool = false,
    isFIN: Bool = false, isRST: Bool = false, payload: [UInt8] = []
  ) {
    self.source = source
    self.destination = destination
    self.sequence = sequence
    self.isSYN = isSYN
    self.isFIN = isFIN
    self.isRST = isRST
    self.payload = payload
  }

  /// Reads an Ethernet II frame. Nil means: no TCP over IPv4, or cut short.
  package init?(frame bytes: [UInt8]) {
    let frame = bytes.span
    let ethernet = 14
    guard frame.bigEndian16(at: 12) == 0x0800, let versionAndLength = frame.byte(at: ethernet),
      versionAndLength >> 4 == 4
    else { return nil }
    let headerLength = Int(versionAndLength & 0x0f) * 4
    guard headerLength >= 20, let total = frame.bigEndian16(at: ethernet + 2),
      let fragment = frame.bigEndian16(at: ethernet + 6), frame.byte(at: ethernet + 9) == 6,
      let from = frame.bigEndian32(at: ethernet + 12),
      let to = frame.bigEndian32(at: ethernet + 16)
    else { return nil }
    // More fragments, or an offset: path MTU discovery keeps TCP from ever doing that here.
    guard fragment & 0x3fff == 0 else { return nil }
    let tcp = ethernet + headerLength
    guard let fromPort = frame.bigEndian16(at: tcp), let toPort = frame.bigEndian16(at: tcp + 2),
      let sequence = frame.bigEndian32(at: tcp + 4), let offset = frame.byte(at: tcp + 12),
      let flags = frame.byte(at: tcp + 13)
    else { return nil }
    let dataStart = tcp + Int(offset >> 4) * 4
    // The length of the datagram counts, not of the frame: short frames are padded.
    let dataEnd = ethernet + Int(total)
    guard dataStart >= tcp + 20, dataEnd >= dataStart, dataEnd <= frame.count else { return nil }
    self.init(
      source: Endpoint(address: IPv4Address(bits: from), port: fromPort),
      destination: Endpoint(address: IPv4Address(bits: to), port: toPort),
      sequence: sequence, isSYN: flags & 0x02 != 0, isFIN: flags & 0x01 != 0,
      isRST: flags & 0x04 != 0, payload: Array(bytes[dataStart..<dataEnd]))
  }
}
