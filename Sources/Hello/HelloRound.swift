// Which VIPs go into which datagram: what has changed first, then everybody in turn.

package import Model

/// Plans the datagrams of one round. The same changes in the same order give the same datagrams.
/// Nothing is allocated after the start.
package struct HelloRound: ~Copyable {
  /// What a round tells.
  package enum Scope: Equatable, Sendable {
    /// What has changed, and as many others as fit: one for each interval.
    case everything
    /// What has changed: at once, without waiting for the interval.
    case changes
  }

  /// Changed VIPs in the order of their change, as a ring: each is in it once at most.
  private var queue: [VIPSlot]
  private var head = 0
  /// By VIP: in how many more rounds it is told as changed.
  private var owed: [UInt8]
  private var queued = 0
  /// By VIP: the last round that told it.
  private var toldIn: [UInt64]
  private var round: UInt64 = 0
  /// The VIP whose turn is next.
  private var cursor = 0
  /// Of the round that runs: changed ones and others that are still to be told.
  private var changesLeft = 0
  private var othersLeft = 0
  /// What the datagram being planned tells.
  package private(set) var batch: [VIPSlot]
  /// Datagrams of this round, and how many of them were planned.
  package private(set) var parts = 0
  package private(set) var planned = 0

  package init(vips: Int) {
    queue = Array(repeating: VIPSlot(0), count: vips)
    owed = Array(repeating: 0, count: vips)
    toldIn = Array(repeating: 0, count: vips)
    batch = []
    batch.reserveCapacity(HelloLimits.entries)
  }

  /// Whether something has changed that was not told as often as it should be.
  package var hasChanges: Bool { queued > 0 }

  /// What is to be told of this VIP is not what was told last.
  package mutating func changed(_ vip: VIPSlot) {
    if owed[vip.index] == 0 { enqueue(vip) }
    owed[vip.index] = UInt8(HelloLimits.tellings)
  }

  private mutating func enqueue(_ vip: VIPSlot) {
    queue[(head + queued) % queue.count] = vip
    queued += 1
  }

  /// Begins a round. One of everything has at least one datagram, be it empty: it says that the
  /// sender lives.
  package mutating func begin(_ scope: Scope) {
    round += 1
    planned = 0
    let room = HelloLimits.datagramsPerInterval * HelloLimits.entries
    changesLeft = min(queued, room)
    othersLeft =
      scope == .everything ? min(room - changesLeft, owed.count - changesLeft) : 0
    let told = changesLeft + othersLeft
    parts = (told + HelloLimits.entries - 1) / HelloLimits.entries
    if parts == 0, scope == .everything { parts = 1 }
  }

  /// Fills `batch` for the next datagram, which is part `planned - 1` of `parts`; false when the
  /// round is over.
  package mutating func planNext() -> Bool {
    batch.removeAll(keepingCapacity: true)
    guard planned < parts else { return false }
    planned += 1
    while changesLeft > 0, batch.count < HelloLimits.entries {
      changesLeft -= 1
      let vip = queue[head]
      head = (head + 1) % queue.count
      queued -= 1
      owed[vip.index] -= 1
      // It waits behind those that were told less often.
      if owed[vip.index] > 0 { enqueue(vip) }
      tell(vip)
    }
    while othersLeft > 0, batch.count < HelloLimits.entries {
      let vip = VIPSlot(cursor)
      cursor = cursor + 1 < owed.count ? cursor + 1 : 0
      guard toldIn[vip.index] != round else { continue }
      othersLeft -= 1
      tell(vip)
    }
    return true
  }

  private mutating func tell(_ vip: VIPSlot) {
    toldIn[vip.index] = round
    batch.append(vip)
  }
}

extension HelloRound {
  package mutating func keep(in keeper: inout Keeper) {
    let vips = queue.count
    keeper.keep(each: &queue) {
      var index = $0.index
      $1.keep(place: &index, below: vips)
      $0 = VIPSlot(index)
    }
    keeper.keep(place: &head, below: max(1, vips))
    keeper.keep(each: &owed) { $1.keep(&$0) }
    keeper.keep(place: &queued, below: vips + 1)
    keeper.keep(each: &toldIn) { $1.keep(&$0) }
    keeper.keep(&round)
    keeper.keep(place: &cursor, below: max(1, vips))
  }
}
