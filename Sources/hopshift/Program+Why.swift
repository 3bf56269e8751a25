// The verb `why`: the last shift from the daemon's history, and what holds the next one back.

import Console
import Control
import Linux
import Model

extension Program {
  mutating func why(
    _ command: WhyCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    // A VIP that is not there is told by whoever knows them all.
    var present: [Record] = []
    if let vip = command.vip { present = try ask(.explain, [vip], false, socket) }
    let page = WhyPage(history: try ask(.history, [], false, socket), vip: command.vip)
    if command.vip == nil, let vip = page.subject {
      present = try ask(.explain, [vip], false, socket)
    }
    let zone = Clock.zone(at: Instant(nanoseconds: page.wall ?? 0))
    if command.json {
      output.write(page.line(explain: present, zone: zone))
    } else {
      output.write(page.render(explain: present, zone: zone, style))
    }
    return .ok
  }
}

extension Program {
  /// A page about the shift in these records.
  mutating func writePage(
    _ records: [Record], to path: String, _ socket: String
  ) throws(Trouble) {
    guard let entry = ShiftRecords.all(records).first else {
      throw .garbled("an answer without the shift that was asked for")
    }
    var present = try ask(.status, [], false, socket)
    if let vip = entry.shift.string("vip") { present += try explained(vip, socket) }
    let now = Clock.wall()
    let page = ShiftDocument(
      entry, present: present, now: now.nanoseconds,
      zone: Clock.zone(at: Instant(nanoseconds: entry.wall ?? now.nanoseconds)))
    let name = Printable.clean(path)
    do throws(Errno) {
      let file = try OutputFile(path: path)
      try file.write(Array(page.text.utf8).span)
      try file.sync()
    } catch {
      throw .local("cannot write \(name): \(error)")
    }
    output.complain("\(name): written")
  }

  /// What the daemon says of the VIP now.
  private mutating func explained(
    _ vip: String, _ socket: String
  ) throws(Trouble) -> [Record] {
    do throws(Trouble) {
      return try ask(.explain, [vip], false, socket)
    } catch {
      // The configuration may name it no more; its shift is told all the same.
      guard case .refused = error else { throw error }
      return []
    }
  }
}
