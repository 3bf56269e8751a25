// An interface on which ARP is spoken: what the kernel says of it, as far as asking needs it.

package import Model

/// One interface that ARP probes name.
package struct ProbePort: Sendable {
  /// Addresses kept; others are not used to ask from. We chose it: an interface of an appliance
  /// has a handful.
  package static let addressLimit = 64

  package let name: InterfaceName
  package private(set) var index: InterfaceIndex?
  package private(set) var mac: MACAddress?
  package private(set) var isRunning = false
  private var addresses: [InterfaceAddress] = []
  /// Those of `addresses` that the running dump, or the news since it began, has named.
  private var confirmed: [InterfaceAddress] = []
  /// Whether the socket is open.
  package internal(set) var isOpen = false

  init(_ name: InterfaceName) {
    self.name = name
    addresses.reserveCapacity(ProbePort.addressLimit)
  }

  /// What a change of the link means for the port.
  enum Change: Equatable {
    case none
    /// It is another interface than before: the socket must be opened anew.
    case bound
    /// Whether it runs, or its MAC, has changed.
    case altered
    case gone
  }

  mutating func learned(_ link: Link) -> Change {
    guard link.name == name else { return link.index == index ? unbind() : .none }
    if link.index != index {
      index = link.index
      addresses.removeAll(keepingCapacity: true)
      isOpen = false
      note(link)
      return .bound
    }
    let before = (isRunning, mac)
    note(link)
    return before == (isRunning, mac) ? .none : .altered
  }

  private mutating func note(_ link: Link) {
    isRunning = link.isRunning
    mac = link.hardwareAddress
  }

  mutating func lost(_ gone: InterfaceIndex) -> Change { gone == index ? unbind() : .none }

  private mutating func unbind() -> Change {
    index = nil
    mac = nil
    isRunning = false
    isOpen = false
    addresses.removeAll(keepingCapacity: true)
    return .gone
  }

  mutating func learned(_ address: InterfaceAddress) {
    guard address.interface == index, case .v4 = address.address else { return }
    ProbePort.note(address, in: &addresses)
    ProbePort.note(address, in: &confirmed)
  }

  private static func note(_ address: InterfaceAddress, in list: inout [InterfaceAddress]) {
    if let place = list.firstIndex(where: { ProbePort.isSame($0, address) }) {
      list[place] = address
    } else if list.count < ProbePort.addressLimit {
      list.append(address)
    }
  }

  mutating func beginConfirming() { confirmed.removeAll(keepingCapacity: true) }

  mutating func dropUnconfirmed() {
    addresses.removeAll { address in !confirmed.contains { ProbePort.isSame($0, address) } }
  }

  mutating func lost(_ address: InterfaceAddress) {
    guard address.interface == index else { return }
    addresses.removeAll { ProbePort.isSame($0, address) }
    confirmed.removeAll { ProbePort.isSame($0, address) }
  }

  private static func isSame(_ left: InterfaceAddress, _ right: InterfaceAddress) -> Bool {
    left.address == right.address && left.prefixLength == right.prefixLength
  }

  /// The address to ask for `target` from: the first of its network, else the first. A network's
  /// primary address comes before its secondary ones: VIPs come and go.
  func source(for target: IPv4Address) -> IPv4Address? {
    var best: (rank: Int, address: IPv4Address)?
    for candidate in addresses {
      guard case .v4(let address) = candidate.address else { continue }
      let shift = 32 - UInt32(min(candidate.prefixLength, 32))
      let isNear = (UInt64(address.bits) >> shift) == (UInt64(target.bits) >> shift)
      let rank = (isNear ? 0 : 2) + (candidate.isSecondary ? 1 : 0)
      if best.map({ rank < $0.rank }) ?? true { best = (rank, address) }
    }
    return best?.address
  }

  /// Whether a frame can leave.
  var isUsable: Bool { isOpen && isRunning && mac != nil && !addresses.isEmpty }

  func hasAddress(_ address: IPv4Address) -> Bool {
    addresses.contains { $0.address == .v4(address) }
  }
}

extension ProbePort {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&index, blank: InterfaceIndex(0)) { $1.keep(&$0) }
    keeper.keep(&mac)
    keeper.keep(&isRunning)
    let blank = InterfaceAddress(
      address: .v4(IPv4Address(bits: 0)), prefixLength: 0, interface: InterfaceIndex(0),
      isTentative: false, isDeprecated: false)
    keeper.keep(&addresses, blank: blank, limit: ProbePort.addressLimit) { $1.keep(&$0) }
    keeper.keep(&confirmed, blank: blank, limit: ProbePort.addressLimit) { $1.keep(&$0) }
    keeper.keep(&isOpen)
  }
}
