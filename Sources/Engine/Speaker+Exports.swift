// What the speaker says of the kernel's routes: UPDATEs that are made when they leave.

import BGP
import Bytes
import Model
import Redistribution

/// How the routes of one rule are announced.
struct Exporting {
  let nextHops: NextHopAddresses
  let rung: Rung
  let attributes: RouteAttributes
  /// The families that its filters let through.
  let families: Families

  init(_ rule: Plan.Redistribution, of plan: Plan) {
    nextHops = plan.nextHops(of: rule)
    rung = rule.rung
    attributes = rule.attributes
    var families: Families = rule.allow.isEmpty ? .all : []
    for filter in rule.allow {
      families.insert(filter.block.address.width == 32 ? .ipv4Unicast : .ipv6Unicast)
    }
    if nextHops.ipv6 == nil { families.remove(.ipv6Unicast) }
    if !rule.isAnnounced { families = [] }
    self.families = families
  }
}

extension Speaker {
  /// Octets of prefixes that leave at once. We chose it: two UPDATEs of the ordinary size. A shift
  /// of a VIP comes before the next of them, whatever is owed.
  static let exportOctets = 8_192

  /// Whether a route server can be told more: what TCP has not taken comes first.
  func takesExports(_ peer: PeerSlot) -> Bool {
    targets[peer.index].isEstablished && !paces[peer.index].isHeld
  }

  /// Tells a route server what changed: first what goes, so that there is room for what comes.
  mutating func tell(
    _ piece: ExportPiece, to peer: PeerSlot, at now: Instant, into outputs: inout Outputs
  ) {
    guard let negotiated = spoken[peer.index] else { return }
    let connection = ConnectionSlot(peer, targets[peer.index].side)
    let encoder = UpdateEncoder(
      localASN: localASN, negotiated, routeLimit: exportLimit)
    for family in [Families.ipv4Unicast, .ipv6Unicast] {
      let gone = EncodedPrefixes(piece.withdrawn, family)
      if gone.count > 0 {
        // A withdrawal is never longer than what announced the same.
        var writer = Writer(capacity: encoder.size(of: gone, rung: .standby))
        encoder.writeWithdrawal(of: gone, into: &writer)
        outputs.send(writer.bytes.indices, of: writer.bytes, to: connection)
      }
    }
    for (rule, prefixes) in piece.announced {
      let how = exporting[rule.index]
      let attributes = isDraining ? how.attributes.shuttingDown : how.attributes
      let announcement = Announcement(
        nextHops: how.nextHops, rung: how.rung, isShuttingDown: isDraining)
      for family in [Families.ipv4Unicast, .ipv6Unicast] {
        let encoded = EncodedPrefixes(prefixes, family)
        if encoded.count == 0 { continue }
        var writer = Writer(capacity: encoder.size(of: encoded, rung: how.rung, attributes))
        encoder.write(encoded, announcement, attributes, into: &writer)
        outputs.send(writer.bytes.indices, of: writer.bytes, to: connection)
      }
    }
    noteTold(peer, at: now)
  }
}
