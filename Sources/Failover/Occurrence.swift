// What deciding noticed beside its verdicts: worth telling, and nothing to be done about it.

package import Model

package enum Occurrence: Equatable, Sendable {
  case health(HostSlot, Health)
  case ownNetwork(OwnNetwork)
  case fellow(FellowSlot, isAlive: Bool)
  case placement(VIPSlot, Placement)
}

extension Failover {
  /// What was noticed since the last call, in order.
  package mutating func takeOccurrences(_ body: (Occurrence) -> Void) {
    for occurrence in hosts.occurrences { body(occurrence) }
    for occurrence in occurrences { body(occurrence) }
    hosts.occurrencesWereTold()
    occurrences.removeAll(keepingCapacity: true)
  }

  package var hasOccurrences: Bool { !occurrences.isEmpty || !hosts.occurrences.isEmpty }
}
