// The stages of a shift as fields of an entry in the journal.

import Chronicle
import Model

/// What is known of stages when a line is written: those of this turn, and those of turns before.
struct StageFields {
  private let timeline: Timeline
  private let history: History

  init(_ timeline: Timeline, _ history: History) {
    self.timeline = timeline
    self.history = history
  }

  /// For a shift that is told now, the stages of this turn; for one that is confirmed, all.
  func of(_ entry: NoteEntry, _ stamp: Stamp, _ plan: Plan) -> [JournalField] {
    guard let number = entry.shift else { return [] }
    if let shift = history[number], entry.message != .shift { return of(shift, plan) }
    guard entry.message == .shift else { return [] }
    let reached = timeline.stages.filter { $0.shift == number }.map {
      StageFields.field(
        $0.stage.rawValue, plan.routeServers.peers[$0.peer.index], $0.at - stamp.seen)
    }
    return [StageFields.field("decided", nil, stamp.decided - stamp.seen)] + reached
  }

  func of(_ shift: Shift, _ plan: Plan) -> [JournalField] {
    var fields = [StageFields.field("decided", nil, shift.decided - shift.seen)]
    for (place, server) in plan.routeServers.peers.enumerated() {
      let delivery = history.delivery(of: shift.number, at: PeerSlot(place))
      if let written = delivery.written {
        fields.append(StageFields.field("written", server, written - shift.seen))
      }
      if let acknowledged = delivery.acknowledged {
        fields.append(StageFields.field("acknowledged", server, acknowledged - shift.seen))
      }
    }
    for (stage, at) in [
      ("confirmed", shift.confirmed), ("udr_accepted", shift.accepted),
      ("udr_done", shift.settled),
    ] {
      if let at { fields.append(StageFields.field(stage, nil, at - shift.seen)) }
    }
    return fields
  }

  /// `STAGE_WRITTEN_US_10_10_1_4=31`: names of fields have capitals, digits and underscores.
  private static func field(
    _ stage: String, _ server: IPv4Address?, _ length: Nanoseconds
  ) -> JournalField {
    let who = server.map { "_" + $0.description.split(separator: ".").joined(separator: "_") }
    return JournalField("STAGE_\(stage.uppercased())_US\(who ?? "")", "\(length.microseconds)")
  }
}
