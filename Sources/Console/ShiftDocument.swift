// A shift as a page of HTML that needs nothing but itself: for whoever writes the post-mortem.

package import Control

/// No script, no font, no other file. Whatever came from elsewhere is escaped.
package struct ShiftDocument: Sendable {
  private let entry: ShiftRecords
  private let present: [Record]
  private let now: Int64
  private let zone: Int64

  /// `present`: what the daemon answered to `status` and `explain` when the page was made.
  package init(_ entry: ShiftRecords, present: [Record], now: Int64, zone: Int64) {
    self.entry = entry
    self.present = present
    self.now = now
    self.zone = zone
  }

  package var text: String {
    let title = "Shift \(entry.shift.text("shift")): \(entry.shift.text("what"))"
    let sentences = ShiftSentences(entry, others: 0, waits: nil, zone: zone)
    var body = "<h1>\(HTML.escaped(title))</h1>\n"
    for sentence in sentences.all { body += "<p>\(HTML.escaped(sentence))</p>\n" }
    body += "<h2>How long each stage took</h2>\n"
    body += StageDrawing(StageSpan.all(entry)).text
    body += "<p class=\"note\">Each doubling of time takes the same room. A bar begins where the "
    body += "stage before it ended, at the same route server.</p>\n"
    body += "<h2>The stages</h2>\n" + stages
    if !evidence.isEmpty { body += "<h2>The evidence</h2>\n" + evidence }
    body += "<h2>The names</h2>\n" + names
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.escaped(title))</title>
      <style>
      \(HTML.style)
      </style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  private var stages: String {
    HTML.table(
      ["Time", "Stage", "Route server", "After"],
      entry.stagesInTime.map { stage in
        [
          entry.wall(of: stage).map { WallTime.time($0, zone: zone) } ?? Record.nothing,
          stage.text("stage"), stage.text("route-server"), stage.shortTime("after-us"),
        ]
      })
  }

  /// What led to the shift, and what every piece of evidence for the VIP says now.
  private var evidence: String {
    let rows = present.filter { $0.type == "evidence" }.map { one in
      [
        one.text("host"), one.text("health"), one.text("evidence"), one.text("state"),
        one.age("since-ms"),
      ]
    }
    guard !rows.isEmpty else { return "" }
    let date = WallTime.date(now, zone: zone)
    return "<p class=\"note\">As the daemon saw it when this page was made, \(HTML.escaped(date)); "
      + "the shift itself was decided on what its first sentence says.</p>\n"
      + HTML.table(["Host", "Health", "Evidence", "Says", "Since"], rows)
  }

  private var names: String {
    let shift = entry.shift
    let vip = present.first { $0.type == "vip" && $0.string("name") == shift.string("vip") }
    let daemon = present.first { $0.type == "daemon" }
    let servers = present.filter { $0.type == "route-server" }.map { $0.text("address") }
    var rows = [
      ["Virtual IP", shift.text("vip")],
      ["Prefixes", vip.map(ShiftDocument.prefixes) ?? Record.nothing],
      ["From", ShiftDocument.standing(shift, "from", "from-host")],
      ["To", ShiftDocument.standing(shift, "to", "host")],
      ["Next hop", shift.text("next-hop")],
      ["Route servers", servers.isEmpty ? Record.nothing : Enumeration.text(servers)],
      ["Start of the daemon", shift.text("run")],
    ]
    if let daemon {
      rows.append(["Configuration", daemon.text("config")])
      rows.append(["hopshiftd", daemon.text("version")])
    }
    rows.append(["Times", "local, \(ShiftDocument.distance(zone)) from UTC"])
    rows.append(["Made by", "hopshift \(Release.version), \(WallTime.date(now, zone: zone))"])
    return HTML.table([], rows)
  }

  /// `+01:00`.
  private static func distance(_ zone: Int64) -> String {
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let minutes = abs(zone) / 60
    return "\(zone < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  private static func prefixes(_ vip: Record) -> String {
    let first = vip.text("first-prefix")
    guard let count = vip.integer("prefixes"), count > 1 else { return first }
    return "\(first) and \(count - 1) more"
  }

  private static func standing(_ shift: Record, _ rung: String, _ host: String) -> String {
    guard shift.string(rung) != nil else { return "nothing" }
    return shift.string(host) == nil
      ? shift.text(rung) : "\(shift.text(host)), as \(shift.text(rung))"
  }
}
