// Netlink messages as the kernel writes them, for stories about one class of its news.

import Model

/// Builders of whole messages; `port` and `sequence` say whom they answer, 0 that they are news.
struct KernelMessages {
  /// What a message belongs to.
  enum Part {
    case news
    /// Part of the dump that this number asked for.
    case dump(UInt32)
    /// The answer to a single question.
    case answer(UInt32)
  }

  static let port: UInt32 = 4711
  private static let multi: UInt16 = 2
  private static let interrupted: UInt16 = 0x10

  static func done(_ sequence: UInt32, code: Int32 = 0, isInterrupted: Bool = false) -> [UInt8] {
    let flags = multi | (isInterrupted ? interrupted : 0)
    return message(3, flags, sequence, port, native(UInt32(bitPattern: code)))
  }

  static func error(_ sequence: UInt32, code: Int32) -> [UInt8] {
    message(2, 0, sequence, port, native(UInt32(bitPattern: -code)))
  }

  /// ifinfomsg with a name, and a MAC if it has one.
  static func link(
    _ index: UInt32, _ name: String, up: Bool = true, carrier: Bool = true, mac: UInt8? = nil,
    _ part: Part = .news
  )
    -> [UInt8]
  {
    let flags: UInt32 = (up ? 1 : 0) | (carrier ? 1 << 16 : 0)
    let fixed: [UInt8] = [0, 0, 1, 0] + native(index) + native(flags) + native(UInt32(0))
    let address = mac.map { attribute(1, hardware($0)) } ?? []
    return message(16, part, fixed + address + attribute(3, Array(name.utf8) + [0]))
  }

  private static func hardware(_ last: UInt8) -> [UInt8] { [2, 0, 0, 0, 0, last] }

  /// What the machine with this MAC answers to an ARP request, whole frames both.
  static func answer(to question: [UInt8], mac: UInt8) -> [UInt8] {
    let (asker, source, asked) = (question[6..<12], question[28..<32], question[38..<42])
    var frame = Array(asker) + hardware(mac)
    for part in [question[12..<20], [0, 2], hardware(mac)[...], asked, asker, source] {
      frame += part
    }
    return frame
  }

  static func linkGone(_ index: UInt32) -> [UInt8] {
    message(17, .news, [0, 0, 1, 0] + native(index) + native(UInt32(0)) + native(UInt32(0)))
  }

  /// ifaddrmsg of an IPv4 host address.
  static func address(
    _ address: IPv4Address, on index: UInt32, isGone: Bool = false, _ part: Part = .news
  ) -> [UInt8] {
    let octets = (0..<4).map { UInt8(truncatingIfNeeded: address.bits >> UInt32(24 - 8 * $0)) }
    return message(
      isGone ? 21 : 20, part, [2, 32, 0x80, 0] + native(index) + attribute(2, octets))
  }

  /// rtmsg of 10.X.0.0/16 in the main table.
  static func route(_ second: UInt8, isGone: Bool = false, _ part: Part = .news) -> [UInt8] {
    message(
      isGone ? 25 : 24, part,
      [2, 16, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0] + attribute(1, [10, second, 0, 0]))
  }

  /// ndmsg of 10.0.0.X: its state (NUD_*, reachable unless given), and who answers.
  static func neighbour(
    _ last: UInt8, state: UInt16 = 2, mac: UInt8? = nil, isGone: Bool = false,
    _ part: Part = .news
  ) -> [UInt8] {
    message(
      isGone ? 29 : 28, part,
      [2, 0, 0, 0] + native(UInt32(2)) + native(state) + [0, 1]
        + attribute(1, [10, 0, 0, last])
        + (mac.map { attribute(2, hardware($0)) } ?? []))
  }

  private static func message(_ type: UInt16, _ part: Part, _ body: [UInt8]) -> [UInt8] {
    switch part {
    case .news: message(type, 0, 0, 0, body)
    case .dump(let sequence): message(type, multi, sequence, port, body)
    case .answer(let sequence): message(type, 0, sequence, port, body)
    }
  }

  private static func message(
    _ type: UInt16, _ flags: UInt16, _ sequence: UInt32, _ port: UInt32, _ body: [UInt8]
  ) -> [UInt8] {
    native(UInt32(16 + body.count)) + native(type) + native(flags) + native(sequence)
      + native(port) + body
  }

  private static func attribute(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    let length = 4 + payload.count
    let padding = [UInt8](repeating: 0, count: (4 - length % 4) % 4)
    return native(UInt16(length)) + native(type) + payload + padding
  }

  /// The bytes of a number as this machine stores them.
  private static func native<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    let size = Number.bitWidth / 8
    return (0..<size).map { UInt8(truncatingIfNeeded: number.bigEndian >> (8 * (size - 1 - $0))) }
  }
}
