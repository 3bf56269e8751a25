// Writes link and address messages as the kernel would, for what is only supposed to have happened.

import CNetlink
package import Model

/// One datagram of news: messages that answer nobody's request. Numbers stand in the order of this
/// machine, as the kernel writes them.
package struct NewsWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// RTM_NEWLINK or RTM_DELLINK.
  package mutating func add(_ link: Link, isGone: Bool = false) {
    let start = begin(UInt16(isGone ? RTM_DELLINK : RTM_NEWLINK))
    native(UInt16(unspecifiedFamily))
    native(UInt16(0))
    native(UInt32(bitPattern: link.index.value))
    var flags: UInt32 = 0
    if link.isUp { flags |= UInt32(cnetlink_iff_up) }
    if link.hasCarrier { flags |= UInt32(cnetlink_iff_lower_up) }
    if link.isLoopback { flags |= UInt32(cnetlink_iff_loopback) }
    if link.isVirtualFunction { flags |= UInt32(cnetlink_iff_slave) }
    native(flags)
    native(UInt32.max)
    let name = (0..<InterfaceName.limit).map(link.name.byte(at:)).prefix { $0 != 0 }
    attribute(UInt16(IFLA_IFNAME), Array(name) + [0])
    attribute(UInt16(IFLA_OPERSTATE), [link.operationalState.rawValue])
    attribute(UInt16(IFLA_MTU), NewsWriter.octets(link.mtu))
    if let master = link.master {
      attribute(UInt16(IFLA_MASTER), NewsWriter.octets(UInt32(bitPattern: master.value)))
    }
    if let hardware = link.hardwareAddress {
      let octets = (0..<6).map { UInt8(truncatingIfNeeded: hardware.bits >> UInt64(40 - 8 * $0)) }
      attribute(UInt16(IFLA_ADDRESS), octets)
    }
    finish(start)
  }

  /// RTM_NEWADDR or RTM_DELADDR.
  package mutating func add(_ address: InterfaceAddress, isGone: Bool = false) {
    let start = begin(UInt16(isGone ? RTM_DELADDR : RTM_NEWADDR))
    var flags = UInt32(IFA_F_PERMANENT)
    if address.isTentative { flags |= UInt32(IFA_F_TENTATIVE) }
    if address.isDeprecated { flags |= UInt32(IFA_F_DEPRECATED) }
    if address.isSecondary { flags |= UInt32(IFA_F_SECONDARY) }
    let octets: [UInt8]
    switch address.address {
    case .v4(let short):
      octets = (0..<4).map { UInt8(truncatingIfNeeded: short.bits >> UInt32(24 - 8 * $0)) }
    case .v6(let long):
      octets = [long.high, long.low].flatMap { half in
        (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
      }
    }
    bytes += [
      octets.count == 4 ? ipv4Family : ipv6Family, address.prefixLength,
      UInt8(truncatingIfNeeded: flags), 0,
    ]
    native(UInt32(bitPattern: address.interface.value))
    attribute(UInt16(IFA_ADDRESS), octets)
    if octets.count == 4 { attribute(UInt16(IFA_LOCAL), octets) }
    attribute(UInt16(IFA_FLAGS), NewsWriter.octets(flags))
    finish(start)
  }

  private mutating func begin(_ type: UInt16) -> Int {
    let start = bytes.count
    native(UInt32(0))
    native(type)
    native(UInt16(0))
    native(UInt32(0))
    native(UInt32(0))
    return start
  }

  /// Every length is a multiple of four: attributes are padded.
  private mutating func finish(_ start: Int) {
    let length = NewsWriter.octets(UInt32(bytes.count - start))
    for place in 0..<4 { bytes[start + place] = length[place] }
  }

  private mutating func attribute(_ type: UInt16, _ payload: [UInt8]) {
    native(UInt16(Int(cnetlink_rta_hdrlen) + payload.count))
    native(type)
    bytes += payload
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// As this machine keeps numbers: the lowest octet of the swapped one comes first where the
  /// highest of the plain one would.
  private mutating func native(_ number: UInt16) {
    let inOrder = UInt16(littleEndian: number)
    bytes.append(UInt8(truncatingIfNeeded: inOrder))
    bytes.append(UInt8(truncatingIfNeeded: inOrder >> 8))
  }

  private mutating func native(_ number: UInt32) { bytes += NewsWriter.octets(number) }

  private static func octets(_ number: UInt32) -> [UInt8] {
    let inOrder = UInt32(littleEndian: number)
    return (0..<4).map { UInt8(truncatingIfNeeded: inOrder >> UInt32(8 * $0)) }
  }
}
