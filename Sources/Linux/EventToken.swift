// What epoll hands back with an event: whose it is, and which life of that owner it belongs to.

/// Names a registration. A token with an old generation belongs to a descriptor that was closed in
/// this same turn.
package struct EventToken: Hashable, Sendable {
  /// The caller's kinds; the room does not know them.
  package var kind: UInt8
  package var slot: UInt16
  package var generation: UInt32

  package init(kind: UInt8, slot: UInt16, generation: UInt32) {
    self.kind = kind
    self.slot = slot
    self.generation = generation
  }

  /// kind(8) slot(16) generation(32), the top eight bits zero.
  package var packed: UInt64 { UInt64(kind) << 48 | UInt64(slot) << 32 | UInt64(generation) }

  package init(packed: UInt64) {
    kind = UInt8(truncatingIfNeeded: packed >> 48)
    slot = UInt16(truncatingIfNeeded: packed >> 32)
    generation = UInt32(truncatingIfNeeded: packed)
  }
}
