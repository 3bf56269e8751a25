// A new Plan takes the place of an old one: sessions that stay, and what has to be said on them.

import BGP
import Bytes
import Failover
import Model

extension Speaker {
  /// By route server of the new Plan: which session of this one goes on in it. One ends when
  /// anything that its OPEN said is another, or when it would leave from another address.
  func sessionsKept(_ succession: Succession, _ old: Plan, _ new: Plan) -> [Int?] {
    succession.peers.map { before in
      guard let before, Speaker.keeps(sessions[before].settings, old, new) else { return nil }
      return before
    }
  }

  /// Whether a session whose OPEN said this goes on.
  static func keeps(_ settings: SessionSettings, _ old: Plan, _ new: Plan) -> Bool {
    let wanted = Speaker.settings(of: new, Speaker.families(of: new))
    var former = settings
    // To have offered more than is needed now does no harm.
    guard wanted.families.isSubset(of: former.families) else { return false }
    former.families = wanted.families
    return former == wanted && old.local.address == new.local.address
      && old.routeServers.ttlSecurity == new.routeServers.ttlSecurity
  }

  /// What the OPEN to each route server says.
  static func settings(of plan: Plan, _ families: Families) -> SessionSettings {
    SessionSettings(
      localASN: plan.local.asn, localIdentifier: plan.local.identifier,
      peerASN: plan.routeServers.asn, holdTime: plan.routeServers.holdTime,
      families: families.union(.ipv4Unicast))
  }

  /// The families that there is something to tell of.
  static func families(of plan: Plan) -> Families {
    let contents = plan.vips.map { VolleyContent($0.isAnnounced ? $0.prefixes : [], $0.attributes) }
    let exporting = plan.redistributions.map { Exporting($0, of: plan) }
    return contents.reduce(into: exporting.reduce(into: []) { $0.formUnion($1.families) }) {
      $0.formUnion($1.families)
    }
  }

  /// Ends the sessions that do not go on.
  mutating func retire(
    besides kept: [Int?], _ succession: Succession, at now: Instant, into outputs: inout Outputs
  ) {
    for index in sessions.indices where !kept.contains(index) {
      let reason: CeaseReason =
        succession.peers.contains(index) ? .otherConfigurationChange : .peerDeconfigured
      let before = sessions[index].state
      sessions[index].stop(reason, at: now, into: &scratch)
      carryOut(PeerSlot(index), before: before, at: now, into: &outputs)
    }
  }

  /// Goes on where another stood; `kept` are its sessions that go on.
  mutating func succeed(
    _ old: inout Speaker, _ succession: Succession, _ kept: [Int?], at now: Instant
  ) {
    for (peer, before) in kept.enumerated() {
      guard let before else { continue }
      Keeper.carry(from: old.sessions[before], to: &sessions[peer]) { $0.keep(in: &$1) }
      noteTarget(PeerSlot(peer), at: now)
      targets[peer].told = old.targets[before].told
      targets[peer].unproved = old.targets[before].unproved
      paces[peer] = old.paces[before]
      retold[peer] = old.retold[before]
    }
    unheardSince = isHeard ? nil : old.unheardSince
    lateArmings = old.lateArmings
    for (vip, before) in succession.vips.enumerated() {
      let slot = VIPSlot(vip)
      note(unarmed: slot)
      guard let before, let stood = old.standing[before] else { continue }
      standing[vip] = stood.renamed(for: slot, by: succession)
    }
  }

  /// Begins the sessions that are new, and says on the others what this Plan says in another way
  /// than `old`: one UPDATE that replaces what stands. What is no VIP's any more goes behind all of
  /// that.
  mutating func beginSuccession(
    _ old: inout Speaker, _ plans: Plans, _ succession: Succession, _ kept: [Int?],
    isStarted: Bool, at now: Instant, into outputs: inout Outputs
  ) {
    guard isStarted else { return }
    for peer in sessions.indices where kept[peer] == nil {
      let before = sessions[peer].state
      sessions[peer].start(at: now, into: &scratch)
      carryOut(PeerSlot(peer), before: before, at: now, into: &outputs)
    }
    for (vip, before) in succession.vips.enumerated() {
      guard let before, let stands = standing[vip], !stands.isWithdrawn,
        let stood = old.standing[before]
      else { continue }
      let announcement = announcement(VIPSlot(vip), stands)
      guard
        announcement != old.announcement(VIPSlot(before), stood)
          || plans.haveMore(at: vip, thanAt: before)
      else { continue }
      for peer in targets.indices where targets[peer].isEstablished {
        fire(VIPSlot(vip), announcement, PeerSlot(peer), .all, shift: 0, at: now, into: &outputs)
      }
    }
    let told = plans.old.vips.indices.filter { old.standing[$0]?.isWithdrawn == false }
    let gone = Set(told.flatMap { plans.old.vips[$0].prefixesTold })
      .subtracting(plans.new.vips.flatMap(\.prefixesTold)).sorted()
    guard !gone.isEmpty else { return }
    for peer in targets.indices where targets[peer].isEstablished {
      withdraw(gone, from: PeerSlot(peer), at: now, into: &outputs)
    }
  }

  /// The one that was followed and the one that is.
  struct Plans {
    let old: Plan
    let new: Plan

    /// Whether a VIP's UPDATEs have other attributes than before, or a prefix that they had not.
    func haveMore(at place: Int, thanAt former: Int) -> Bool {
      let (before, now) = (old.vips[former], new.vips[place])
      return before.attributes != now.attributes
        || !Set(now.prefixesTold).isSubset(of: before.prefixesTold)
    }
  }

  private mutating func withdraw(
    _ prefixes: [Prefix], from peer: PeerSlot, at now: Instant, into outputs: inout Outputs
  ) {
    guard let negotiated = spoken[peer.index] else { return }
    let connection = ConnectionSlot(peer, targets[peer.index].side)
    let encoder = UpdateEncoder(localASN: localASN, negotiated, routeLimit: exportLimit)
    for family in [Families.ipv4Unicast, .ipv6Unicast]
    where negotiated.families.contains(family) {
      let gone = EncodedPrefixes(prefixes, family)
      if gone.count == 0 { continue }
      var writer = Writer(capacity: encoder.size(of: gone, rung: .standby))
      encoder.writeWithdrawal(of: gone, into: &writer)
      outputs.send(writer.bytes.indices, of: writer.bytes, to: connection)
    }
    noteTold(peer, at: now)
  }
}

extension Plan.VIP {
  /// What route servers are told of.
  fileprivate var prefixesTold: [Prefix] { isAnnounced ? prefixes : [] }
}
