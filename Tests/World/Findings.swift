// What the simulation can find: broken rules, by name, and rare branches that some schedule must
// reach.

package import Model

/// A rule that is checked against the route servers' tables and the wire.
package enum Checker: String, CaseIterable, Sendable {
  /// No UPDATE carries a withdrawal, but of a VIP that nobody can carry and that is to go then.
  case withdrawal
  /// What was said is not said again within a session unless a refresh asked.
  case repetition
  /// A refresh is answered with everything that stands.
  case refresh
  /// The end of the first announcement is marked for each family of the session.
  case endOfRIB
  /// No more changes on the wire than claims and steps down.
  case oneUpdate
  /// Both route servers hold the same routes from an appliance 100 ms after things are quiet.
  case sameOnBoth
  /// What stands is what the rules of the ladder say.
  case rung
  /// The best path leads to the holder of the address and to nobody else, where the ladder promises
  /// it.
  case bestPath
  /// Nothing is decided on a stale class.
  case stale
  /// What arrives is what was armed, byte for byte.
  case armed
  /// Every message can be read.
  case format
  /// Outputs, bytes and events stay bounded.
  case bounds
  /// Once faults stop, both sessions of both appliances are up.
  case liveness

  // Of groups.
  /// Two speakers never claim at the same length.
  case equalPaths
  /// Two that live and have heard each other do not both claim.
  case rivals
  /// A best path moves at most once for each thing that happens.
  case pingPong
  /// Nobody is well: what stood stands, or is withdrawn if that is wanted.
  case nobody
  /// Watchers that hear each other send the traffic to the same host.
  case unison
  /// Traffic leaves somebody who is well only for a better one that was well for long enough.
  case failback
  /// What can wait waits until the damping window is over.
  case damping
  /// A pause of our own blames nobody.
  case ownPause
  /// An address that was given away and not taken may stay; one that has gone is not asked for.
  case placement
  /// Two that live and have heard each other do not both want to write route tables.
  case voices
  /// What was decided is soon at each route server that listens, whatever the other one does.
  case independent
  /// Whoever stood still wants to write nothing before it has listened.
  case earlyVoice
  /// Once faults stop, route tables say what the claimant wants.
  case tables
  /// A shift is confirmed when packets go where it led them, and not before.
  case confirmation
  /// A machine in shadow mode says nothing and decides the same.
  case shadow
  /// What a route server holds together with an UPDATE stays below its limit.
  case routeLimit

  // Of the kernel's routes.
  /// Two that live and have heard each other do not both write one table's routes.
  case writers
  /// A table has what the claimant's kernel has, and nobody removes what its own kernel has, or
  /// what it has not written.
  case tableRoutes
  /// What the route servers hold is what the rules select of what the kernel has.
  case exports
  /// A route is taken back when it was gone for its grace, and never because it was replaced.
  case exportWithdrawal
  /// A shift leaves before any route that had not begun to.
  case shiftFirst
  /// No more than the limit of each rule.
  case exportLimit
  /// A route that comes and goes is held back.
  case exportFlaps
  /// Who gets a place does not depend on the order in which routes were heard.
  case exportChoice
}

/// A rare branch.
package enum Probe: String, CaseIterable, Sendable {
  case claimWithOneSession
  case claimWithoutSession
  case claimAfterStale
  case refreshDuringShift
  case ipv6AtOneServer
  case ipv6AtBothServers
  case thawWithStaleRung
  case exhausted
  case interruptedTwice
  case dumpRefused
  case dumpUnsendable
  case overrunWhileCurrent
  case stepDown
  case holdExpiredAtServer
  case holdExpiredAtAppliance
  case bothServersRestarted
  case connectionRefusedByServer
  case addressOnTwo
  /// A daemon that was killed starts with the address, and a takeover in its file.
  case claimTakenUp
  /// The address is given back to a machine that thaws with it: keepalived's preemption.
  case preemptedByThawed

  // Of the kernel's routes.
  case routeAnnounced
  case routeTakenBack
  case routeReplaced
  /// It came back before its grace was over.
  case routeBackInTime
  case routeLeftOut
  case routeHeldBack
  case routesLost
  case routesInterrupted
  case routesWithShift
}

/// Limits of one schedule.
package enum Limits {
  package static let events = 20_000
  /// A reload that has the kernel listed again is many events of its own.
  package static let eventsWithReloads = 40_000
  package static let effectsPerWake = 64
  package static let outputsPerInput = 64
  package static let bytesPerInput = 4_096
  /// How often a prefix may be taken back within `flapWindow`: twice what is borne before it rests,
  /// since the count begins anew with each window.
  package static let withdrawalsPerWindow = 6
  package static let flapWindow = Nanoseconds.seconds(60)
}

/// What one schedule came to.
package struct Outcome: Sendable {
  package var seed: UInt64
  package var trace: UInt64
  package var violations: [String]
  package var broken: Set<Checker>
  package var reached: Set<Probe>
  package var events: Int
  /// How often the best path was promised and checked, and how often the ladder promised nothing.
  package var promises: Int
  /// Of the former, how often because nothing had happened for longer than the grace.
  package var settledPromises: Int
  package var unpromised: Int
  /// Of the latter, how often the best path led to both machines, and how often to the wrong one.
  package var ties: Int
  package var astray: Int
  package var comparisons: Int
}
