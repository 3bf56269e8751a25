// Netlink messages built by hand, for what was never recorded.

/// Bytes of one message under construction, in host order.
struct Message {
  var type: UInt16
  var flags: UInt16 = 0
  var sequence: UInt32 = 0
  var port: UInt32 = 0
  var body: [UInt8] = []

  init(_ type: UInt16, flags: UInt16 = 0, sequence: UInt32 = 0, port: UInt32 = 0) {
    self.type = type
    self.flags = flags
    self.sequence = sequence
    self.port = port
  }

  /// Adds raw bytes: the fixed part.
  func fixed(_ bytes: [UInt8]) -> Message {
    var copy = self
    copy.body += bytes
    return copy
  }

  /// Adds one attribute with its padding.
  func attribute(_ type: UInt16, _ payload: [UInt8]) -> Message {
    var copy = self
    copy.body += Message.attribute(type, payload)
    return copy
  }

  static func attribute(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    let length = 4 + payload.count
    let padding = [UInt8](repeating: 0, count: (4 - length % 4) % 4)
    return native16(UInt16(length)) + native16(type) + payload + padding
  }

  var bytes: [UInt8] {
    Message.native32(UInt32(16 + body.count)) + Message.native16(type) + Message.native16(flags)
      + Message.native32(sequence) + Message.native32(port) + body
  }

  static func native16(_ value: UInt16) -> [UInt8] { bytes(of: value.bigEndian, count: 2) }
  static func native32(_ value: UInt32) -> [UInt8] { bytes(of: value.bigEndian, count: 4) }

  /// The bytes of an integer whose big-endian form is the host's memory order.
  private static func bytes(of value: some FixedWidthInteger, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
  }
}
