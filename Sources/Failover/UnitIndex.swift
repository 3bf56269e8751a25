// Which units an address, a host or a VIP concerns, found without a search.

import Model

/// Looked up at each event, made once.
struct UnitIndex: Sendable {
  /// Units ordered by the address they wait for, and where each address's run starts.
  private let unitsByAddress: [Int]
  private let runStarts: [Int]
  /// By VIP.
  private let unitByVIP: [Int]
  /// By host: the units that it is a candidate of, or whose owner it is.
  private let unitsByHost: [[Int]]

  /// `addressCount` is how many addresses the view watches.
  init(_ units: [Unit], _ plan: Plan, addressCount: Int) {
    var unitByVIP = Array(repeating: 0, count: plan.vips.count)
    var unitsByHost = Array(repeating: [Int](), count: plan.hosts.count)
    var pairs: [(slot: Int, unit: Int)] = []
    for (index, unit) in units.enumerated() {
      for vip in unit.members { unitByVIP[vip.index] = index }
      for slot in unit.addressSlots { pairs.append((slot, index)) }
      for host in unit.hosts where unitsByHost[host.index].last != index {
        unitsByHost[host.index].append(index)
      }
    }
    self.unitByVIP = unitByVIP
    self.unitsByHost = unitsByHost
    pairs.sort { ($0.slot, $0.unit) < ($1.slot, $1.unit) }
    var starts: [Int] = []
    for (place, pair) in pairs.enumerated() {
      while starts.count <= pair.slot { starts.append(place) }
    }
    // Addresses that no VIP waits for have empty runs.
    while starts.count <= addressCount { starts.append(pairs.count) }
    unitsByAddress = pairs.map(\.unit)
    runStarts = starts
  }

  func unit(of vip: VIPSlot) -> Int { unitByVIP[vip.index] }

  func units(of host: HostSlot) -> [Int] { unitsByHost[host.index] }

  /// The units that wait for the address in this slot of the view.
  func units(waitingFor slot: Int) -> ArraySlice<Int> {
    unitsByAddress[runStarts[slot]..<runStarts[slot + 1]]
  }
}

extension Unit {
  /// Whose health decides.
  var hosts: [HostSlot] {
    switch rule {
    case .health(let host), .balanced(let host): candidates + [host]
    case .address, .watcher: candidates
    }
  }
}
