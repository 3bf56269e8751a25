// What the kernel itself says of a host: its link, an address, a route, a neighbour.

package import Model

/// The kernel's word on the targets that need no probe. Routes and neighbours are kept as far as
/// they are evidence; while one of these classes is stale, nothing is said of it.
package struct KernelEvidence: Sendable {
  /// A target, and what the kernel has said for it.
  private struct Watched: Sendable {
    let target: TargetSlot
    let evidence: Plan.Evidence
    /// Routes for the prefix, each by its table and metric; or the interfaces on which the
    /// neighbour has failed.
    var entries: [UInt64] = []
    /// Those that the running dump, or the news since it began, has named.
    var confirmed: [UInt64] = []
    /// The network makes the neighbour's entries, so they say nothing of anybody.
    var isDiscounted = false

    var signal: Signal {
      if case .neighbour = evidence { return entries.isEmpty || isDiscounted ? .neutral : .down }
      return entries.isEmpty ? .down : .up
    }

    mutating func note(_ key: UInt64, isThere: Bool) {
      for path in [\Watched.entries, \Watched.confirmed] {
        let place = self[keyPath: path].firstIndex(of: key)
        if let place, !isThere { self[keyPath: path].remove(at: place) }
        if place == nil, isThere, self[keyPath: path].count < KernelEvidence.entryLimit {
          self[keyPath: path].append(key)
        }
      }
    }
  }

  /// How many routes for one prefix, or failed entries of one neighbour, are told apart. We chose
  /// it: more than there are routing daemons on a machine.
  package static let entryLimit = 16

  private var watched: [Watched]
  package private(set) var needsRoutes = false
  package private(set) var needsNeighbours = false
  private var areRoutesCurrent = false
  private var areNeighboursCurrent = false

  init(_ plan: Plan) {
    watched = []
    for (index, target) in plan.targets.enumerated() {
      switch target.evidence {
      case .probe: continue
      case .route: needsRoutes = true
      case .neighbour: needsNeighbours = true
      case .link, .address: break
      }
      watched.append(Watched(target: TargetSlot(index), evidence: target.evidence))
    }
  }

  /// Goes on where another stood; the answer is the classes that have to be listed for what is new.
  mutating func succeed(_ old: KernelEvidence) -> [KernelClass] {
    var isNew: [KernelClass] = []
    for place in watched.indices {
      if let before = old.watched.first(where: { $0.evidence == watched[place].evidence }) {
        watched[place].entries = before.entries
        watched[place].confirmed = before.confirmed
        watched[place].isDiscounted = before.isDiscounted
      } else {
        isNew.append(KernelEvidence.kernelClass(watched[place]))
      }
    }
    areRoutesCurrent = old.areRoutesCurrent && !isNew.contains(.routes)
    areNeighboursCurrent = old.areNeighboursCurrent && !isNew.contains(.neighbours)
    return KernelClass.allCases.filter { isNew.contains($0) }
  }

  var isEmpty: Bool { watched.isEmpty }
  var places: Range<Int> { watched.indices }

  /// What the link or address at a place comes to; nil for anything else.
  func interfaceSignal(
    _ place: Int, _ view: borrowing KernelView
  ) -> (target: TargetSlot, signal: Signal)? {
    let isUp: Bool
    switch watched[place].evidence {
    case .link(let name): isUp = view.isRunning(name)
    case .address(let address):
      guard let slot = view.slot(of: address) else { return nil }
      isUp = view.isUsable(slot)
    case .route, .neighbour, .probe: return nil
    }
    return (watched[place].target, isUp ? .up : .down)
  }

  /// A route came or went; the answer is what its target now says.
  mutating func learn(_ route: Route, isGone: Bool) -> (target: TargetSlot, signal: Signal)? {
    guard route.kind == .unicast, let place = place(of: .route(route.destination)) else {
      return nil
    }
    watched[place].note(UInt64(route.table) << 32 | UInt64(route.metric), isThere: !isGone)
    return areRoutesCurrent ? (watched[place].target, watched[place].signal) : nil
  }

  /// A neighbour entry changed; the answer is what its target now says.
  mutating func learn(
    _ neighbour: Neighbour, isGone: Bool
  ) -> (target: TargetSlot, signal: Signal)? {
    guard !neighbour.isProxy, case .v4(let address) = neighbour.address,
      let place = place(of: .neighbour(address))
    else { return nil }
    let key = UInt64(UInt32(bitPattern: neighbour.interface.value))
    watched[place].note(key, isThere: !isGone && neighbour.state.hasFailed)
    return areNeighboursCurrent ? (watched[place].target, watched[place].signal) : nil
  }

  /// Whether the network makes the entries of a neighbour; the answer is what its target now says,
  /// if that is another thing. The entries are kept all the same, for when they count again.
  mutating func discount(_ target: TargetSlot, _ isDiscounted: Bool) -> Signal? {
    guard let place = watched.firstIndex(where: { $0.target == target }),
      case .neighbour = watched[place].evidence, watched[place].isDiscounted != isDiscounted
    else { return nil }
    watched[place].isDiscounted = isDiscounted
    return areNeighboursCurrent ? watched[place].signal : nil
  }

  /// A complete dump of a class begins.
  mutating func beginConfirming(_ kernelClass: KernelClass) {
    setCurrent(kernelClass, false)
    for index in watched.indices where KernelEvidence.kernelClass(watched[index]) == kernelClass {
      watched[index].confirmed.removeAll(keepingCapacity: true)
    }
  }

  mutating func becameStale(_ kernelClass: KernelClass) { setCurrent(kernelClass, false) }

  /// A class was read completely: what was not named is gone.
  mutating func isComplete(
    _ kernelClass: KernelClass
  ) -> [(target: TargetSlot, signal: Signal)] {
    setCurrent(kernelClass, true)
    var signals: [(target: TargetSlot, signal: Signal)] = []
    for index in watched.indices where KernelEvidence.kernelClass(watched[index]) == kernelClass {
      watched[index].entries = watched[index].confirmed
      signals.append((watched[index].target, watched[index].signal))
    }
    return signals
  }

  private mutating func setCurrent(_ kernelClass: KernelClass, _ isCurrent: Bool) {
    switch kernelClass {
    case .routes: areRoutesCurrent = isCurrent
    case .neighbours: areNeighboursCurrent = isCurrent
    case .interfaces: break
    }
  }

  private static func kernelClass(_ entry: Watched) -> KernelClass {
    switch entry.evidence {
    case .route: .routes
    case .neighbour: .neighbours
    case .link, .address, .probe: .interfaces
    }
  }

  private func place(of evidence: Plan.Evidence) -> Int? {
    watched.firstIndex { $0.evidence == evidence }
  }
}

extension Failover {
  /// Links or addresses have changed.
  mutating func learnInterfaces(at now: Instant) -> Bool {
    var isChanged = hosts.learn(hasLink: hasLink, at: now)
    for place in kernelEvidence.places {
      guard let news = kernelEvidence.interfaceSignal(place, view) else { continue }
      if hosts.learn(news.target, news.signal, at: now) { isChanged = true }
    }
    return isChanged
  }

  package mutating func learned(
    _ route: Route, isGone: Bool, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let news = kernelEvidence.learn(route, isGone: isGone) else { return }
    learned(news.target, news.signal, at: now, into: &verdicts)
  }

  package mutating func learned(
    _ neighbour: Neighbour, isGone: Bool, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let news = kernelEvidence.learn(neighbour, isGone: isGone) else { return }
    learned(news.target, news.signal, at: now, into: &verdicts)
  }

  /// Who answers for a neighbour was recognised.
  package mutating func recognised(
    _ target: TargetSlot, isDiscounted: Bool, at now: Instant, into verdicts: inout [Verdict]
  ) {
    guard let signal = kernelEvidence.discount(target, isDiscounted) else { return }
    learned(target, signal, at: now, into: &verdicts)
  }

  /// A complete dump of a class begins.
  package mutating func beginConfirming(_ kernelClass: KernelClass) {
    if kernelClass == .interfaces {
      beginConfirming()
    } else {
      kernelEvidence.beginConfirming(kernelClass)
    }
  }

  /// Nothing may be decided on the class until it was read completely.
  package mutating func becameStale(_ kernelClass: KernelClass) {
    if kernelClass == .interfaces {
      viewBecameStale()
    } else {
      kernelEvidence.becameStale(kernelClass)
    }
  }

  /// A class other than the interfaces was read completely.
  package mutating func isComplete(
    _ kernelClass: KernelClass, at now: Instant, into verdicts: inout [Verdict]
  ) {
    for (target, signal) in kernelEvidence.isComplete(kernelClass) {
      learned(target, signal, at: now, into: &verdicts)
    }
  }
}

extension KernelEvidence {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &watched) {
      $1.keep(&$0.entries, blank: 0, limit: KernelEvidence.entryLimit) { $1.keep(&$0) }
      $1.keep(&$0.confirmed, blank: 0, limit: KernelEvidence.entryLimit) { $1.keep(&$0) }
      $1.keep(&$0.isDiscounted)
    }
    keeper.keep(&areRoutesCurrent)
    keeper.keep(&areNeighboursCurrent)
  }
}
