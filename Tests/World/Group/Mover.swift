// What keepalived does with the addresses of a group.

import Failover
import Model

extension GroupWorld {
  /// The addresses that move: one for each VIP.
  private var moving: [KernelAddress] {
    shape.vips.indices.map {
      KernelAddress(interface: Machine.link, address: Shape.addresses[$0], prefixLength: 24)
    }
  }

  /// Takes the addresses from one machine and, after a while, gives them to one.
  func depart(_ from: Int, to target: Int, gap: Nanoseconds? = nil) {
    guard !isMoving else { return }
    isMoving = true
    holder = nil
    let wasQuiet = judge.isQuiet(for: takeoverTime, at: now)
    // A machine that is frozen keeps what it has, and the other does not wait for it.
    if members[from].freeze != .machine { takeAddress(from: from) }
    quietMove = wasQuiet ? judge.stamp : nil
    let usual = Nanoseconds.microseconds(random.spread(1, 4_000_000))
    schedule(.group(.put(target)), after: gap ?? usual)
  }

  func putAddress(_ target: Int) {
    let other = 1 - target
    if members[target].freeze == .machine {
      let next = members[other].freeze == .machine ? target : other
      return schedule(.group(.put(next)), after: .milliseconds(random.pick(100...2_000)))
    }
    isMoving = false
    if members[other].freeze != .machine { takeAddress(from: other) }
    arrive(target)
  }

  func arrive(_ index: Int) {
    let isCleanMove = quietMove == judge.stamp
    holder = index
    give(index)
    if isCleanMove { lookSoon(.arrival) }
  }

  func give(_ index: Int) {
    for address in moving { members[index].kernel.add(address) }
    truths[index].arrivedAt = now
    news(index)
  }

  func takeAddress(from index: Int) {
    guard members[index].kernel.isHeld(Shape.addresses[0]) else { return }
    for address in moving { members[index].kernel.remove(address) }
    news(index)
  }

  /// The thawed machine keeps the address, and the other gives it up.
  func preempt(_ index: Int) {
    guard holder == 1 - index, hasAddress(index), !isMoving, members[index].freeze == nil,
      members[1 - index].freeze == nil
    else {
      if holder != index { takeAddress(from: index) }
      return
    }
    holder = index
    takeAddress(from: 1 - index)
    news(index)
  }

  /// keepalived hears of the file that a daemon writes, and the file outlives the daemon.
  func followFile(_ index: Int) {
    guard shape.manner == .address else { return }
    judgePlacements(index)
    guard let isLow = members[index].isAddressUnwanted, isLow != truths[index].isLow else { return }
    truths[index].isLow = isLow
    tell("the file of member \(index) says \(isLow ? 1 : 0)")
    let other = 1 - index
    if isLow {
      // Some are configured never to take an address from one that has it.
      guard holder == index, !truths[other].isLow, !random.oneIn(4) else { return }
      depart(index, to: other)
    } else if holder == other, random.oneIn(2) {
      depart(other, to: index)
    }
  }

  private func judgePlacements(_ index: Int) {
    for placement in members[index].takePlacements() {
      switch placement {
      case .gone: reached.insert(.placedElsewhere)
      case .refused:
        reached.insert(.placementRefused)
        if !hasAddress(index) {
          violate(.placement, "member \(index) says that nobody took its address, which has gone")
        }
      case .returned: reached.insert(.placedBack)
      case .asked, .recalled: continue
      }
    }
  }

  /// Long after the last wish: who has the address does not ask for it to be elsewhere.
  func judgeFiles() {
    guard shape.manner == .address else { return }
    for index in members.indices where truths[index].isLow && hasAddress(index) {
      violate(.placement, "member \(index) has the address, and its file says 1")
    }
  }

  func hasAddress(_ index: Int) -> Bool {
    moving.allSatisfy { members[index].kernel.isHeld($0.address) }
  }

  func canUseAddress(_ index: Int) -> Bool {
    moving.allSatisfy { members[index].kernel.isUsable($0.address) }
  }
}
