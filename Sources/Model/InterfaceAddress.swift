// An address as it stands on an interface.

/// An address on an interface.
public struct InterfaceAddress: Hashable, Sendable {
  public var address: IPAddress
  public var prefixLength: UInt8
  public var interface: InterfaceIndex
  /// IPv6 duplicate address detection is not finished (or has failed): the address is not usable.
  public var isTentative: Bool
  /// Still answers, but new connections should use another.
  public var isDeprecated: Bool
  /// IPv4: another address of the same block came first. IPv6: temporary (RFC 8981). The kernel has
  /// one flag for both.
  public var isSecondary: Bool
  /// IPv4 only: the interface's name, or that with a suffix as ifconfig(8) gives it.
  public var label: InterfaceName
  /// How long it stays, and how long it is preferred, when the kernel said so.
  public var lifetime: Lifetime
  public var preferredLifetime: Lifetime

  public init(
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
public struct Lifetime: Hashable, Sendable {
  public let seconds: UInt32
  public static let forever = Lifetime(seconds: .max)

  public init(seconds: UInt32) { self.seconds = seconds }

  public var isForever: Bool { seconds == .max }
}
