// Operators of a group: they switch, by force or not, and take machines out of service.

import Engine
import Failover
import Model

extension GroupWorld {
  private static let vip = VIPSlot(0)

  /// One wish of an operator at one machine.
  func wish(at index: Int) {
    guard isLiving(index) else { return }
    let isForced = random.oneIn(2)
    let host = HostSlot(random.pick(0...Shape.hosts - 1))
    let kind = random.pick(0...(shape.manner == .watchers ? 3 : 1))
    let command: OperatorCommand =
      switch kind {
      case 0: .take(GroupWorld.vip, isForced: isForced)
      case 1: .give(GroupWorld.vip, isForced: isForced)
      case 2: .move(GroupWorld.vip, to: host, isForced: isForced)
      default: .release(GroupWorld.vip)
      }
    let before = members[index].standing
    let wasHere = hasAddress(index)
    let answer = order(command, at: index)
    tell("member \(index) is told to \(command): \(answer)")
    if case .damped = answer { reached.insert(.damped) }
    guard answer == .done else { return }
    if case .move = command { isPinned = true }
    // It may go back by itself: two changes, one cause.
    trouble(index)
    judge.commandedAt = now
    reached.insert(kind == 1 ? .given : .switched)
    let isMove =
      switch shape.manner {
      // What has not gone yet is kept without a change.
      case .address: kind == 1 || !wasHere
      case .healthy: true
      case .watchers: members[index].standing != before
      }
    if !isForced, isMove { judgeObedience(index, command) }
  }

  /// What can wait waits for the damping window, an operator without force as well.
  private func judgeObedience(_ index: Int, _ command: OperatorCommand) {
    // It may not have heard of what happened just now, or before it ran.
    guard now - truths[index].standsSince > shape.window + takeoverTime,
      members.indices.allSatisfy({ $0 == index || areConnected(index, $0) })
    else { return }
    for (server, moves) in judge.movedAt.enumerated() {
      if let stalled = judge.stalledAt[server], now - stalled < .seconds(60) { continue }
      for case let last? in moves where now - last > .seconds(1) {
        guard now - last < shape.window - .milliseconds(100) else { continue }
        violate(.damping, "member \(index) obeyed \(command) inside the damping window")
      }
    }
  }

  /// Takes a machine out of service, or back.
  func maintain(_ index: Int, isOut: Bool) {
    guard isLiving(index), truths[index].isOut != isOut else { return }
    _ = order(.outOfService(GroupWorld.vip, isOut), at: index)
    truths[index].isOut = isOut
    judge.commandedAt = now
    if isOut { reached.insert(.outOfService) }
  }

  /// The end: everybody is in service, and nothing is chosen by hand.
  func release() {
    isPinned = false
    for index in members.indices where isLiving(index) {
      _ = order(.outOfService(GroupWorld.vip, false), at: index)
      truths[index].isOut = false
      if shape.manner == .watchers { _ = order(.release(GroupWorld.vip), at: index) }
    }
  }

  private func order(_ command: OperatorCommand, at index: Int) -> OperatorAnswer {
    let answer = members[index].obey(command, at: now)
    for datagram in members[index].taken { noteHeard(datagram) }
    carryOut(members[index].takeNetwork(), of: index)
    trouble(index)
    settle(index)
    return answer
  }

  /// Lately an operator has had a word.
  var isCommanded: Bool {
    if truths.contains(where: \.isOut) || isPinned { return true }
    guard let last = judge.commandedAt else { return false }
    return now - last < failbackTime
  }
}
