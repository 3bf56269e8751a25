// Cuts a byte stream into BGP messages and reads them (RFC 4271 section 4).

import Bytes
import Model

/// Reads the messages of one direction of one session.
package struct MessageReader: Sendable {
  /// RFC 4271 section 4.1.
  private static let ordinaryLimit = 4096
  /// RFC 8654 section 4, when both sides offered it.
  private static let extendedLimit = 65_535
  private static let header = 19

  private var pending: [UInt8] = []
  /// The stream made no sense: nothing behind that point can be trusted.
  package private(set) var isBroken = false
  private var lastType: UInt8 = 0

  /// The NOTIFICATION that answers what could not be read last (RFC 4271 section 6).
  package var notification: (code: UInt8, subcode: UInt8) {
    if isBroken { return (1, 1) }
    switch lastType {
    // Message Length, Unspecific, Malformed Attribute List, Bad Message Type.
    case 3, 4: return (1, 2)
    case 1: return (2, 0)
    case 2: return (3, 1)
    case 5: return (7, 1)
    default: return (1, 3)
    }
  }

  package init() {}

  /// Takes the next bytes in order.
  package mutating func append(_ bytes: [UInt8]) { pending += bytes }

  /// The next whole message; `fourOctet` says how wide the session's AS numbers are by now,
  /// `extended` whether its messages may be long.
  package mutating func next(fourOctet: Bool, extended: Bool = false) -> WireMessage? {
    guard !isBroken, pending.count >= MessageReader.header else { return nil }
    let length = Int(pending[16]) << 8 | Int(pending[17])
    let longest = extended ? MessageReader.extendedLimit : MessageReader.ordinaryLimit
    guard pending[..<16].allSatisfy({ $0 == 0xff }),
      (MessageReader.header...longest).contains(length)
    else {
      isBroken = true
      return .unreadable("no message header where one must be")
    }
    if pending.count < length { return nil }
    let body = Array(pending[MessageReader.header..<length])
    let type = pending[18]
    lastType = type
    pending.removeFirst(length)
    return MessageReader.message(type: type, body, fourOctet: fourOctet)
  }

  private static func message(type: UInt8, _ body: [UInt8], fourOctet: Bool) -> WireMessage {
    switch type {
    case 1: return open(body)
    case 2:
      var reader = UpdateReader(body: body, fourOctet: fourOctet)
      return reader.read()
    case 3 where body.count >= 2: return .notification(code: body[0], subcode: body[1])
    case 4 where body.isEmpty: return .keepalive
    case 5 where body.count >= 4:
      return .routeRefresh(
        family: UInt16(body[0]) << 8 | UInt16(body[1]), subsequent: body[3])
    default: return .unreadable("type \(type), \(body.count) bytes")
    }
  }

  /// Version, AS, hold time, identifier, then optional parameters; parameter 2 holds capabilities.
  private static func open(_ body: [UInt8]) -> WireMessage {
    let bytes = body.span
    guard let asn = bytes.bigEndian16(at: 1), let holdTime = bytes.bigEndian16(at: 3),
      let identifier = bytes.bigEndian32(at: 5), let length = bytes.byte(at: 9),
      body.count == 10 + Int(length)
    else { return .unreadable("OPEN cut short") }
    var open = WireOpen()
    open.version = body[0]
    open.asn = UInt32(asn)
    open.holdTime = holdTime
    open.identifier = IPv4Address(bits: identifier)
    var namesFamilies = false
    var offset = 10
    while let kind = bytes.byte(at: offset), let size = bytes.byte(at: offset + 1) {
      let end = offset + 2 + Int(size)
      var capability = offset + 2
      while kind == 2, capability < end, let code = bytes.byte(at: capability),
        let codeLength = bytes.byte(at: capability + 1)
      {
        guard let value = bytes.piece(at: capability + 2, length: Int(codeLength)) else {
          return .unreadable("capability \(code) cut short")
        }
        if code == 1 { namesFamilies = true }
        take(code, Array(body[value]), into: &open)
        capability = value.upperBound
      }
      offset = end
    }
    if !namesFamilies { open.ipv4 = true }
    return .opening(open)
  }

  /// Capabilities by number: 1 is a family (RFC 4760), 2 route refresh (RFC 2918), 6 long messages
  /// (RFC 8654), 64 graceful restart (RFC 4724), 65 the AS number in four octets (RFC 6793).
  private static func take(_ code: UInt8, _ value: [UInt8], into open: inout WireOpen) {
    switch code {
    case 1:
      if value == [0, 1, 0, 1] { open.ipv4 = true }
      if value == [0, 2, 0, 1] { open.ipv6 = true }
    case 2: open.refresh = true
    case 6: open.extended = true
    case 64: open.gracefulRestart = true
    case 65:
      guard let number = value.span.bigEndian32(at: 0) else { return }
      open.fourOctet = true
      open.asn = number
    default: return
    }
  }
}
