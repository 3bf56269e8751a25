// Messages of the peer, built from the RFCs by hand and without the encoder under test.

enum Wire {
  static func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0xff) }
    precondition(digits.count % 2 == 0 && digits.allSatisfy { $0 < 16 })
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  static func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func be16(_ value: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
  }

  static func be32(_ value: UInt32) -> [UInt8] {
    be16(Int(value >> 16)) + be16(Int(value & 0xffff))
  }

  /// A message of this type around a body.
  static func message(_ type: UInt8, _ body: [UInt8] = []) -> [UInt8] {
    [UInt8](repeating: 0xff, count: 16) + be16(19 + body.count) + [type] + body
  }

  static let keepalive = message(4)

  static func notification(_ code: UInt8, _ subcode: UInt8, _ data: [UInt8] = []) -> [UInt8] {
    message(3, [code, subcode] + data)
  }

  static func refresh(afi: Int = 1, subtype: UInt8 = 0, safi: UInt8 = 1) -> [UInt8] {
    message(5, be16(afi) + [subtype, safi])
  }

  static func open(
    asn: UInt32 = 65001, hold: Int = 90, identifier: UInt32 = 0x0a00_0002, as4: Bool = true,
    extended: Bool = false, refresh: Bool = true, ipv6: Bool = false
  ) -> [UInt8] {
    var capabilities: [UInt8] = [1, 4, 0, 1, 0, 1]
    if ipv6 { capabilities += [1, 4, 0, 2, 0, 1] }
    if refresh { capabilities += [2, 0] }
    if extended { capabilities += [6, 0] }
    if as4 { capabilities += [65, 4] + be32(asn) }
    let myAS = asn > 65535 ? 23456 : Int(asn)
    return message(
      1,
      [4] + be16(myAS) + be16(hold) + be32(identifier)
        + [UInt8(capabilities.count + 2), 2, UInt8(capabilities.count)] + capabilities)
  }

  static func update(
    withdrawn: [UInt8] = [], attributes: [UInt8] = [], routes: [UInt8] = []
  ) -> [UInt8] {
    message(2, be16(withdrawn.count) + withdrawn + be16(attributes.count) + attributes + routes)
  }

  /// ORIGIN IGP, AS_PATH 65001 in four octets, NEXT_HOP 10.0.0.2.
  static let goodAttributes = hex("400101 00  400206 0201 0000fde9  400304 0a000002")
  /// 203.0.113.0/24.
  static let goodRoute = hex("18 cb0071")
}
