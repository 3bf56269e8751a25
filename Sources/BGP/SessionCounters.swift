// What a session has counted since the program started.

/// Numbers for people; nothing is decided by them.
package struct SessionCounters: Hashable, Sendable {
  package internal(set) var messagesReceived: UInt64 = 0
  package internal(set) var keepalivesReceived: UInt64 = 0
  package internal(set) var refreshesReceived: UInt64 = 0
  /// UPDATEs by what they amounted to, `UpdateClass.rawValue` being the place.
  private var updates: [5 of UInt64] = [0, 0, 0, 0, 0]
  /// Messages this session wrote itself: not the UPDATEs.
  package internal(set) var messagesSent: UInt64 = 0
  package internal(set) var connectAttempts: UInt64 = 0

  package func updates(_ kind: UpdateClass) -> UInt64 { updates[Int(kind.rawValue)] }

  mutating func count(_ kind: UpdateClass) { updates[Int(kind.rawValue)] += 1 }

  package static func == (left: SessionCounters, right: SessionCounters) -> Bool {
    left.summary == right.summary
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(summary) }

  private var summary: [UInt64] {
    [messagesReceived, keepalivesReceived, refreshesReceived, messagesSent, connectAttempts]
      + UpdateClass.allCases.map(updates)
  }
}
