// What the simulation of groups can find, and what some schedule must reach.

/// A rare branch of the world of groups.
package enum GroupProbe: String, CaseIterable, Sendable {
  case claimWithOneSession
  case claimWithoutSession
  case doubleFreeze
  case claimOverAssumption
  case thawInTakeover
  case stepBack
  case failback
  case yieldToBetter
  case patienceOver
  case sameEpochStandDown
  case standDown
  case goodbye
  case outOfLane
  case frozenHolderBeaten
  case nobodyWell
  case splitAddress
  case partition
  case watcherBlind
  case lateWake
  case followed
  case lookBesideFrozen
  case withdrawn
  case restored
  case switched
  case given
  case damped
  case outOfService
  case placedElsewhere
  case placementRefused
  case placedBack
  case tableWritten
  case writeRefused
  case fallbackWanted
  case crowdWritten
  case crowdTakenOver
  case crowdRemoved
  case crowdRefused
  case exportAnnounced
  case exportTakenBack
  case exportReplaced
  case exportBackInTime
  /// No place within a rule's limit.
  case exportLeftOut
  /// VIPs leave no room for what a rule would still take.
  case exportCrowdedOut
  /// Routes wait while a fallback waits for the proof that a volley has arrived.
  case exportBehindProof
  case probeLost
  case confirmed
}

/// What one schedule came to.
package struct GroupOutcome: Sendable {
  package var seed: UInt64
  package var manner: Manner
  package var trace: UInt64
  package var violations: [String]
  package var broken: Set<Checker>
  package var reached: Set<GroupProbe>
  package var events: Int
  /// How often best paths were promised and looked at; how often one moved; how often tables were
  /// compared.
  package var looks: Int
  package var shifts: Int
  package var comparisons: Int
}
