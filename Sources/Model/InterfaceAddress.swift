// An address as it stands on an interface.

/// An address on an interface.
package struct InterfaceAddress: Hashable, Sendable {
  package var address: IPAddress
  package var prefixLength: UInt8
  package var interface: InterfaceIndex
  /// IPv6 duplicate address detection is not finished (or has failed): the address is not usable.
  package var isTentative: Bool
  /// Still answers, but new connections should use another.
  package var isDeprecated: Bool
  /// IPv4: another address of the same block came first. IPv6: temporary (RFC 8981). The kernel has
  /// one flag for both.
  package var isSecondary: Bool
  /// IPv4 only: the interface's name, or that with a suffix as ifconfig(8) gives it.
  package var label: InterfaceName
  /// How long it stays, and how long it is preferred, when the kernel said so.
  package var lifetime: Lifetime
  package var preferredLifetime: Lifetime

  package init(
    address: IPAddress, prefixLength: UInt8, interface: InterfaceIndex, isTentative: Bool,
    isDeprecated: Bool, isSecondary: Bool = false, label: InterfaceName = .none,
    lifetime: Lifetime = .forever, preferredLifetime: Lifetime = .forever
  ) {
    self.address = address
    self.prefixLength = prefixLength
    self.interface = interface
    self.isTentative = isTentative
    self.isDeprecated = isDeprecated
    self.isSecondary = isSecondary
    self.label = label
    self.lifetime = lifetime
    self.preferredLifetime = preferredLifetime
  }
}

/// A count of seconds, or no end (RFC 4861 section 4.6.2).
package struct Lifetime: Hashable, Sendable {
  package let seconds: UInt32
  package static let forever = Lifetime(seconds: .max)

  package init(seconds: UInt32) { self.seconds = seconds }

  package var isForever: Bool { seconds == .max }
}
