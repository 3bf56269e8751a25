// RTM_NEWADDR and RTM_DELADDR: one address on one interface.

import Bytes
import CNetlink
import Model

/// The body of an address message.
///
///     +---------------+---------------+---------------+---------------+
///     |  ifa_family   | ifa_prefixlen |   ifa_flags   |   ifa_scope   |
///     +---------------+---------------+---------------+---------------+
///     |                          ifa_index                            |
///     +---------------------------------------------------------------+
enum AddressMessage {
  static let fixedSize = MemoryLayout<ifaddrmsg>.size

  static func decode(_ bytes: Span<UInt8>, _ body: Range<Int>, isGone: Bool) -> Decoded {
    let start = body.lowerBound
    guard body.count >= fixedSize, let family = bytes.byte(at: start),
      let length = bytes.byte(at: start + 1), let shortFlags = bytes.byte(at: start + 2),
      let index = bytes.native32(at: start + 4)
    else { return .malformed }
    guard family == ipv4Family || family == ipv6Family else { return .notOurs }

    var local: IPAddress?
    var address: IPAddress?
    var flags = UInt32(shortFlags)
    var label = InterfaceName.none
    var preferred = Lifetime.forever
    var valid = Lifetime.forever
    var attributes = AttributeCursor((start + fixedSize)..<body.upperBound)
    while let attribute = attributes.next(in: bytes) {
      switch Int(attribute.type) {
      case Int(IFA_LOCAL):
        guard let value = IPAddress(bytes, at: attribute.payload, family) else { return .malformed }
        local = value
      case Int(IFA_ADDRESS):
        guard let value = IPAddress(bytes, at: attribute.payload, family) else { return .malformed }
        address = value
      case Int(IFA_FLAGS):
        guard attribute.payload.count == 4,
          let value = bytes.native32(at: attribute.payload.lowerBound)
        else { return .malformed }
        flags = value
      case Int(IFA_LABEL):
        guard let value = InterfaceName(bytes, at: attribute.payload) else { return .malformed }
        label = value
      case Int(IFA_CACHEINFO):
        // struct ifa_cacheinfo begins with the two lifetimes, in seconds.
        guard let first = bytes.native32(at: attribute.payload.lowerBound),
          let second = bytes.native32(at: attribute.payload.lowerBound + 4),
          attribute.payload.count >= 8
        else { return .malformed }
        preferred = Lifetime(seconds: first)
        valid = Lifetime(seconds: second)
      default: continue
      }
    }
    // On a point-to-point link IFA_ADDRESS is the other end: IFA_LOCAL wins where both stand.
    guard !attributes.isMalformed, let own = local ?? address, length <= own.width else {
      return .malformed
    }
    let fact = InterfaceAddress(
      address: own, prefixLength: length,
      interface: InterfaceIndex(Int32(bitPattern: index)), isTentative: isUnusable(flags),
      isDeprecated: flags & UInt32(IFA_F_DEPRECATED) != 0,
      isSecondary: flags & UInt32(IFA_F_SECONDARY) != 0, label: label, lifetime: valid,
      preferredLifetime: preferred)
    return .fact(isGone ? .addressGone(fact) : .address(fact))
  }

  /// Not yet through duplicate address detection, or failed in it; an optimistic address (RFC 4429)
  /// may be used.
  private static func isUnusable(_ flags: UInt32) -> Bool {
    if flags & UInt32(IFA_F_DADFAILED) != 0 { return true }
    return flags & UInt32(IFA_F_TENTATIVE) != 0 && flags & UInt32(IFA_F_OPTIMISTIC) == 0
  }
}
