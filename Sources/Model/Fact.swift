// What the kernel says, one change at a time, as trivial values.

/// A class of kernel news: each has its own socket, its own overrun and its own staleness.
package enum KernelClass: UInt8, Hashable, Sendable, CaseIterable {
  /// Links and addresses.
  case interfaces
}

/// The state of one link as the kernel reports it.
package struct Link: Hashable, Sendable {
  package var index: InterfaceIndex
  package var name: InterfaceName
  package var isLoopback: Bool
  /// The administrator has set it up (IFF_UP).
  package var isUp: Bool
  /// The lower layer carries (IFF_LOWER_UP).
  package var hasCarrier: Bool
  package var operationalState: OperationalState

  package init(
    index: InterfaceIndex, name: InterfaceName, isLoopback: Bool, isUp: Bool, hasCarrier: Bool,
    operationalState: OperationalState
  ) {
    self.index = index
    self.name = name
    self.isLoopback = isLoopback
    self.isUp = isUp
    self.hasCarrier = hasCarrier
    self.operationalState = operationalState
  }

  /// Frames can pass: set up by the administrator, and the lower layer agrees.
  package var isRunning: Bool { isUp && hasCarrier }
}

/// RFC 2863 operational state, numbered as in linux/if.h.
package enum OperationalState: UInt8, Hashable, Sendable {
  case unknown = 0
  case notPresent = 1
  case down = 2
  case lowerLayerDown = 3
  case testing = 4
  case dormant = 5
  case up = 6
}

extension OperationalState: CustomStringConvertible {
  package var description: String {
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

/// An address on an interface.
package struct InterfaceAddress: Hashable, Sendable {
  package var address: IPAddress
  package var prefixLength: UInt8
  package var interface: InterfaceIndex
  /// IPv6 duplicate address detection is not finished (or has failed): the address is not usable.
  package var isTentative: Bool
  /// Still answers, but new connections should use another.
  package var isDeprecated: Bool

  package init(
    address: IPAddress, prefixLength: UInt8, interface: InterfaceIndex, isTentative: Bool,
    isDeprecated: Bool
  ) {
    self.address = address
    self.prefixLength = prefixLength
    self.interface = interface
    self.isTentative = isTentative
    self.isDeprecated = isDeprecated
  }
}

/// One thing the kernel said.
package enum Fact: Hashable, Sendable {
  /// A link is new or has changed.
  case link(Link)
  /// A link is gone; its number may be reused.
  case linkGone(InterfaceIndex)
  /// An address is new or has changed.
  case address(InterfaceAddress)
  case addressGone(InterfaceAddress)
  /// A dump with this sequence number has ended; an interrupted one must be repeated.
  case dumpDone(sequence: UInt32, interrupted: Bool)
  /// The kernel refused the request with this sequence number; `code` is the errno, positive.
  case refused(sequence: UInt32, code: Int32)
  /// The kernel says that messages were lost (NLMSG_OVERRUN).
  case overrun
}
