// The words an operator of the peer sent along with a Cease (RFC 9003).

import Model

/// A fixed place for the last such text.
struct ShutdownCommunication {
  private var bytes: [UInt8] = []

  /// What we say when we stop.
  static let own = Array("hopshiftd stops".utf8)

  /// RFC 9003 section 2: the length is one octet.
  private static let limit = 255

  init() { bytes.reserveCapacity(ShutdownCommunication.limit) }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  ///      +--------------+---------------------------+
  ///      | Length (1)   | UTF-8 text                |
  ///      +--------------+---------------------------+
  ///
  /// Takes the text out of the data of a NOTIFICATION; nothing when the length does not fit.
  mutating func read(_ message: Span<UInt8>) {
    removeAll()
    let offset = Notification.fixedLength
    guard message.count > offset else { return }
    let length = Int(message[offset])
    guard length <= message.count - offset - 1 else { return }
    for index in (offset + 1)..<(offset + 1 + length) { bytes.append(message[index]) }
  }

  /// The text, or nil when there was none or it is not UTF-8. Control characters become U+FFFD:
  /// RFC 9003 section 6 warns of what a terminal would do with them.
  var text: String? {
    guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: safe.append("\u{fffd}")
      default: safe.append(scalar)
      }
    }
    return String(safe)
  }
}

extension ShutdownCommunication {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&bytes, limit: ShutdownCommunication.limit)
  }
}
