// What a route is to be, and what became of that.

package import Model

/// What a route is to be.
package enum Wish: Hashable, Sendable {
  /// It leads to this appliance.
  case hop(IPAddress)
  /// It is not there, so that BGP decides.
  case absent
  /// It is not there any more if it leads where we led it; whoever led it elsewhere keeps it.
  case removed(from: [IPAddress])
  /// It is somebody else's now: hands off.
  case notOurs
}

extension Wish {
  /// Whether it takes a route away, which Azure counts apart.
  var isRemoval: Bool {
    switch self {
    case .absent, .removed: true
    case .hop, .notOurs: false
    }
  }
}

/// The newest word of the daemon about one route.
package struct Intent: Hashable, Sendable {
  package var generation: Generation
  package var wish: Wish

  package init(_ generation: Generation, _ wish: Wish) {
    self.generation = generation
    self.wish = wish
  }
}

/// A managed route of a table.
package struct RouteSlot: Hashable, Comparable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: RouteSlot, right: RouteSlot) -> Bool { left.index < right.index }
}

/// A route that is looked after.
package struct ManagedRoute: Hashable, Sendable {
  package var name: String
  package var prefix: Prefix
  /// The hops it may get, so that the bodies of their PUTs exist before they are needed.
  package var candidates: [IPAddress]

  package init(name: String, prefix: Prefix, candidates: [IPAddress]) {
    self.name = name
    self.prefix = prefix
    self.candidates = candidates
  }
}

/// Why a route is not yet what it should be.
package enum Trouble: Hashable, Sendable {
  case busy(Complaint)
  case throttled(Complaint)
  case unauthorised(Complaint)
  case forbidden(Complaint)
  case homeless(Complaint)
  case refused(Complaint)
  case failing(Complaint)
  case operationFailed(Complaint)
  case operationNeverEnds
  case lost(Loss)
  case unreadable
  /// Somebody writes it again and again although it is ours.
  case contested
  /// Another route of the table has the prefix, and each stands once in a table.
  case taken(by: String)
  /// The table has so many routes that the rest is for virtual IPs.
  case full(Int)
  /// The store does not have the word, and would not know the route for ours after a crash.
  case unkept

  /// Nothing but a person can mend it.
  package var isForPeople: Bool {
    switch self {
    case .forbidden, .homeless, .refused, .contested, .taken, .full: true
    default: false
    }
  }
}

/// What is told of a route.
package enum Outcome: Hashable, Sendable {
  /// Azure took the write; it is not yet in force.
  case accepted
  /// A read shows what was wished.
  case done
  /// It is not done, and why; it is tried again.
  case waiting(Trouble)
  /// A newer word took its place before it was done.
  case superseded
  /// It leads elsewhere and is not ours to mend, or is not to be mended.
  case drifted(RouteRecord?)
}

/// What is done when a table does not say what it should.
package enum DriftPolicy: Hashable, Sendable {
  case repair
  case report
}
