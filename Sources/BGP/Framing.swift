// The header that every BGP message begins with: how long it is, what it is, whether it can be.

import Bytes

/// What a message is (RFC 4271 section 4.1, RFC 2918).
package enum MessageType: UInt8, Hashable, Sendable {
  case open = 1
  case update = 2
  case notification = 3
  case keepalive = 4
  case routeRefresh = 5

  /// The shortest and the longest such message; `limit` is what the session allows.
  func lengths(limit: Int) -> ClosedRange<Int> {
    switch self {
    // RFC 8654 section 4: OPEN and KEEPALIVE are never extended.
    case .open: 29...Framing.ordinaryLimit
    case .update: 23...limit
    case .notification: 21...limit
    case .keepalive: 19...19
    // RFC 2918 section 3 has 23; RFC 5291 section 4 lets entries follow.
    case .routeRefresh: 23...limit
    }
  }
}

extension MessageType: CustomStringConvertible {
  /// The RFCs' own names.
  package var description: String {
    switch self {
    case .open: "OPEN"
    case .update: "UPDATE"
    case .notification: "NOTIFICATION"
    case .keepalive: "KEEPALIVE"
    case .routeRefresh: "ROUTE-REFRESH"
    }
  }
}

/// A header that was checked: the message is `length` bytes long, the header included.
struct MessageHeader: Hashable {
  let type: MessageType
  let length: Int
}

///      0                   1                   2                   3
///      +---------------------------------------------------------------+
///      |                    Marker: 16 octets of ones                  |
///      +-------------------------------+---------------+---------------+
///      |            Length             |     Type      |
///      +-------------------------------+---------------+
///
/// The header of RFC 4271 section 4.1.
package enum Framing {
  package static let headerLength = 19
  /// RFC 4271 section 4.1.
  package static let ordinaryLimit = 4096
  /// RFC 8654 section 4.
  package static let extendedLimit = 65535

  static let markerLength = 16
  static let typeOffset = 18

  /// Reads the header at the start of `bytes`, which must hold all of it. The checks come in the
  /// order of RFC 4271 section 6.1: marker, length, type, length for the type.
  static func read(_ bytes: Span<UInt8>, limit: Int) throws(Notification) -> MessageHeader {
    precondition(bytes.count >= headerLength)
    for index in 0..<markerLength where bytes[index] != 0xff {
      throw .connectionNotSynchronized
    }
    let length = UInt16(bytes[markerLength]) << 8 | UInt16(bytes[markerLength + 1])
    guard (headerLength...limit).contains(Int(length)) else { throw .badMessageLength(length) }
    guard let type = MessageType(rawValue: bytes[typeOffset]) else {
      throw .badMessageType(bytes[typeOffset])
    }
    guard type.lengths(limit: limit).contains(Int(length)) else { throw .badMessageLength(length) }
    return MessageHeader(type: type, length: Int(length))
  }

  /// Begins a message; when the length is not known yet, `finish` puts it in.
  static func writeHeader(_ type: MessageType, length: UInt16, into writer: inout Writer) {
    writer.write(0xff as UInt8, repeated: markerLength)
    writer.write(length)
    writer.write(type.rawValue)
  }

  /// Ends the message that began at `start`: everything written since belongs to it.
  static func finish(at start: Int, in writer: inout Writer) {
    writer.overwrite(UInt16(writer.count - start), at: start + markerLength)
  }

  static func writeKeepalive(into writer: inout Writer) {
    writeHeader(.keepalive, length: UInt16(headerLength), into: &writer)
  }
}
