// A second reader and writer of BGP messages, written from the RFCs alone: what the engine sent is
// judged by it.

package import Model

/// An address family, AFI 1 or 2 of RFC 4760 with SAFI 1.
package enum WireFamily: UInt32, CaseIterable, Sendable {
  case ipv4 = 1
  case ipv6 = 2

  package init(_ prefix: Prefix) { self = prefix.address.width == 32 ? .ipv4 : .ipv6 }
}

/// What an UPDATE says of one family, as far as a route server keeps it.
package struct WireUpdate: Equatable, Sendable {
  package var withdrawn: [Prefix] = []
  package var announced: [Prefix] = []
  package var origin: UInt8?
  package var nextHop: IPAddress?
  /// The AS numbers of AS_PATH, segment by segment flattened.
  package var path: [UInt32] = []
  /// COMMUNITIES (RFC 1997).
  package var communities: [UInt32] = []

  /// It stands in MP_REACH_NLRI or MP_UNREACH_NLRI, or in the fields of RFC 4271.
  package var family = WireFamily.ipv4

  /// RFC 4724 section 2.
  package var isEndOfRIB: Bool { withdrawn.isEmpty && announced.isEmpty }

  /// `UPDATE 10.1.0.5/32 next-hop 10.0.2.10 path 65001x14`.
  package var text: String {
    if isEndOfRIB { return family == .ipv4 ? "END-OF-RIB" : "END-OF-RIB \(family)" }
    var words = ["UPDATE"]
    if !withdrawn.isEmpty { words += ["withdraw"] + withdrawn.map(\.description) }
    words += announced.map(\.description)
    if let nextHop { words += ["next-hop", nextHop.description] }
    if let first = path.first {
      let isPrepended = path.allSatisfy { $0 == first }
      words += ["path", isPrepended ? "\(first)x\(path.count)" : "\(path)"]
    }
    for community in communities {
      words += ["community", "\(community >> 16):\(community & 0xffff)"]
    }
    return words.joined(separator: " ")
  }
}

/// One message of the stream.
package enum WireMessage: Equatable, Sendable {
  case open(asn: UInt32, holdTime: UInt16, identifier: IPv4Address, families: Set<WireFamily>)
  case update(WireUpdate)
  case notification(code: UInt8, subcode: UInt8)
  case keepalive
  case refresh
  /// The bytes are no message of RFC 4271; the text says why.
  case wrong(String)

  package var text: String {
    switch self {
    case .open(let asn, let holdTime, let identifier, let families):
      "OPEN as \(asn) hold \(holdTime) identifier \(identifier)"
        + (families.contains(.ipv6) ? " with ipv6" : "")
    case .update(let update): update.text
    case .notification(let code, let subcode): "NOTIFICATION \(code)/\(subcode)"
    case .keepalive: "KEEPALIVE"
    case .refresh: "ROUTE-REFRESH"
    case .wrong(let why): "WRONG \(why)"
    }
  }

  /// Takes whole messages off the front of a stream; what is not yet whole stays.
  package static func take(from stream: inout [UInt8]) -> [(message: WireMessage, bytes: [UInt8])] {
    var found: [(message: WireMessage, bytes: [UInt8])] = []
    while stream.count >= 19 {
      let length = Int(stream[16]) << 8 | Int(stream[17])
      guard stream[0..<16].allSatisfy({ $0 == 255 }), length >= 19, length <= 65535 else {
        found.append((.wrong("header"), stream))
        stream.removeAll()
        break
      }
      guard stream.count >= length else { break }
      let bytes = Array(stream[0..<length])
      stream.removeFirst(length)
      found.append((read(bytes), bytes))
    }
    return found
  }

  private static func read(_ bytes: [UInt8]) -> WireMessage {
    var body = Reader(bytes: Array(bytes[19...]))
    switch bytes[18] {
    case 1: return readOpen(&body)
    case 2: return readUpdate(&body)
    case 3:
      guard let code = body.byte(), let subcode = body.byte() else { return .wrong("NOTIFICATION") }
      return .notification(code: code, subcode: subcode)
    case 4: return body.isEmpty ? .keepalive : .wrong("KEEPALIVE")
    case 5: return .refresh
    default: return .wrong("type \(bytes[18])")
    }
  }

  /// RFC 4271 section 4.2, RFC 5492, RFC 6793 section 3, RFC 4760 section 8.
  private static func readOpen(_ body: inout Reader) -> WireMessage {
    guard body.byte() == 4, let short = body.number(2), let hold = body.number(2),
      let identifier = body.number(4), let length = body.byte(), Int(length) == body.left
    else { return .wrong("OPEN") }
    var asn = short
    var families: Set<WireFamily> = []
    while let kind = body.byte(), let size = body.byte() {
      guard var parameter = body.reader(Int(size)) else { return .wrong("OPEN parameter") }
      guard kind == 2 else { continue }
      while let code = parameter.byte(), let count = parameter.byte() {
        guard var value = parameter.reader(Int(count)) else { return .wrong("OPEN capability") }
        if code == 65 { asn = value.number(4) ?? asn }
        if code == 1 {
          guard let afi = value.number(2), value.byte() == 0, value.byte() == 1, value.isEmpty,
            let family = WireFamily(rawValue: afi)
          else { return .wrong("OPEN family") }
          families.insert(family)
        }
      }
    }
    return .open(
      asn: asn, holdTime: UInt16(hold), identifier: IPv4Address(bits: identifier),
      families: families)
  }

  /// RFC 4271 section 4.3, AS numbers of four octets.
  private static func readUpdate(_ body: inout Reader) -> WireMessage {
    var update = WireUpdate()
    guard let withdrawnLength = body.number(2), var withdrawn = body.reader(Int(withdrawnLength)),
      let attributesLength = body.number(2), var attributes = body.reader(Int(attributesLength))
    else { return .wrong("UPDATE lengths") }
    guard let gone = withdrawn.prefixes(.ipv4) else { return .wrong("withdrawn routes") }
    update.withdrawn = gone
    var codes: [UInt8] = []
    while !attributes.isEmpty {
      guard let flags = attributes.byte(), let code = attributes.byte(),
        let size = flags & 0x10 == 0
          ? attributes.byte().map(Int.init) : attributes.number(2).map(Int.init),
        var value = attributes.reader(size)
      else { return .wrong("attribute") }
      if codes.contains(code) { return .wrong("attribute \(code) twice") }
      codes.append(code)
      switch code {
      case 1: update.origin = value.byte()
      case 2:
        while let kind = value.byte(), let count = value.byte() {
          guard kind == 2 else { return .wrong("segment \(kind)") }
          for _ in 0..<count {
            guard let asn = value.number(4) else { return .wrong("AS_PATH") }
            update.path.append(asn)
          }
        }
      case 3: update.nextHop = value.number(4).map { .v4(IPv4Address(bits: $0)) }
      case 8: while let community = value.number(4) { update.communities.append(community) }
      case 14, 15:
        // RFC 7606 section 5.1.
        guard codes.count == 1, flags & 0xc0 == 0x80 else { return .wrong("attribute \(code)") }
        if let why = readFamily(code, &value, &update) { return .wrong(why) }
      default: return .wrong("attribute \(code)")
      }
      guard value.isEmpty else { return .wrong("attribute \(code) too long") }
    }
    guard let announced = body.prefixes(.ipv4) else { return .wrong("announced routes") }
    if update.family == .ipv4 {
      update.announced = announced
    } else if !announced.isEmpty || !gone.isEmpty || codes.contains(3) {
      // RFC 7606 section 5.1 again: each family in an UPDATE of its own.
      return .wrong("two families in one UPDATE")
    }
    let isComplete = update.origin != nil && update.nextHop != nil && !update.path.isEmpty
    return update.announced.isEmpty || isComplete ? .update(update) : .wrong("attribute missing")
  }

  /// RFC 4760 sections 3 and 4, RFC 2545 section 3: IPv6 unicast with a global next hop.
  private static func readFamily(
    _ code: UInt8, _ value: inout Reader, _ update: inout WireUpdate
  ) -> String? {
    guard value.number(2) == WireFamily.ipv6.rawValue, value.byte() == 1 else { return "family" }
    update.family = .ipv6
    if code == 14 {
      guard value.byte() == 16, let nextHop = value.address(.ipv6, octets: 16), value.byte() == 0
      else { return "next hop" }
      update.nextHop = nextHop
    }
    guard let prefixes = value.prefixes(.ipv6) else { return "routes of attribute \(code)" }
    if code == 14 { update.announced = prefixes } else { update.withdrawn = prefixes }
    return code == 14 && prefixes.isEmpty ? "MP_REACH_NLRI without routes" : nil
  }

  // MARK: What a route server sends

  package static func writeOpen(
    asn: UInt32, holdTime: UInt16, identifier: IPv4Address, families: Set<WireFamily> = [.ipv4]
  ) -> [UInt8] {
    let offered = WireFamily.allCases.filter { families.contains($0) }
    let capabilities =
      offered.flatMap { [1, 4, 0, UInt8($0.rawValue), 0, 1] } + [2, 0, 65, 4] + octets(asn, 4)
    let body =
      [4] + octets(asn > 65535 ? 23456 : asn, 2) + octets(UInt32(holdTime), 2)
      + octets(identifier.bits, 4) + [UInt8(capabilities.count + 2), 2, UInt8(capabilities.count)]
    return frame(1, body + capabilities)
  }

  package static func writeKeepalive() -> [UInt8] { frame(4, []) }
  package static func writeRefresh(_ family: WireFamily = .ipv4) -> [UInt8] {
    frame(5, [0, UInt8(family.rawValue), 0, 1])
  }

  package static func writeNotification(_ code: UInt8, _ subcode: UInt8) -> [UInt8] {
    frame(3, [code, subcode])
  }

  /// RFC 4724 section 2.
  package static func endOfRIB(_ family: WireFamily) -> [UInt8] {
    frame(2, family == .ipv4 ? [0, 0, 0, 0] : [0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1])
  }

  /// The withdrawal of one prefix: what hopshift must never send, for those who plant it.
  package static func writeWithdrawal(_ address: IPv4Address) -> [UInt8] {
    frame(2, [0, 5, 32] + octets(address.bits, 4) + [0, 0])
  }

  /// The same of an IPv4 prefix.
  package static func writeWithdrawal(of prefix: Prefix) -> [UInt8] {
    guard case .v4(let address) = prefix.address else { return [] }
    let count = (Int(prefix.length) + 7) / 8
    let field = [prefix.length] + octets(address.bits, 4).prefix(count)
    return frame(2, octets(UInt32(field.count), 2) + field + [0, 0])
  }

  /// An announcement of one address, as short as a path can be.
  package static func writeAnnouncement(
    _ address: IPv4Address, nextHop: IPv4Address, asn: UInt32
  ) -> [UInt8] {
    let path = [0x40, 2, 6, 2, 1] + octets(asn, 4)
    let attributes = [0x40, 1, 1, 0] + path + [0x40, 3, 4] + octets(nextHop.bits, 4)
    return frame(
      2, [0, 0] + octets(UInt32(attributes.count), 2) + attributes + [32] + octets(address.bits, 4))
  }

  private static func frame(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 255, count: 16) + octets(UInt32(19 + body.count), 2) + [type] + body
  }

  private static func octets(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - $0))) }
  }
}

/// A place in a piece of a message.
private struct Reader {
  var bytes: [UInt8]
  var offset = 0

  var left: Int { bytes.count - offset }
  var isEmpty: Bool { left == 0 }

  mutating func byte() -> UInt8? {
    guard left >= 1 else { return nil }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func number(_ octets: Int) -> UInt32? {
    guard left >= octets else { return nil }
    var value: UInt32 = 0
    for _ in 0..<octets { value = value << 8 | UInt32(byte() ?? 0) }
    return value
  }

  mutating func reader(_ count: Int) -> Reader? {
    guard left >= count else { return nil }
    offset += count
    return Reader(bytes: Array(bytes[(offset - count)..<offset]))
  }

  /// An address of which only the first octets are there.
  mutating func address(_ family: WireFamily, octets: Int) -> IPAddress? {
    guard left >= octets else { return nil }
    var whole = [UInt8](repeating: 0, count: family == .ipv4 ? 4 : 16)
    for place in 0..<octets { whole[place] = byte() ?? 0 }
    var all = Reader(bytes: whole)
    if family == .ipv4 { return all.number(4).map { .v4(IPv4Address(bits: $0)) } }
    var words: [UInt64] = []
    while let word = all.number(4) { words.append(UInt64(word)) }
    return .v6(IPv6Address(high: words[0] << 32 | words[1], low: words[2] << 32 | words[3]))
  }

  /// All that is left; nil when it is not made of whole prefixes.
  mutating func prefixes(_ family: WireFamily) -> [Prefix]? {
    var found: [Prefix] = []
    while let length = byte() {
      guard length <= (family == .ipv4 ? 32 : 128),
        let address = address(family, octets: (Int(length) + 7) / 8),
        let prefix = Prefix(address, length: length)
      else { return nil }
      found.append(prefix)
    }
    return found
  }
}
