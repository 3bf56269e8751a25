// Every recorded attribute that a fact is made of, read once more by libmnl's own walker.

import CMnl
import CNetlink
import Model
import Rtnetlink
import Testing

/// The attributes of one message, by type, as libmnl finds them.
private struct Attributes {
  var numbers: [Int: UInt32] = [:]
  var payloads: [Int: [UInt8]] = [:]

  init?(_ bytes: [UInt8], fixedSize: Int) {
    var found = Attributes()
    let isWhole = unsafe bytes.withUnsafeBytes { raw in
      guard let header = unsafe raw.baseAddress?.assumingMemoryBound(to: nlmsghdr.self),
        unsafe mnl_nlmsg_get_payload_len(header) >= fixedSize
      else { return false }
      var place = unsafe mnl_nlmsg_get_payload_offset(header, fixedSize)?
        .assumingMemoryBound(to: nlattr.self)
      let end = unsafe raw.baseAddress?.advanced(by: Int(header.pointee.nlmsg_len))
      while let attribute = unsafe place, let end = unsafe end {
        let left = unsafe end - UnsafeRawPointer(attribute)
        guard unsafe mnl_attr_ok(attribute, Int32(left)) else { break }
        let type = unsafe Int(mnl_attr_get_type(attribute))
        let length = unsafe Int(mnl_attr_get_payload_len(attribute))
        if length == 4 { found.numbers[type] = unsafe mnl_attr_get_u32(attribute) }
        if let start = unsafe mnl_attr_get_payload(attribute) {
          found.payloads[type] = unsafe Array(UnsafeRawBufferPointer(start: start, count: length))
        }
        unsafe place = mnl_attr_next(attribute)
      }
      return true
    }
    guard isWhole else { return nil }
    self = found
  }

  private init() {}
}

struct LibmnlTests {
  /// The messages of a datagram, each by itself.
  private static func messages(of bytes: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var offset = 0
    while offset + 16 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
      guard length >= 16, offset + length <= bytes.count else { break }
      result.append(Array(bytes[offset..<offset + length]))
      offset += (length + 3) & ~3
    }
    return result
  }

  @Test(arguments: Recorded.all.filter { $0.expected == "parse" })
  func factsHoldWhatLibmnlReads(row: Recorded) throws {
    for message in Self.messages(of: row.bytes) {
      let steps = FactCursorTests.steps(message).steps
      guard steps.count == 1, case .fact(let fact) = steps[0] else { continue }
      switch fact {
      case .route(let route, _), .routeGone(let route): try check(route, message)
      case .neighbour(let one), .neighbourGone(let one): try check(one, message)
      case .link(let link): try check(link, message)
      case .address(let address), .addressGone(let address): try check(address, message)
      default: continue
      }
    }
  }

  private func check(_ route: Route, _ message: [UInt8]) throws {
    let theirs = try #require(Attributes(message, fixedSize: MemoryLayout<rtmsg>.size))
    let numbers = theirs.numbers
    #expect(route.table == numbers[Int(RTA_TABLE.rawValue)] ?? UInt32(message[20]))
    #expect(route.metric == numbers[Int(RTA_PRIORITY.rawValue)] ?? 0)
    #expect(route.nextHopID == numbers[Int(RTA_NH_ID.rawValue)] ?? 0)
    guard theirs.payloads[Int(RTA_MULTIPATH.rawValue)] == nil else { return }
    let hop = route.nextHops.count > 0 ? route.nextHops[0] : nil
    #expect(
      hop?.interface.map { UInt32(bitPattern: $0.value) } == numbers[Int(RTA_OIF.rawValue)])
    // struct rtvia begins with two bytes of family.
    let via = theirs.payloads[Int(RTA_VIA.rawValue)].map { Array($0.dropFirst(2)) }
    let gateway = theirs.payloads[Int(RTA_GATEWAY.rawValue)] ?? via
    #expect(hop?.gateway.map(Self.bytes) == gateway)
  }

  private func check(_ neighbour: Neighbour, _ message: [UInt8]) throws {
    let theirs = try #require(Attributes(message, fixedSize: MemoryLayout<ndmsg>.size))
    #expect(Self.bytes(neighbour.address) == theirs.payloads[Int(NDA_DST)])
    let mac = theirs.payloads[Int(NDA_LLADDR)].flatMap { $0.count == 6 ? $0 : nil }
    #expect(neighbour.hardwareAddress.map(Self.bytes) == mac)
  }

  private func check(_ link: Link, _ message: [UInt8]) throws {
    let theirs = try #require(Attributes(message, fixedSize: MemoryLayout<ifinfomsg>.size))
    #expect(link.mtu == theirs.numbers[Int(IFLA_MTU)] ?? 0)
    #expect(link.master.map { UInt32(bitPattern: $0.value) } == theirs.numbers[Int(IFLA_MASTER)])
    let mac = theirs.payloads[Int(IFLA_ADDRESS)].flatMap { $0.count == 6 ? $0 : nil }
    #expect(link.hardwareAddress.map(Self.bytes) == mac)
    let name = theirs.payloads[Int(IFLA_IFNAME)].map { Array($0.prefix { $0 != 0 }) }
    #expect(Array(link.name.description.utf8) == name ?? [])
  }

  private func check(_ address: InterfaceAddress, _ message: [UInt8]) throws {
    let theirs = try #require(Attributes(message, fixedSize: MemoryLayout<ifaddrmsg>.size))
    let own = theirs.payloads[Int(IFA_LOCAL)] ?? theirs.payloads[Int(IFA_ADDRESS)]
    #expect(Self.bytes(address.address) == own)
    let label = theirs.payloads[Int(IFA_LABEL)].map { Array($0.prefix { $0 != 0 }) }
    #expect(Array(address.label.description.utf8) == label ?? [])
  }

  private static func bytes(_ address: IPAddress) -> [UInt8] {
    switch address {
    case .v4(let v4): (0..<4).map { UInt8(truncatingIfNeeded: v4.bits >> UInt32(24 - 8 * $0)) }
    case .v6(let v6):
      [v6.high, v6.low].flatMap { half in
        (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
      }
    }
  }

  private static func bytes(_ mac: MACAddress) -> [UInt8] {
    (0..<6).map { UInt8(truncatingIfNeeded: mac.bits >> UInt64(40 - 8 * $0)) }
  }
}
