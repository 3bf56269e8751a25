// What the journal is told of a note beside its sentence: which kind of message, and about whom.

import BGP
package import Engine
import Failover
package import Model
import Probes

/// A field of an entry: a name of capital letters, digits and underscores, and any text.
package struct JournalField: Equatable, Sendable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

package struct NoteEntry: Equatable, Sendable {
  package let message: JournalMessage
  /// The VIP, host and peer (route server or speaker) that the note names, and the shift.
  package private(set) var vip: String?
  package private(set) var host: String?
  package private(set) var peer: String?
  package private(set) var shift: UInt32?

  private init(
    _ message: JournalMessage, vip: String? = nil, host: String? = nil, peer: String? = nil,
    shift: UInt32? = nil
  ) {
    self.message = message
    self.vip = vip
    self.host = host
    self.peer = peer
    // Numbers of shifts begin at 1.
    self.shift = shift == 0 ? nil : shift
  }

  package var fields: [JournalField] {
    var fields = [JournalField("MESSAGE_ID", message.rawValue)]
    if let vip { fields.append(JournalField("VIP", vip)) }
    if let host { fields.append(JournalField("HOST", host)) }
    if let peer { fields.append(JournalField("PEER", peer)) }
    if let shift { fields.append(JournalField("SHIFT", "\(shift)")) }
    return fields
  }

  /// Nil for what is told to nobody but monitors.
  package static func of(_ note: Note, _ plan: Plan) -> NoteEntry? {
    switch note {
    case .link, .linkGone, .address, .addressGone, .heard, .listed, .complete: return nil
    case .session(let slot, let state, _):
      return NoteEntry(
        state == .established ? .sessionEstablished : .sessionLost, peer: peer(slot, plan))
    case .standing(let slot, _, let to, let shift, _):
      return NoteEntry(
        shift == 0 ? .rung : .shift, vip: vip(slot, plan), host: VIPWords.host(slot, to, plan),
        shift: shift)
    case .recovered(let slot): return NoteEntry(.recovered, vip: vip(slot, plan))
    case .health(let slot, _): return NoteEntry(.hostHealth, host: host(slot, plan))
    case .ownNetwork: return NoteEntry(.ownNetwork)
    case .fellow(let slot, _):
      return NoteEntry(.speaker, peer: VIPWords.speaker(slot, plan))
    case .probe(let probe):
      let target = plan.targets[ProbeWords.slot(of: probe).index]
      return NoteEntry(.evidence, host: host(target.host, plan))
    case .outOfService(let slot, _): return NoteEntry(.outOfService, vip: vip(slot, plan))
    case .placement(let slot, _): return NoteEntry(.placement, vip: vip(slot, plan))
    case .wish(let slot, _, _): return NoteEntry(.routesWanted, vip: vip(slot, plan))
    case .forgotten: return NoteEntry(.stateForgotten)
    case .paused: return NoteEntry(.paused)
    case .stale: return NoteEntry(.kernelStale)
    case .current: return NoteEntry(.kernelCurrent)
    case .draining: return NoteEntry(.draining)
    case .confirmed(let slot, let shift):
      return NoteEntry(.confirmed, vip: vip(slot, plan), shift: shift)
    case .alarm(let alarm): return of(alarm, plan)
    }
  }

  private static func of(_ alarm: Alarm, _ plan: Plan) -> NoteEntry {
    switch alarm {
    case .lastRung(let slot), .outOfRungs(let slot):
      NoteEntry(.rungsEnd, vip: vip(slot, plan))
    case .allDown(let slot): NoteEntry(.vacant, vip: vip(slot, plan))
    case .unconfirmed(let slot, let shift):
      NoteEntry(.unconfirmed, vip: vip(slot, plan), shift: shift)
    case .notSpoken(let slot, _): NoteEntry(.alarm, peer: peer(slot, plan))
    case .dumpRefused, .dumpsFailing, .staleForLong, .notOpened, .portNotOpened,
      .probesNotOpened, .routesLeftOut, .tableRoutesLeftOut, .routesNotKept:
      NoteEntry(.alarm)
    }
  }

  private static func vip(_ slot: VIPSlot, _ plan: Plan) -> String { plan.vips[slot.index].name }
  private static func host(_ slot: HostSlot, _ plan: Plan) -> String {
    plan.hosts[slot.index].name
  }
  private static func peer(_ slot: PeerSlot, _ plan: Plan) -> String {
    plan.routeServers.peers[slot.index].description
  }
}
