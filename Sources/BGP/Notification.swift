// The NOTIFICATION message (RFC 4271 section 4.5), which is also the error of every decoder here.

import Bytes

/// What is wrong with a message, as it is said to the peer.
package struct Notification: Error, Hashable, Sendable {
  package let code: Code
  package let subcode: UInt8
  package let data: Data

  init(_ code: Code, _ subcode: UInt8 = 0, data: Data = .none) {
    self.code = code
    self.subcode = subcode
    self.data = data
  }

  /// The error codes of RFC 4271 section 4.5, RFC 7313 and RFC 9687.
  package enum Code: UInt8, Hashable, Sendable {
    case messageHeader = 1
    case openMessage = 2
    case updateMessage = 3
    case holdTimerExpired = 4
    case finiteStateMachine = 5
    case cease = 6
    case routeRefresh = 7
    case sendHoldTimerExpired = 8
  }

  /// The data field, without memory of its own.
  package enum Data: Hashable, Sendable {
    case none
    /// The lowest `count` bytes of a number, in network order.
    case inline(UInt64, count: UInt8)
    /// These bytes of the message that is refused, counted from its marker.
    case piece(Range<Int>)
    /// Our words to the operator of the peer (RFC 9003).
    case communication
  }

  /// We write none longer than this, extended messages or not: the peer may not read more.
  package static let lengthLimit = Framing.ordinaryLimit

  static let fixedLength = Framing.headerLength + 2

  /// Writes the whole message; `message` is the one that `data` points into. Data that does not
  /// fit is cut off.
  func write(refusing message: Span<UInt8>, into writer: inout Writer) {
    let start = writer.count
    Framing.writeHeader(.notification, length: 0, into: &writer)
    writer.write(code.rawValue)
    writer.write(subcode)
    switch data {
    case .none: break
    case .inline(let number, let count):
      for index in 0..<Int(count) {
        writer.write(UInt8(truncatingIfNeeded: number >> UInt64(8 * (Int(count) - 1 - index))))
      }
    case .piece(let range):
      let room = Notification.lengthLimit - Notification.fixedLength
      for index in range.clamped(to: 0..<message.count).prefix(room) {
        writer.write(message[index])
      }
    case .communication:
      writer.write(UInt8(ShutdownCommunication.own.count))
      for byte in ShutdownCommunication.own { writer.write(byte) }
    }
    Framing.finish(at: start, in: &writer)
  }
}

extension Notification {
  // RFC 4271 section 6.1.
  static let connectionNotSynchronized = Notification(.messageHeader, 1)

  static func badMessageLength(_ length: UInt16) -> Notification {
    Notification(.messageHeader, 2, data: .inline(UInt64(length), count: 2))
  }

  static func badMessageType(_ type: UInt8) -> Notification {
    Notification(.messageHeader, 3, data: .inline(UInt64(type), count: 1))
  }

  // RFC 4271 section 6.2; subcode 0 is "Unspecific" (section 4.5, errata).
  static let malformedOpen = Notification(.openMessage, 0)
  /// The data is the highest version we speak.
  static let unsupportedVersion = Notification(.openMessage, 1, data: .inline(4, count: 2))
  static let badPeerAS = Notification(.openMessage, 2)
  static let badIdentifier = Notification(.openMessage, 3)
  static let unsupportedOptionalParameter = Notification(.openMessage, 4)
  static let unacceptableHoldTime = Notification(.openMessage, 6)

  /// RFC 5492 section 5: the data is the capability that we would have needed.
  static func unsupportedCapability(_ families: Families) -> Notification {
    let afi = families.contains(.ipv4Unicast) ? Families.afiIPv4 : Families.afiIPv6
    let header = UInt64(Capability.multiprotocol) << 40 | UInt64(4) << 32
    return Notification(
      .openMessage, 7,
      data: .inline(header | UInt64(afi) << 16 | UInt64(Families.safiUnicast), count: 6))
  }

  // RFC 4271 section 6.3.
  static let malformedAttributeList = Notification(.updateMessage, 1)
  static let invalidNetworkField = Notification(.updateMessage, 10)

  static func missingWellKnownAttribute(_ attribute: UInt8) -> Notification {
    Notification(.updateMessage, 3, data: .inline(UInt64(attribute), count: 1))
  }

  /// One of the faults whose data is the whole attribute: type, length and value.
  static func attribute(_ fault: AttributeFault, _ range: Range<Int>) -> Notification {
    Notification(.updateMessage, fault.rawValue, data: .piece(range))
  }

  enum AttributeFault: UInt8 {
    case unrecognizedWellKnown = 2
    case flags = 4
    case length = 5
    case invalidOrigin = 6
    case invalidNextHop = 8
    case optional = 9
    case malformedASPath = 11
  }

  // RFC 6608: the subcode names the state in which the message was not expected.
  static func unexpectedMessage(in state: SessionState, type: UInt8) -> Notification {
    let subcode: UInt8 =
      switch state {
      case .openSent: 1
      case .openConfirm: 2
      case .established: 3
      default: 0
      }
    return Notification(.finiteStateMachine, subcode, data: .inline(UInt64(type), count: 1))
  }

  static let holdTimerExpired = Notification(.holdTimerExpired)
  static let sendHoldTimerExpired = Notification(.sendHoldTimerExpired)

  /// RFC 9003 section 2: with a shutdown come words.
  static func cease(_ reason: CeaseReason) -> Notification {
    Notification(
      .cease, reason.rawValue, data: reason == .administrativeShutdown ? .communication : .none)
  }
}
