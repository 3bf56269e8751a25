// What the kernel last said of the things that decide: links, and addresses of VIPs on them.

package import Model

/// The kernel's state as far as deciding needs it. Bounded: beyond a limit, news is counted and not
/// kept.
///
/// While a dump is read every entry that it confirms is marked; what is unmarked at its end is
/// gone.
package struct KernelView: ~Copyable {
  /// Links that can be tracked. We chose it: far above any appliance, a container host included.
  package static let linkLimit = 4_096
  /// Places where one VIP address can be at once.
  package static let holdersPerAddress = 4

  struct LinkEntry {
    var link: Link
    var isConfirmed: Bool
  }

  /// Where an address that some VIP waits for is.
  struct Holder {
    var interface: InterfaceIndex
    var prefixLength: UInt8
    var isUsable: Bool
    var isConfirmed: Bool
  }

  /// Sorted by interface number.
  private var links: [LinkEntry]
  /// Sorted, without doubles: the addresses that matter.
  private let addresses: [IPAddress]
  /// `holdersPerAddress` slots for each address; the first `counts[i]` are in use.
  private var holders: [Holder]
  private var counts: [Int]
  /// How often news could not be kept because a limit was reached.
  package private(set) var overflows = 0
  /// How often a VF stopped running or went away: an early sign of a failing Azure host.
  package private(set) var vfFlaps = 0

  package init(watching addresses: [IPAddress]) {
    var unique: [IPAddress] = []
    for address in addresses.sorted() where unique.last != address { unique.append(address) }
    self.addresses = unique
    links = []
    links.reserveCapacity(KernelView.linkLimit)
    let none = Holder(
      interface: InterfaceIndex(0), prefixLength: 0, isUsable: false, isConfirmed: false)
    holders = Array(repeating: none, count: unique.count * KernelView.holdersPerAddress)
    counts = Array(repeating: 0, count: unique.count)
  }

  /// Goes on where another stood; the answer is whether it watched every address of this one.
  mutating func succeed(_ old: borrowing KernelView) -> Bool {
    links = old.links
    (overflows, vfFlaps) = (old.overflows, old.vfFlaps)
    var isComplete = true
    for slot in addresses.indices {
      guard let before = old.slot(of: addresses[slot]) else {
        isComplete = false
        continue
      }
      counts[slot] = old.counts[before]
      for place in 0..<KernelView.holdersPerAddress {
        holders[slot * KernelView.holdersPerAddress + place] =
          old.holders[before * KernelView.holdersPerAddress + place]
      }
    }
    return isComplete
  }

  package var linkCount: Int { links.count }
  var addressCount: Int { addresses.count }

  /// The position of a watched address, or nil when no VIP waits for it.
  package func slot(of address: IPAddress) -> Int? {
    var low = 0
    var high = addresses.count
    while low < high {
      let middle = (low + high) / 2
      if addresses[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low < addresses.count && addresses[low] == address ? low : nil
  }

  package func link(_ index: InterfaceIndex) -> Link? {
    let place = position(of: index)
    guard place < links.count, links[place].link.index == index else { return nil }
    return links[place].link
  }

  /// The link that has this name.
  package func link(named name: InterfaceName) -> Link? {
    links.first { $0.link.name == name }?.link
  }

  /// The names of all links, in the order of their numbers.
  package var linkNames: [InterfaceName] { links.map(\.link.name) }

  /// The prefix length that a watched address has on an interface; nil when it is not there.
  package func prefixLength(of slot: Int, on interface: InterfaceIndex) -> UInt8? {
    let start = slot * KernelView.holdersPerAddress
    return holders[start..<(start + counts[slot])].first { $0.interface == interface }?
      .prefixLength
  }

  private func position(of index: InterfaceIndex) -> Int {
    var low = 0
    var high = links.count
    while low < high {
      let middle = (low + high) / 2
      if links[middle].link.index < index { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Keeps a link; the answer is what was known before.
  package mutating func learn(_ link: Link) -> Link? {
    let place = position(of: link.index)
    if place < links.count, links[place].link.index == link.index {
      let before = links[place].link
      if before.isVirtualFunction, before.isRunning, !link.isRunning { vfFlaps += 1 }
      links[place] = LinkEntry(link: link, isConfirmed: true)
      return before
    }
    guard links.count < KernelView.linkLimit else {
      overflows += 1
      return nil
    }
    links.insert(LinkEntry(link: link, isConfirmed: true), at: place)
    return nil
  }

  /// Forgets a link and every address on it; the answer is what was known before.
  package mutating func forget(_ index: InterfaceIndex) -> Link? {
    for slot in addresses.indices { removeHolders(of: slot) { $0.interface == index } }
    let place = position(of: index)
    guard place < links.count, links[place].link.index == index else { return nil }
    let gone = links.remove(at: place).link
    noteGone(gone)
    return gone
  }

  private mutating func noteGone(_ link: Link) {
    if link.isVirtualFunction, link.isRunning { vfFlaps += 1 }
  }

  /// Whether a watched address is on this link, or on one that it is the master of.
  package func concerns(_ index: InterfaceIndex) -> Bool {
    for slot in addresses.indices {
      let start = slot * KernelView.holdersPerAddress
      for place in start..<(start + counts[slot]) {
        let interface = holders[place].interface
        if interface == index || link(interface)?.master == index { return true }
      }
    }
    return false
  }

  /// Notes that a watched address is on an interface.
  package mutating func learn(_ fact: InterfaceAddress, slot: Int) {
    let holder = Holder(
      interface: fact.interface, prefixLength: fact.prefixLength, isUsable: !fact.isTentative,
      isConfirmed: true)
    let start = slot * KernelView.holdersPerAddress
    for place in start..<(start + counts[slot])
    where holders[place].interface == fact.interface
      && holders[place].prefixLength == fact.prefixLength
    {
      holders[place] = holder
      return
    }
    guard counts[slot] < KernelView.holdersPerAddress else {
      overflows += 1
      return
    }
    holders[start + counts[slot]] = holder
    counts[slot] += 1
  }

  /// Notes that a watched address left an interface.
  package mutating func forget(_ fact: InterfaceAddress, slot: Int) {
    removeHolders(of: slot) {
      $0.interface == fact.interface && $0.prefixLength == fact.prefixLength
    }
  }

  private mutating func removeHolders(of slot: Int, where matches: (Holder) -> Bool) {
    let start = slot * KernelView.holdersPerAddress
    var kept = 0
    for place in start..<(start + counts[slot]) where !matches(holders[place]) {
      holders[start + kept] = holders[place]
      kept += 1
    }
    counts[slot] = kept
  }

  /// A complete dump begins: nothing is confirmed until it says so.
  package mutating func beginConfirming() {
    for place in links.indices { links[place].isConfirmed = false }
    for place in holders.indices { holders[place].isConfirmed = false }
  }

  /// The dump is complete: what it did not mention is gone. The answer is the links of that.
  package mutating func dropUnconfirmed() -> [Link] {
    var gone: [Link] = []
    for entry in links where !entry.isConfirmed {
      gone.append(entry.link)
      noteGone(entry.link)
    }
    links.removeAll { !$0.isConfirmed }
    for slot in addresses.indices { removeHolders(of: slot) { !$0.isConfirmed } }
    return gone
  }

  /// On how many interfaces a watched address is.
  func interfaceCount(of slot: Int) -> Int { counts[slot] }

  /// One of them: an array of all would be made for each event.
  func interface(_ place: Int, of slot: Int) -> InterfaceIndex {
    precondition(place < counts[slot])
    return holders[slot * KernelView.holdersPerAddress + place].interface
  }

  /// Whether a watched address is on no interface at all.
  func isNowhere(_ slot: Int) -> Bool { counts[slot] == 0 }

  /// Whether an interface of this name is there and its link runs.
  package func isRunning(_ name: InterfaceName) -> Bool {
    links.contains { $0.link.name == name && $0.link.isRunning }
  }

  /// Whether a watched address is usable on any interface, loopback included.
  package func isUsable(_ slot: Int) -> Bool {
    let start = slot * KernelView.holdersPerAddress
    return holders[start..<(start + counts[slot])].contains { holder in
      holder.isUsable && carrier(of: holder.interface)?.isRunning ?? false
    }
  }

  /// How a watched address stands, seen from an owner rule.
  package func presence(of slot: Int, for owner: Plan.Owner) -> Presence {
    presence(of: slot, on: owner.interfaces)
  }

  /// The same on some interfaces; none named means every one but loopback.
  func presence(of slot: Int, on interfaces: [InterfaceName]) -> Presence {
    var presence = Presence.absent
    let start = slot * KernelView.holdersPerAddress
    for place in start..<(start + counts[slot]) {
      let holder = holders[place]
      guard let link = carrier(of: holder.interface), admits(link, interfaces) else { continue }
      if holder.isUsable && link.isRunning { return .held(holder.interface) }
      presence = .unusable
    }
    return presence
  }

  /// The link that carries an interface's traffic: of a VF it is the synthetic NIC above it, which
  /// stays up while the VF comes and goes.
  private func carrier(of index: InterfaceIndex) -> Link? {
    guard let link = link(index) else { return nil }
    guard link.isVirtualFunction, let master = link.master else { return link }
    return self.link(master) ?? link
  }

  private func admits(_ link: Link, _ interfaces: [InterfaceName]) -> Bool {
    interfaces.isEmpty ? !link.isLoopback : interfaces.contains(link.name)
  }
}

/// How an address stands on this machine.
package enum Presence: Equatable, Sendable {
  /// On no admitted interface.
  case absent
  /// Configured, but its link does not run or the address is still tentative.
  case unusable
  /// Usable on this interface.
  case held(InterfaceIndex)
}

extension KernelView {
  mutating func keep(in keeper: inout Keeper) {
    let blank = Link(
      index: InterfaceIndex(0), name: .none, isLoopback: false, isUp: false, hasCarrier: false,
      operationalState: .unknown)
    keeper.keep(
      &links, blank: LinkEntry(link: blank, isConfirmed: false), limit: KernelView.linkLimit
    ) {
      $1.keep(&$0.link)
      $1.keep(&$0.isConfirmed)
    }
    keeper.keep(each: &holders) {
      $1.keep(&$0.interface)
      $1.keep(&$0.prefixLength)
      $1.keep(&$0.isUsable)
      $1.keep(&$0.isConfirmed)
    }
    keeper.keep(each: &counts) { $1.keep(place: &$0, below: KernelView.holdersPerAddress + 1) }
    keeper.keep(&overflows)
    keeper.keep(&vfFlaps)
  }
}

extension Presence {
  mutating func keep(in keeper: inout Keeper) {
    var kind: UInt8 = 0
    var index = InterfaceIndex(0)
    switch self {
    case .absent: break
    case .unusable: kind = 1
    case .held(let place): (kind, index) = (2, place)
    }
    keeper.keep(&kind)
    keeper.keep(&index)
    switch kind {
    case 0: self = .absent
    case 1: self = .unusable
    case 2: self = .held(index)
    default: keeper.damage()
    }
  }
}
