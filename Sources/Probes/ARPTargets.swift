// Whom an ARP frame may be an answer of.

import Model

/// The targets asked by ARP, in the order of port and address: a frame finds its own by halving,
/// and does not go through hundreds.
struct ARPTargets: Sendable {
  /// Sorted; several targets may ask the same address.
  private let keys: [UInt64]
  /// Beside each key the place of its target.
  private let places: [Int]

  init(_ targets: [ProbeTarget]) {
    let entries = targets.enumerated().compactMap { place, target -> (key: UInt64, place: Int)? in
      guard case .arp(let port) = target.method else { return nil }
      return (ARPTargets.key(port, target.address), place)
    }.sorted { ($0.key, $0.place) < ($1.key, $1.place) }
    keys = entries.map(\.key)
    places = entries.map(\.place)
  }

  private static func key(_ port: PortSlot, _ address: IPv4Address) -> UInt64 {
    UInt64(port.index) << 32 | UInt64(address.bits)
  }

  /// Where those stand that ask this address on this port: positions for `place(at:)`.
  func positions(of address: IPv4Address, on port: PortSlot) -> Range<Int> {
    let key = ARPTargets.key(port, address)
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    while high < keys.count, keys[high] == key { high += 1 }
    return low..<high
  }

  /// The place of a target, in the order of the targets for one key.
  func place(at position: Int) -> Int { places[position] }
}
