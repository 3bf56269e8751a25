// What a session has counted since the program started.

import Model

/// Numbers for people; nothing is decided by them.
package struct SessionCounters: Hashable, Sendable {
  /// Whole messages with a correct header, whatever came of them.
  package internal(set) var messagesReceived: UInt64 = 0
  package internal(set) var keepalivesReceived: UInt64 = 0
  package internal(set) var refreshesReceived: UInt64 = 0
  /// Messages this session wrote itself: not the UPDATEs.
  package internal(set) var messagesSent: UInt64 = 0
  package internal(set) var connectAttempts: UInt64 = 0
  /// Messages that were answered with a NOTIFICATION, collisions apart.
  package internal(set) var sessionResets: UInt64 = 0

  private var accepted: UInt64 = 0
  private var endOfRIB: UInt64 = 0
  private var ignored: UInt64 = 0
  private var attributeDiscard: UInt64 = 0
  private var treatAsWithdraw: UInt64 = 0

  /// What both connections to a peer have counted.
  static func + (left: SessionCounters, right: SessionCounters) -> SessionCounters {
    var sum = left
    sum.messagesReceived += right.messagesReceived
    sum.keepalivesReceived += right.keepalivesReceived
    sum.refreshesReceived += right.refreshesReceived
    sum.messagesSent += right.messagesSent
    sum.connectAttempts += right.connectAttempts
    sum.sessionResets += right.sessionResets
    sum.accepted += right.accepted
    sum.endOfRIB += right.endOfRIB
    sum.ignored += right.ignored
    sum.attributeDiscard += right.attributeDiscard
    sum.treatAsWithdraw += right.treatAsWithdraw
    return sum
  }

  /// How many UPDATEs amounted to this; those that reset the session are in its last error.
  package func updates(_ kind: UpdateClass) -> UInt64 {
    switch kind {
    case .accept: accepted
    case .endOfRIB: endOfRIB
    case .ignored: ignored
    case .attributeDiscard: attributeDiscard
    case .treatAsWithdraw: treatAsWithdraw
    }
  }

  mutating func count(_ kind: UpdateClass) {
    switch kind {
    case .accept: accepted += 1
    case .endOfRIB: endOfRIB += 1
    case .ignored: ignored += 1
    case .attributeDiscard: attributeDiscard += 1
    case .treatAsWithdraw: treatAsWithdraw += 1
    }
  }
}

extension SessionCounters {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&messagesReceived)
    keeper.keep(&keepalivesReceived)
    keeper.keep(&refreshesReceived)
    keeper.keep(&messagesSent)
    keeper.keep(&connectAttempts)
    keeper.keep(&accepted)
    keeper.keep(&endOfRIB)
    keeper.keep(&ignored)
    keeper.keep(&attributeDiscard)
    keeper.keep(&treatAsWithdraw)
  }
}
