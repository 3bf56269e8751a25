// A link as the kernel reports it.

/// The state of one link as the kernel reports it.
public struct Link: Hashable, Sendable {
  public var index: InterfaceIndex
  public var name: InterfaceName
  public var isLoopback: Bool
  /// The administrator has set it up (IFF_UP).
  public var isUp: Bool
  /// The lower layer carries (IFF_LOWER_UP).
  public var hasCarrier: Bool
  public var operationalState: OperationalState
  /// The link that this one is a port, slave or VF of.
  public var master: InterfaceIndex?
  /// The longest payload of a frame, in bytes; 0 when the kernel did not say.
  public var mtu: UInt32
  /// The link-layer address, where it has six bytes.
  public var hardwareAddress: MACAddress?
  /// A VF whose traffic belongs to a synthetic NIC, its master: Azure's accelerated networking.
  public var isVirtualFunction: Bool

  public init(
    index: InterfaceIndex, name: InterfaceName, isLoopback: Bool, isUp: Bool, hasCarrier: Bool,
    operationalState: OperationalState, master: InterfaceIndex? = nil, mtu: UInt32 = 0,
    hardwareAddress: MACAddress? = nil, isVirtualFunction: Bool = false
  ) {
    self.index = index
    self.name = name
    self.isLoopback = isLoopback
    self.isUp = isUp
    self.hasCarrier = hasCarrier
    self.operationalState = operationalState
    self.master = master
    self.mtu = mtu
    self.hardwareAddress = hardwareAddress
    self.isVirtualFunction = isVirtualFunction
  }

  /// Frames can pass: set up by the administrator, and the lower layer agrees.
  public var isRunning: Bool { isUp && hasCarrier }
}

/// RFC 2863 operational state, numbered as in linux/if.h.
public enum OperationalState: UInt8, Hashable, Sendable {
  case unknown = 0
  case notPresent = 1
  case down = 2
  case lowerLayerDown = 3
  case testing = 4
  case dormant = 5
  case up = 6
}

extension OperationalState: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknown: "unknown"
    case .notPresent: "not-present"
    case .down: "down"
    case .lowerLayerDown: "lower-layer-down"
    case .testing: "testing"
    case .dormant: "dormant"
    case .up: "up"
    }
  }
}
