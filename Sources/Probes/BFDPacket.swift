// BFD control packets (RFC 5880 section 4.1).

package import Bytes

/// The states of RFC 5880 section 4.1, numbered as on the wire.
package enum BFDState: UInt8, Hashable, Sendable {
  case adminDown = 0
  case down = 1
  case initial = 2
  case up = 3
}

/// Why the sender's session last went down, numbered as on the wire.
package enum BFDDiagnostic: UInt8, Hashable, Sendable {
  case none = 0
  case detectionTimeExpired = 1
  case echoFailed = 2
  case neighbourSignalledDown = 3
  case forwardingPlaneReset = 4
  case pathDown = 5
  case concatenatedPathDown = 6
  case administrativelyDown = 7
  case reverseConcatenatedPathDown = 8
}

/// The mandatory section of a control packet.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
///     |                       My Discriminator                        |
///     |                      Your Discriminator                       |
///     |                    Desired Min TX Interval                    |
///     |                   Required Min RX Interval                    |
///     |                 Required Min Echo RX Interval                 |
package struct BFDPacket: Hashable, Sendable {
  package static let size = 24
  package static let version: UInt8 = 1

  /// As it came: values without a name are kept.
  package var diagnostic: UInt8
  package var state: BFDState
  package var poll = false
  package var final = false
  package var controlPlaneIndependent = false
  package var demand = false
  package var detectMultiplier: UInt8
  package var mine: UInt32
  package var yours: UInt32
  /// In microseconds.
  package var desiredMinTx: UInt32
  package var requiredMinRx: UInt32
  package var requiredMinEchoRx: UInt32 = 0

  package init(
    diagnostic: UInt8, state: BFDState, detectMultiplier: UInt8, mine: UInt32, yours: UInt32,
    desiredMinTx: UInt32, requiredMinRx: UInt32
  ) {
    self.diagnostic = diagnostic
    self.state = state
    self.detectMultiplier = detectMultiplier
    self.mine = mine
    self.yours = yours
    self.desiredMinTx = desiredMinTx
    self.requiredMinRx = requiredMinRx
  }

  private enum Bits {
    static let poll: UInt8 = 0x20
    static let final: UInt8 = 0x10
    static let controlPlaneIndependent: UInt8 = 0x08
    static let authentication: UInt8 = 0x04
    static let demand: UInt8 = 0x02
    static let multipoint: UInt8 = 0x01
  }

  /// Reads a UDP payload by the first rules of RFC 5880 section 6.8.6, in their order; nil when the
  /// packet must be discarded. Authentication is never in use here, so a packet that has it is
  /// discarded too.
  package init?(_ payload: Span<UInt8>) {
    guard payload.count >= BFDPacket.size, let first = payload.byte(at: 0),
      first >> 5 == BFDPacket.version, let second = payload.byte(at: 1),
      let multiplier = payload.byte(at: 2), let length = payload.byte(at: 3),
      // The length says less than a packet needs, or more than came.
      Int(length) >= BFDPacket.size, Int(length) <= payload.count, multiplier != 0,
      second & Bits.multipoint == 0, second & Bits.authentication == 0,
      let mine = payload.bigEndian32(at: 4), mine != 0, let yours = payload.bigEndian32(at: 8),
      let desiredMinTx = payload.bigEndian32(at: 12),
      let requiredMinRx = payload.bigEndian32(at: 16),
      let requiredMinEchoRx = payload.bigEndian32(at: 20),
      let state = BFDState(rawValue: second >> 6)
    else { return nil }
    // Without a session of ours in it, the sender cannot be further than Down.
    if yours == 0, state != .down, state != .adminDown { return nil }
    // Section 6.8.6 does not name this one; section 6.5: a packet with both is meaningless.
    if second & Bits.poll != 0, second & Bits.final != 0 { return nil }
    diagnostic = first & 0x1f
    self.state = state
    poll = second & Bits.poll != 0
    final = second & Bits.final != 0
    controlPlaneIndependent = second & Bits.controlPlaneIndependent != 0
    demand = second & Bits.demand != 0
    detectMultiplier = multiplier
    self.mine = mine
    self.yours = yours
    self.desiredMinTx = desiredMinTx
    self.requiredMinRx = requiredMinRx
    self.requiredMinEchoRx = requiredMinEchoRx
  }

  package func write(into writer: inout Writer) {
    writer.write(BFDPacket.version << 5 | diagnostic & 0x1f)
    writer.write(
      state.rawValue << 6 | (poll ? Bits.poll : 0) | (final ? Bits.final : 0)
        | (controlPlaneIndependent ? Bits.controlPlaneIndependent : 0)
        | (demand ? Bits.demand : 0))
    writer.write(detectMultiplier)
    writer.write(UInt8(BFDPacket.size))
    writer.write(mine)
    writer.write(yours)
    writer.write(desiredMinTx)
    writer.write(requiredMinRx)
    writer.write(requiredMinEchoRx)
  }
}

/// What travels outside of the payload and has to be right.
package enum BFDTransport {
  /// RFC 5881 section 4 and RFC 5883 section 5.
  package static let port: UInt16 = 3784
  package static let multihopPort: UInt16 = 4784
  /// RFC 5881 section 5: sent with it, and dropped without it.
  package static let hopLimit: UInt8 = 255
}
