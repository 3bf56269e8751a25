// How well each host is, put together from its evidence.

package import Model

/// The signals of all targets, and what they come to for each host.
package struct HostTable: Sendable {
  package struct Entry: Equatable, Sendable {
    package var signal = Signal.unknown
    package var since = Instant.zero
  }

  private let hosts: [Plan.Host]
  private let evidence: [Plan.Evidence]
  private let hostOf: [Int]
  private let hasAnchors: Bool
  package private(set) var signals: [Entry]
  package private(set) var health: [Choice.Candidate]
  package private(set) var ownNetwork = OwnNetwork.working
  private(set) var occurrences: [Occurrence] = []
  /// The link of our own address runs.
  private var hasLink = true
  /// Since when our own network is in doubt.
  private var doubtSince: Instant?
  /// Targets that went down while it was, from the moment when it works again: they are asked anew.
  private(set) var doubted: [TargetSlot] = []
  /// Of these targets nothing was heard yet, and what was known of their hosts is taken for what
  /// they say, until then.
  private var assumed: [Bool]
  private(set) var assumedUntil: Instant?

  package init(_ plan: Plan) {
    hosts = plan.hosts
    evidence = plan.targets.map(\.evidence)
    hostOf = plan.targets.map(\.host.index)
    hasAnchors = plan.hosts.contains(where: \.isAnchor)
    signals = Array(repeating: Entry(), count: plan.targets.count)
    assumed = Array(repeating: false, count: plan.targets.count)
    health = Array(repeating: Choice.Candidate(.unknown, since: .zero), count: plan.hosts.count)
    // Each host's health, and our own network gone and back.
    occurrences.reserveCapacity(plan.hosts.count + 2)
  }

  package var isEmpty: Bool { hosts.isEmpty }

  package subscript(_ host: HostSlot) -> Choice.Candidate { health[host.index] }

  /// Whether this machine is that host.
  func isSelf(_ host: HostSlot) -> Bool { hosts[host.index].isSelf }

  package func host(of target: TargetSlot) -> HostSlot { HostSlot(hostOf[target.index]) }

  mutating func occurrencesWereTold() { occurrences.removeAll(keepingCapacity: true) }

  /// Takes in a signal; the answer is whether the health of any host has changed.
  package mutating func learn(_ target: TargetSlot, _ signal: Signal, at now: Instant) -> Bool {
    assumed[target.index] = false
    guard signals[target.index].signal != signal else { return false }
    signals[target.index] = Entry(signal: signal, since: now)
    return settle(changed: hostOf[target.index], at: now)
  }

  /// Our own link came or went.
  package mutating func learn(hasLink: Bool, at now: Instant) -> Bool {
    guard hasLink != self.hasLink else { return false }
    self.hasLink = hasLink
    return settle(changed: nil, at: now)
  }

  /// One host's evidence changed, or with nil something that concerns all.
  private mutating func settle(changed: Int?, at now: Instant) -> Bool {
    let before = ownNetwork
    ownNetwork = judgeNetwork()
    if ownNetwork != before { networkChanged(from: before, at: now) }
    if ownNetwork == before, let changed { return settle(host: changed, at: now) }
    var isChanged = false
    for host in hosts.indices where settle(host: host, at: now) { isChanged = true }
    return isChanged || ownNetwork != before
  }

  private mutating func networkChanged(from before: OwnNetwork, at now: Instant) {
    occurrences.append(.ownNetwork(ownNetwork))
    guard ownNetwork == .working else {
      if before == .working { doubtSince = now }
      return
    }
    // Whoever was lost in the dark may be well: that it went down then is no evidence, and whoever
    // comes up first is not the better one for it.
    guard let doubtSince else { return }
    self.doubtSince = nil
    for target in signals.indices {
      let host = hosts[hostOf[target]]
      guard case .probe = evidence[target], !host.isSelf, !host.isAnchor,
        signals[target].signal == .down, signals[target].since >= doubtSince
      else { continue }
      signals[target] = Entry(signal: .unknown, since: now)
      doubted.append(TargetSlot(target))
    }
  }

  /// Goes on where another stood. A target that is new to a host says what was known of the host,
  /// until it has been heard or `patience` is over: to look at a host in another way moves nothing.
  mutating func succeed(
    _ old: HostTable, _ succession: Succession, patience: Nanoseconds, at now: Instant
  ) {
    (ownNetwork, hasLink, doubtSince) = (old.ownNetwork, old.hasLink, old.doubtSince)
    assumedUntil = old.assumedUntil
    for (place, before) in succession.hosts.enumerated() {
      if let before { health[place] = old.health[before] }
    }
    for (place, before) in succession.targets.enumerated() {
      if let before {
        (signals[place], assumed[place]) = (old.signals[before], old.assumed[before])
      } else if let host = succession.hosts[hostOf[place]] {
        signals[place] = Entry(signal: HostTable.signal(old.health[host].health), since: now)
        assumed[place] = true
        assumedUntil = now + patience
      }
    }
    // How the evidence is put together may be another.
    for host in hosts.indices { _ = settle(host: host, at: now) }
  }

  private static func signal(_ health: Health) -> Signal {
    switch health {
    case .up: .up
    case .down: .down
    case .unknown: .unknown
    }
  }

  /// Of what has not been heard by now nothing is known; the answer is whether that changes
  /// anything.
  mutating func endAssuming(at now: Instant) -> Bool {
    guard let end = assumedUntil, now >= end else { return false }
    assumedUntil = nil
    var isChanged = false
    for target in assumed.indices where assumed[target] {
      isChanged = learn(TargetSlot(target), .unknown, at: now) || isChanged
    }
    return isChanged
  }

  mutating func doubtedWereAsked() { doubted.removeAll(keepingCapacity: true) }

  private mutating func settle(host: Int, at now: Instant) -> Bool {
    let judged = judge(host)
    guard judged != health[host].health else { return false }
    health[host] = Choice.Candidate(judged, since: now)
    occurrences.append(.health(HostSlot(host), judged))
    return true
  }

  private func judgeNetwork() -> OwnNetwork {
    guard hasLink else { return .gone }
    guard hasAnchors else { return .working }
    var isSuspect = false
    for host in hosts where host.isAnchor {
      var isFailing = false
      var isDown = false
      for target in host.targets {
        switch signals[target].signal {
        case .failing: isFailing = true
        case .down: isDown = true
        case .unknown, .neutral, .up: continue
        }
      }
      // One anchor that answers is enough; one that is not known yet proves nothing either way.
      if !isFailing && !isDown { return .working }
      isSuspect = isSuspect || !isDown
    }
    return isSuspect ? .suspect : .gone
  }

  /// Of a host that is only known through our network nothing bad is believed while that is in
  /// doubt.
  private func judge(_ host: Int) -> Health {
    let entry = hosts[host]
    let health = entry.requirement.health(of: entry.targets.lazy.map { signals[$0].signal })
    guard health == .down, ownNetwork != .working, !entry.isSelf, !entry.isAnchor else {
      return health
    }
    let isProvenLocally = entry.targets.contains { target in
      if case .probe = evidence[target] { return false }
      return signals[target].signal == .down
    }
    return isProvenLocally ? health : .unknown
  }
}

extension HostTable {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &signals) {
      $1.keep(&$0.signal)
      $1.keep(&$0.since)
    }
    keeper.keep(each: &health) {
      $1.keep(&$0.health)
      $1.keep(&$0.since)
    }
    keeper.keep(&ownNetwork)
    keeper.keep(&hasLink)
    keeper.keep(&doubtSince)
    keeper.keep(each: &assumed) { $1.keep(&$0) }
    keeper.keep(&assumedUntil)
  }
}
