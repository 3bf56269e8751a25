// Bytes for the tests, written out by hand: messages of RFC 4271 and an Ethernet frame.

/// What a speaker would send.
enum Samples {
  static func message(type: UInt8, _ body: [UInt8]) -> [UInt8] {
    let length = 19 + body.count
    return [UInt8](repeating: 0xff, count: 16) + [UInt8(length >> 8), UInt8(length & 0xff), type]
      + body
  }

  static let keepalive = message(type: 4, [])

  /// Version 4, hold time 30, one optional parameter with the capabilities IPv4 unicast and maybe
  /// four-octet AS.
  static func open(asn: UInt16, fourOctet: Bool) -> [UInt8] {
    let high = UInt8(asn >> 8)
    let low = UInt8(asn & 0xff)
    var capabilities: [UInt8] = [1, 4, 0, 1, 0, 1]
    if fourOctet { capabilities += [65, 4, 0, 0, high, low] }
    let parameters = [2, UInt8(capabilities.count)] + capabilities
    return message(
      type: 1, [4, high, low, 0, 30, 10, 0, 2, 10, UInt8(parameters.count)] + parameters)
  }

  /// 10.1.0.5/32 via 10.0.2.10, the AS number 65001 repeated; `withdrawing` puts another prefix in
  /// front.
  static func update(pathLength: Int, fourOctet: Bool = true, withdrawing: Bool = false) -> [UInt8]
  {
    let number: [UInt8] = fourOctet ? [0, 0, 0xfd, 0xe9] : [0xfd, 0xe9]
    var path: [UInt8] = [2, UInt8(pathLength)]
    for _ in 0..<pathLength { path += number }
    var attributes: [UInt8] = [0x40, 1, 1, 0, 0x40, 2, UInt8(path.count)]
    attributes += path
    attributes += [0x40, 3, 4, 10, 0, 2, 10]
    let withdrawn: [UInt8] = withdrawing ? [32, 10, 1, 0, 6] : []
    var body: [UInt8] = [0, UInt8(withdrawn.count)]
    body += withdrawn
    body += [UInt8(attributes.count >> 8), UInt8(attributes.count & 0xff)]
    body += attributes
    body += [32, 10, 1, 0, 5]
    return message(type: 2, body)
  }

  /// Ethernet, IPv4, TCP from the appliance to the route server, without options.
  static func frame(payload: [UInt8], padding: Int) -> [UInt8] {
    let total = 40 + payload.count
    let ethernet = [UInt8](repeating: 2, count: 12) + [0x08, 0x00]
    let ip: [UInt8] = [
      0x45, 0, UInt8(total >> 8), UInt8(total & 0xff), 0, 0, 0x40, 0, 64, 6, 0, 0,
      10, 0, 2, 10, 10, 0, 1, 4,
    ]
    let tcp: [UInt8] = [0x9c, 0x40, 0, 179, 1, 2, 3, 4, 0, 0, 0, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0]
    return ethernet + ip + tcp + payload + [UInt8](repeating: 0, count: padding)
  }
}
