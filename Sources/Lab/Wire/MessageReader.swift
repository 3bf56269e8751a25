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
    case 5: return .routeRefresh
    default: return .unreadable("type \(type), \(body.count) bytes")
    }
  }

  /// Version, AS, hold time, identifier, then optional parameters; parameter 2 holds capabilities
  /// (RFC 5492); capability 65 is the four-octet AS number (RFC 6793), 6 long messages (RFC 8654).
  private static func open(_ body: [UInt8]) -> WireMessage {
    let bytes = body.span
    guard let holdTime = bytes.bigEndian16(at: 3), let length = bytes.byte(at: 9),
      body.count == 10 + Int(length)
    else { return .unreadable("OPEN cut short") }
    var fourOctet = false
    var extended = false
    var offset = 10
    while let kind = bytes.byte(at: offset), let size = bytes.byte(at: offset + 1) {
      let end = offset + 2 + Int(size)
      var capability = offset + 2
      while kind == 2, capability < end, let code = bytes.byte(at: capability),
        let codeLength = bytes.byte(at: capability + 1)
      {
        if code == 65 { fourOctet = true }
        if code == 6 { extended = true }
        capability += 2 + Int(codeLength)
      }
      offset = end
    }
    return .open(holdTime: holdTime, fourOctet: fourOctet, extended: extended)
  }
}
