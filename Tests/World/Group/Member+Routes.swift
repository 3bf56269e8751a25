// A member and the kernel's routes: what its daemon says of them, held against what it read.

import BGP
import Engine
import Model
import Redistribution

extension Member {
  /// Longer than a route that came and went too often has to rest, and than anything is told late.
  private static let longest = Nanoseconds.seconds(60)

  private var ledger: RouteLedger { watch?.ledger ?? RouteLedger() }

  /// What it has told since this was looked at last.
  func takeCrowdWord() -> CrowdWord? {
    defer { crowdNews = nil }
    return crowdNews
  }

  /// The end of a turn: what has changed is told to the courier.
  func followTables(at now: Instant) {
    guard isTabled, let rules = routeRules, let tables = driver?.engine.tableRoutes else { return }
    guard toldCrowd != tables.generation else {
      if isAsked { crowdNews = crowd }
      return
    }
    toldCrowd = tables.generation
    let word = CrowdWord(voice: tables.voice, prefixes: Set(tables.places.map(\.prefix)))
    for prefix in crowd.prefixes.subtracting(word.prefixes).sorted() {
      guard let wrong = whyNotGone(prefix, rules, at: now) else { continue }
      complain(.tableRoutes, "it takes back \(prefix): \(wrong)")
    }
    crowd = word
    crowdNews = word
  }

  private func whyNotGone(_ prefix: Prefix, _ rules: RouteRules, at now: Instant) -> String? {
    if ledger.isStale { return "its routes are not known" }
    guard let standing = ledger.standings[prefix], standing.rule == nil else {
      return "it has a route"
    }
    let length = now - standing.since
    // Changes leave at moments that they share, half a delay apart.
    return length < rules.patience - rules.delay / 2 ? "gone for \(length.count) ns" : nil
  }

  /// What speaks against a removal that its courier has decided on.
  func whyNotToRemove(_ prefix: Prefix, at now: Instant) -> String? {
    if ledger.listed == .zero { return "its daemon has not heard the kernel" }
    guard let standing = ledger.standings[prefix], standing.rule != nil,
      now - standing.since > Member.longest
    else { return nil }
    return "its kernel has had it for \((now - standing.since).count) ns"
  }

  // MARK: Route servers

  func takeReached() -> Set<GroupProbe> {
    defer { reached.removeAll() }
    return reached
  }

  /// An UPDATE of routes of the kernel: no VIP is in it.
  func isOfRoutes(_ bytes: [UInt8]) -> Bool {
    guard let vipPrefixes, Appliance.isExport(bytes) else { return false }
    return updates(bytes).allSatisfy { update in
      !(update.announced + update.withdrawn).contains { vipPrefixes.contains($0) }
    }
  }

  private func updates(_ bytes: [UInt8]) -> [WireUpdate] {
    var stream = bytes
    return WireMessage.take(from: &stream).compactMap { message, _ in
      if case .update(let update) = message { update } else { nil }
    }
  }

  /// What is about to leave; false: a planted defect holds it back.
  func examineExport(_ bytes: [UInt8], to server: Int) -> Bool {
    if defect == .dropOneExport, server == 1, !hasDropped {
      hasDropped = true
      return false
    }
    if isUnproved[server], driver?.engine.wantsAcknowledgements ?? false {
      complain(.shiftFirst, "routes leave, and a fallback waits for the proof of a volley")
    }
    for update in updates(bytes) {
      for (checker, text) in watch?.sent(update, to: server, at: clock) ?? [] {
        complain(checker, text)
      }
    }
    return true
  }

  func followSessions(_ input: Input) {
    switch input {
    case .connected(let peer):
      watch?.connected(peer.index)
      isUnproved[peer.index] = false
    case .acknowledged(let connection): isUnproved[connection.peer.index] = false
    default: return
    }
  }

  /// A turn is over: rules have no more than their limits.
  func followExports() {
    guard vipPrefixes != nil, let watch, let driver else { return }
    for (checker, text) in watch.turned() { complain(checker, text) }
    let isBehind = isUnproved.indices.contains { server in
      isUnproved[server] && driver.engine.exports.owes(PeerSlot(server))
    }
    if isBehind, driver.engine.wantsAcknowledgements { reached.insert(.exportBehindProof) }
    let names: [(Probe, GroupProbe)] = [
      (.routeAnnounced, .exportAnnounced), (.routeTakenBack, .exportTakenBack),
      (.routeReplaced, .exportReplaced), (.routeBackInTime, .exportBackInTime),
    ]
    for (probe, name) in names where watch.reached.contains(probe) { reached.insert(name) }
  }

  /// In one wake-up no volley may leave behind a route.
  func examineOrder(of effects: [NetworkEffect]) -> [NetworkEffect] {
    var effects = effects
    if defect == .exportsFirst {
      effects = effects.filter(isOfRoutes) + effects.filter { !isOfRoutes($0) }
    }
    var hasExported = false
    for effect in effects {
      if isOfRoutes(effect) { hasExported = true }
      guard hasExported, case .send(_, _, _?) = effect else { continue }
      complain(.shiftFirst, "a volley leaves behind routes")
    }
    return effects
  }

  private func isOfRoutes(_ effect: NetworkEffect) -> Bool {
    if case .send(_, let bytes, nil) = effect { isOfRoutes(bytes) } else { false }
  }

  /// The planted defect: what is replaced is taken back.
  func withdrawReplaced(_ told: Told) {
    guard case .route(let route, _, _?) = told, RouteRules.rule(of: route) != nil else { return }
    let bytes = WireMessage.writeWithdrawal(of: route.prefix)
    if bytes.isEmpty { return }
    for peer in sockets.indices { send(PeerSlot(peer), bytes, armed: nil) }
  }
}
