// The BGP side of the machine: a session with each route server, and the volleys armed for it.

package import BGP
import Bytes
package import Failover
package import Model

/// Sessions and volleys. What a VIP stands at is told to it; whom to tell, in which bytes, it
/// knows.
package struct Speaker: ~Copyable {
  package internal(set) var sessions: [Peering]
  /// By peer: what firing must know of its session. Plain values, so that ten thousand volleys at
  /// once do not copy ten thousand sessions.
  var targets: [Target]
  /// By peer: what holds for its session. Not in the targets, of which each volley reads some.
  var spoken: [Negotiated?]
  package private(set) var magazine: Magazine
  var scratch: SessionOutput
  /// By VIP, then by candidate.
  private let nextHops: [NextHopAddresses]
  private let firstHop: [Int]
  /// By place in `nextHops`: the same number for the same next hops.
  private let hopNumbers: [Int]
  /// The families that the VIPs have prefixes of.
  let families: Families
  let localASN: ASNumber
  private let endOfRIB = UpdateEncoder.endOfRIB(.ipv4Unicast)
  private let endOfRIBIPv6 = UpdateEncoder.endOfRIB(.ipv6Unicast)
  /// What was last announced for each VIP, or nil before the kernel was heard.
  var standing: [Standing?]
  /// VIPs whose next volley is not armed yet.
  private var unarmed: [VIPSlot]
  private var isUnarmed: [Bool]
  /// Sessions that ended: their volleys are forgotten once the outputs that may still name them
  /// were carried out.
  private var ended: [PeerSlot] = []
  /// Volleys that had to be encoded at the moment of firing.
  package internal(set) var lateArmings: UInt64 = 0
  /// By peer.
  var paces: [RefreshPace]
  /// Leaving in order: what stands is told as resigned and about to go (RFC 8326).
  private(set) var isDraining = false
  /// What is announced beside VIPs; empty when nothing is.
  let exporting: [Exporting]
  /// Routes that one UPDATE may carry of those.
  let exportLimit: Int
  /// By peer: the families of which it was told all VIPs, and not of the exports yet.
  var retold: [Families]
  /// Since when no session is established; nil before they were begun.
  var unheardSince: Instant?

  /// What was announced last, and how the magazine finds it again: in a mass shift nearly all say
  /// the same.
  private var said: (hop: Int, rung: Rung, voice: UInt32)?

  struct Target {
    var isEstablished = false
    var side = ConnectionSide.outgoing
    var epoch: UInt32 = 0
    /// When the session was last told that something leaves.
    var told: Instant?
    /// Since when there is something that the route server's TCP has not acknowledged.
    var unproved: Instant?
  }

  init(_ plan: Plan, seed: UInt64) {
    // Of a VIP that stands in route tables only there is nothing to announce.
    let contents = plan.vips.map {
      VolleyContent($0.isAnnounced ? $0.prefixes : [], $0.attributes)
    }
    localASN = plan.local.asn
    exporting = plan.redistributions.map { Exporting($0, of: plan) }
    let held = contents.reduce(0) { $0 + $1.count }
    let platformLimit = plan.routeServers.platform.routeLimit
    exportLimit = platformLimit.map { max(1, $0 - held - plan.exportLimit) } ?? .max
    families = Speaker.families(of: plan)
    let settings = Speaker.settings(of: plan, families)
    sessions = plan.routeServers.peers.indices.map {
      // Each session jitters for itself.
      Peering(settings, seed: seed &+ UInt64($0) &* 0x9e37_79b9_7f4a_7c15)
    }
    magazine = Magazine(
      contents, peers: plan.routeServers.peers.count, localASN: plan.local.asn,
      platformLimit: platformLimit.map { $0 - plan.exportLimit },
      volleysPerPeer: 1 + (plan.vips.map { max(1, $0.candidates.count) }.max() ?? 1))
    targets = Array(repeating: Target(), count: plan.routeServers.peers.count)
    spoken = Array(repeating: nil, count: plan.routeServers.peers.count)
    paces = Array(repeating: RefreshPace(), count: plan.routeServers.peers.count)
    retold = Array(repeating: [], count: plan.routeServers.peers.count)
    scratch = SessionOutput()
    var nextHops: [NextHopAddresses] = []
    var firstHop: [Int] = []
    for index in plan.vips.indices {
      firstHop.append(nextHops.count)
      nextHops.append(contentsOf: plan.nextHopAddresses(of: VIPSlot(index)))
    }
    self.nextHops = nextHops
    self.firstHop = firstHop
    var numbers: [NextHopAddresses: Int] = [:]
    hopNumbers = nextHops.map { hops in
      if let number = numbers[hops] { return number }
      numbers[hops] = numbers.count
      return numbers.count - 1
    }
    standing = Array(repeating: nil, count: plan.vips.count)
    unarmed = []
    isUnarmed = Array(repeating: false, count: plan.vips.count)
    unarmed.reserveCapacity(plan.vips.count)
    ended.reserveCapacity(plan.routeServers.peers.count)
  }

  package var deadline: Instant? {
    var earliest = Peering.earliest(of: sessions.span)
    // A span lends what an index would copy: this is asked several times a turn.
    let paces = paces.span
    for index in paces.indices {
      earliest = Instant.earlier(earliest, paces[index].deadline)
    }
    return earliest
  }

  mutating func start(at now: Instant, into outputs: inout Outputs) {
    for index in sessions.indices {
      let before = sessions[index].state
      sessions[index].start(at: now, into: &scratch)
      carryOut(PeerSlot(index), before: before, at: now, into: &outputs)
    }
  }

  mutating func stop(at now: Instant, into outputs: inout Outputs) {
    for index in sessions.indices {
      let before = sessions[index].state
      sessions[index].stop(.administrativeShutdown, at: now, into: &scratch)
      carryOut(PeerSlot(index), before: before, at: now, into: &outputs)
    }
  }

  mutating func accepted(_ peer: PeerSlot, at now: Instant, into outputs: inout Outputs) {
    let before = sessions[peer.index].state
    sessions[peer.index].accepted(at: now, into: &scratch)
    carryOut(peer, before: before, at: now, into: &outputs)
  }

  mutating func handle(
    _ event: SessionEvent, _ connection: ConnectionSlot, at now: Instant,
    into outputs: inout Outputs
  ) {
    let peer = connection.peer
    let before = sessions[peer.index].state
    sessions[peer.index].handle(event, connection.side, at: now, into: &scratch)
    carryOut(peer, before: before, at: now, into: &outputs)
  }

  mutating func receive(
    _ bytes: Span<UInt8>, _ connection: ConnectionSlot, at now: Instant,
    into outputs: inout Outputs
  ) {
    let peer = connection.peer
    let before = sessions[peer.index].state
    sessions[peer.index].receive(bytes, connection.side, at: now, into: &scratch)
    carryOut(peer, before: before, at: now, into: &outputs)
  }

  mutating func turn(at now: Instant, into outputs: inout Outputs) {
    for index in sessions.indices {
      if let deadline = sessions[index].deadline, now >= deadline {
        let before = sessions[index].state
        sessions[index].turn(at: now, into: &scratch)
        carryOut(PeerSlot(index), before: before, at: now, into: &outputs)
      }
      answerRefresh(PeerSlot(index), at: now, into: &outputs)
    }
  }

  /// TCP has not taken all that was sent.
  mutating func held(_ connection: ConnectionSlot, at now: Instant) {
    let peer = connection.peer.index
    sessions[peer].noteHeld(connection.side, at: now)
    if targets[peer].side == connection.side { paces[peer].hold(true) }
  }

  /// TCP has taken everything.
  mutating func taken(
    _ connection: ConnectionSlot, at now: Instant, into outputs: inout Outputs
  ) {
    let peer = connection.peer.index
    sessions[peer].noteTaken(connection.side)
    guard targets[peer].side == connection.side else { return }
    paces[peer].hold(false)
    answerRefresh(connection.peer, at: now, into: &outputs)
  }

  /// The route server has everything that was sent.
  mutating func acknowledged(_ connection: ConnectionSlot) {
    let peer = connection.peer.index
    if targets[peer].side == connection.side { targets[peer].unproved = nil }
  }

  /// Since when BGP has not proved that everything was delivered: an established route server has
  /// not acknowledged it, or none is established. Nil: it is proved.
  var doubt: Instant? {
    guard isHeard else { return unheardSince }
    var earliest: Instant?
    for target in targets where target.isEstablished {
      earliest = Instant.earlier(earliest, target.unproved)
    }
    return earliest
  }

  /// Whether any route server hears us.
  var isHeard: Bool { targets.contains(where: \.isEstablished) }

  /// Leaves in order: one UPDATE replaces what stands for each VIP, and nothing is withdrawn. The
  /// rung is the resigned one, since that alone changes no best path: a longer one could meet a
  /// standby path of the same length.
  mutating func drain(at now: Instant, into outputs: inout Outputs) {
    isDraining = true
    // The same rung is said in another way from now on.
    said = nil
    for index in targets.indices where targets[index].isEstablished {
      announceAll(PeerSlot(index), .all, at: now, into: &outputs)
    }
  }

  /// Answers a request for everything, when its time has come.
  private mutating func answerRefresh(
    _ peer: PeerSlot, at now: Instant, into outputs: inout Outputs
  ) {
    guard targets[peer.index].isEstablished,
      let families = paces[peer.index].takeAnswer(at: now)
    else { return }
    announceAll(peer, families, at: now, into: &outputs)
  }

  /// Announces what stands for a VIP now to every established route server, from the magazine.
  mutating func announce(
    _ vip: VIPSlot, _ standing: Standing, shift: UInt32, at now: Instant,
    into outputs: inout Outputs
  ) {
    let isSilent = standing.isWithdrawn && self.standing[vip.index] == nil
    self.standing[vip.index] = standing
    note(unarmed: vip)
    // What was never announced needs no withdrawal.
    if isSilent { return }
    let hop = hopNumbers[firstHop[vip.index] + standing.candidate]
    if let said, said.hop != hop || said.rung != standing.rung || standing.isWithdrawn {
      self.said = nil
    }
    for index in targets.indices where targets[index].isEstablished {
      let peer = PeerSlot(index)
      if let voice = said?.voice,
        let volley = magazine.volley(vip, for: peer, voice: voice, epoch: targets[index].epoch)
      {
        fire(volley, peer, shift: shift, at: now, into: &outputs)
      } else {
        let voice = fire(
          vip, announcement(vip, standing), peer, .all, shift: shift, at: now, into: &outputs)
        said = voice.map { (hop, standing.rung, $0) }
      }
    }
  }

  /// How many prefixes a route server was told that stand; none while no session is up.
  package func announcedPrefixes(_ peer: PeerSlot) -> Int {
    guard targets[peer.index].isEstablished,
      let spoken = sessions[peer.index].negotiated?.families
    else { return 0 }
    var count = 0
    for index in standing.indices {
      guard let stands = standing[index], !stands.isWithdrawn else { continue }
      let content = magazine.content(of: VIPSlot(index))
      if spoken.contains(.ipv4Unicast) { count += content.ipv4.count }
      if spoken.contains(.ipv6Unicast) { count += content.ipv6.count }
    }
    return count
  }

  /// What was last announced for a VIP.
  package func standing(_ vip: VIPSlot) -> Standing? { standing[vip.index] }

  /// What would be announced next for a VIP is not what was armed.
  mutating func prepare(_ vip: VIPSlot) { note(unarmed: vip) }

  /// In words of the session: where the traffic should go, and how strongly it is claimed.
  package func announcement(_ vip: VIPSlot, _ standing: Standing) -> Announcement {
    if standing.isWithdrawn { return .withdrawal }
    return Announcement(
      nextHops: nextHops[firstHop[vip.index] + standing.candidate],
      rung: isDraining ? standing.rung.resigned : standing.rung, isShuttingDown: isDraining)
  }

  /// Arms what the shifts before have used up, and what may come next.
  mutating func arm(_ failover: borrowing Failover) {
    // A peer that is established again, on whichever connection, has volleys of the new epoch.
    for peer in ended where !targets[peer.index].isEstablished { magazine.disarm(peer) }
    ended.removeAll(keepingCapacity: true)
    for vip in unarmed {
      isUnarmed[vip.index] = false
      for index in targets.indices where targets[index].isEstablished {
        // What stands is named again first: it may still wait to leave, so others are replaced.
        if let standing = standing[vip.index] { arm(vip, standing, PeerSlot(index)) }
        // Who leaves claims nothing more.
        if isDraining { continue }
        for next in 0..<failover.upcomingCount(vip) {
          guard let upcoming = failover.upcoming(vip, next) else { continue }
          arm(vip, upcoming, PeerSlot(index))
        }
      }
    }
    unarmed.removeAll(keepingCapacity: true)
  }

  mutating func note(unarmed vip: VIPSlot) {
    if isUnarmed[vip.index] { return }
    isUnarmed[vip.index] = true
    unarmed.append(vip)
  }

  private mutating func arm(_ vip: VIPSlot, _ standing: Standing, _ peer: PeerSlot) {
    guard let negotiated = spoken[peer.index] else { return }
    _ = magazine.arm(
      vip, for: peer, announcement(vip, standing), negotiated: negotiated,
      epoch: targets[peer.index].epoch)
  }

  /// Tells a peer where a VIP stands, in these families as far as the session has them. Answers how
  /// the magazine finds the next that says the same.
  @discardableResult
  mutating func fire(
    _ vip: VIPSlot, _ announcement: Announcement, _ peer: PeerSlot, _ families: Families,
    shift: UInt32, at now: Instant, into outputs: inout Outputs
  ) -> UInt32? {
    guard let armed = armed(vip, peer, announcement) else { return nil }
    let volley = armed.only(families)
    // Of a VIP whose family the peer does not speak there is nothing to tell.
    guard magazine.count(of: volley) > 0 else { return nil }
    fire(volley, peer, shift: shift, at: now, into: &outputs)
    return magazine.voice(of: armed)
  }

  private mutating func fire(
    _ volley: VolleyID, _ peer: PeerSlot, shift: UInt32, at now: Instant,
    into outputs: inout Outputs
  ) {
    outputs.fire(volley, ConnectionSlot(peer, targets[peer.index].side), shift: shift)
    // Once for all that leaves together.
    if targets[peer.index].unproved == nil { targets[peer.index].unproved = now }
    if let told = targets[peer.index].told, told == now { return }
    targets[peer.index].told = now
    sessions[peer.index].noteSent(at: now)
  }

  mutating func noteTarget(_ peer: PeerSlot, at now: Instant) {
    let before = targets[peer.index]
    targets[peer.index] = Target(
      isEstablished: sessions[peer.index].state == .established, side: sessions[peer.index].side,
      epoch: sessions[peer.index].epoch)
    spoken[peer.index] = sessions[peer.index].negotiated
    if before.isEstablished, before.epoch == targets[peer.index].epoch {
      targets[peer.index].unproved = before.unproved
    }
    if isHeard {
      unheardSince = nil
    } else if unheardSince == nil {
      unheardSince = now
    }
  }

  private mutating func armed(
    _ vip: VIPSlot, _ peer: PeerSlot, _ announcement: Announcement
  ) -> VolleyID? {
    let epoch = targets[peer.index].epoch
    if let volley = magazine.volley(vip, for: peer, announcement, epoch: epoch) { return volley }
    guard let negotiated = spoken[peer.index] else { return nil }
    // Two shifts of one VIP in one turn, or a step down: right comes before fast.
    lateArmings += 1
    return magazine.arm(vip, for: peer, announcement, negotiated: negotiated, epoch: epoch)
  }

  mutating func carryOut(
    _ peer: PeerSlot, before: SessionState, at now: Instant, into outputs: inout Outputs
  ) {
    var reason: DownReason?
    noteTarget(peer, at: now)
    for index in scratch.actions.indices {
      let connection = ConnectionSlot(peer, scratch.sides[index])
      switch scratch.actions[index] {
      case .connect: outputs.add(.connect(peer))
      case .accept: outputs.add(.accept(peer))
      case .refuse(let piece): outputs.refuse(piece, of: scratch.bytes.bytes, to: peer)
      case .close: outputs.add(.close(connection))
      case .send(let piece): outputs.send(piece, of: scratch.bytes.bytes, to: connection)
      case .down(let why):
        if !why.isCollision { reason = why }
        // One read can bring a refresh and then a NOTIFICATION: the answer to the first is already
        // an output.
        if !ended.contains(peer) { ended.append(peer) }
        if !targets[peer.index].isEstablished { paces[peer.index] = RefreshPace() }
      // What came behind in the same read may have ended the session: then nobody listens.
      case .established where !targets[peer.index].isEstablished,
        .refreshRequested where !targets[peer.index].isEstablished:
        continue
      case .established:
        announceAll(peer, .all, at: now, into: &outputs)
        // With exports behind them it is not the end yet.
        if exporting.isEmpty { sendEndOfRIB(connection, into: &outputs) }
      case .refreshRequested(let families):
        paces[peer.index].ask(families, at: now)
        answerRefresh(peer, at: now, into: &outputs)
      case .update: continue
      }
    }
    scratch.removeAll()
    let after = sessions[peer.index].state
    if after != before || reason != nil { outputs.add(.note(.session(peer, after, reason))) }
    let missing = missingFamilies(peer)
    if after != before, !missing.isEmpty {
      outputs.add(.note(.alarm(.notSpoken(peer, missing))))
    }
  }

  /// Everything that stands: at session start and when the route server asks again.
  private mutating func announceAll(
    _ peer: PeerSlot, _ families: Families, at now: Instant, into outputs: inout Outputs
  ) {
    retold[peer.index].formUnion(families)
    for index in standing.indices {
      // A session begins with nothing, and what was withdrawn stays so.
      guard let standing = standing[index], !standing.isWithdrawn else { continue }
      arm(VIPSlot(index), standing, peer)
      let announcement = announcement(VIPSlot(index), standing)
      fire(VIPSlot(index), announcement, peer, families, shift: 0, at: now, into: &outputs)
      // What may come next is armed when there is time.
      note(unarmed: VIPSlot(index))
    }
  }

  /// RFC 4724 section 2: the end of the first announcement is marked, family by family, graceful
  /// restart or not.
  func sendEndOfRIB(_ connection: ConnectionSlot, into outputs: inout Outputs) {
    guard let spoken = sessions[connection.peer.index].negotiated?.families else { return }
    if spoken.contains(.ipv4Unicast) {
      outputs.send(endOfRIB.indices, of: endOfRIB, to: connection)
    }
    if spoken.contains(.ipv6Unicast) {
      outputs.send(endOfRIBIPv6.indices, of: endOfRIBIPv6, to: connection)
    }
  }

  mutating func takeRetold(_ peer: PeerSlot) -> Families {
    defer { retold[peer.index] = [] }
    return retold[peer.index]
  }

  /// Something that is no volley leaves.
  mutating func noteTold(_ peer: PeerSlot, at now: Instant) {
    targets[peer.index].told = now
    sessions[peer.index].noteSent(at: now)
  }

  /// The families of our prefixes that a route server, now established, does not take.
  package func missingFamilies(_ peer: PeerSlot) -> Families {
    guard targets[peer.index].isEstablished,
      let spoken = sessions[peer.index].negotiated?.families
    else { return [] }
    return families.subtracting(spoken)
  }
}

extension Speaker {
  /// Sessions and what stands. Volleys are no state: they are armed anew.
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &sessions) { $0.keep(in: &$1) }
    for place in sessions.indices {
      if keeper.isReading { noteTarget(PeerSlot(place), at: .zero) }
      keeper.keep(&targets[place].told)
      keeper.keep(&targets[place].unproved)
    }
    keeper.keep(&unheardSince)
    keeper.keep(each: &standing) {
      $1.keep(&$0, blank: Standing(candidate: 0, rung: .standby)) {
        Standing.keep(&$0, in: &$1)
      }
    }
    keeper.keep(each: &paces) { $0.keep(in: &$1) }
    keeper.keep(&isDraining)
    keeper.keep(each: &retold) { $1.keep(&$0) }
    said = nil
    keeper.keep(&lateArmings)
    guard keeper.isReading else { return }
    for place in standing.indices { note(unarmed: VIPSlot(place)) }
  }
}
