// A neighbour as the kernel reports it: who answers at which link-layer address.

/// An entry of the kernel's ARP or neighbour discovery cache, or a proxy entry.
public struct Neighbour: Hashable, Sendable {
  public var address: IPAddress
  public var interface: InterfaceIndex
  /// Nil while nobody has answered, or where it has not six bytes.
  public var hardwareAddress: MACAddress?
  public var state: NeighbourState
  /// The kernel answers for this address on the interface (NTF_PROXY).
  public var isProxy: Bool
  /// It is a router (NTF_ROUTER).
  public var isRouter: Bool

  public init(
    address: IPAddress, interface: InterfaceIndex, hardwareAddress: MACAddress?,
    state: NeighbourState, isProxy: Bool = false, isRouter: Bool = false
  ) {
    self.address = address
    self.interface = interface
    self.hardwareAddress = hardwareAddress
    self.state = state
    self.isProxy = isProxy
    self.isRouter = isRouter
  }
}

/// The state of RFC 4861 section 7.3.2 and the kernel's own ones, as bits of linux/neighbour.h
/// (NUD_*).
public struct NeighbourState: Hashable, Sendable {
  public let bits: UInt16
  public init(bits: UInt16) { self.bits = bits }

  /// Nobody has answered (NUD_FAILED).
  public var hasFailed: Bool { bits & 0x20 != 0 }
}

extension NeighbourState: CustomStringConvertible {
  public var description: String {
    switch bits {
    case 0x00: "none"
    case 0x01: "incomplete"
    case 0x02: "reachable"
    case 0x04: "stale"
    case 0x08: "delay"
    case 0x10: "probe"
    case 0x20: "failed"
    case 0x40: "noarp"
    case 0x80: "permanent"
    default: "0x" + String(bits, radix: 16)
    }
  }
}
